"""Toyfaces: cartoon faces drawn from named factors of known correlation, picture i a pure function of (seed, i).

>>> from ganprobe.data import toyfaces
>>> toyfaces.images(range(0, 2), seed=0).shape
(2, 3, 64, 64)
>>> bool(toyfaces.factors(range(0, 2), seed=0)["age"].min() >= 0)
True
"""

from ganprobe.data.toyfaces.factors import (
    CORRELATION,
    EYEGLASSES_RATE,
    FACTORS,
    NUISANCES,
    Factors,
    factor_correlation,
    factors,
    from_values,
)
from ganprobe.data.toyfaces.render import images, render

__all__ = [
    "CORRELATION",
    "EYEGLASSES_RATE",
    "FACTORS",
    "NUISANCES",
    "Factors",
    "factor_correlation",
    "factors",
    "from_values",
    "images",
    "render",
]
