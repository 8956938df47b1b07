"""Images to named columns: the embedded features, Inception's and the toyfaces scores, by name.

>>> from ganprobe.features import FEATURES
>>> sorted(FEATURES)
['clip', 'dinov2', 'embedded', 'imagenet', 'inception', 'toyfaces', 'vgg16']
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
