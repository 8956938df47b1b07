"""Networks and nothing else: generators, their discriminators, their layers, and the registry of architectures.

>>> from ganprobe.generators import ARCHITECTURES
>>> ARCHITECTURES["biggan"].generator.__name__
'BigGANGenerator'
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
