"""Images as data: files, archives, arrays and named data sets, all as uint8 N x 3 x H x W by number.

>>> from ganprobe.data import open_data
>>> faces = open_data("toyfaces", limit=10)
>>> faces.read(range(2)).shape
(2, 3, 64, 64)
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
