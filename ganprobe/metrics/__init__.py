"""Columns to numbers: metrics with their states and intervals, and the pure functions under them.

>>> import numpy as np
>>> from ganprobe.metrics import METRICS, frechet_distance
>>> round(frechet_distance(np.zeros(3), np.eye(3), np.ones(3), 4 * np.eye(3)), 9)
6.0
>>> sorted(METRICS)[:3]
['authenticity', 'authenticity@embedded', 'cmmd']
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
