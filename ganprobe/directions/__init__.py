"""Latents and scores to directions, and edits along them: InterFaceGAN, SeFa, GANSpace, StyleSpace and steering
(docs/directions.md).

>>> from ganprobe.directions import METHODS
>>> sorted(METHODS)
['ganspace', 'interfacegan', 'sefa', 'steer', 'stylespace']
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
