"""A file on disk to a network: the native format, foreign layouts, and the detection of which is which."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
