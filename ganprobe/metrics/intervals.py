"""95% intervals from what each row adds to a number, for numbers that few or skewed rows make skewed.

>>> from ganprobe.core.streams import stream
>>> rows = stream(0, "interval example").exponential(size=100)
>>> estimate = skewed_estimate(rows.mean(), 100, (rows - rows.mean()) / np.sqrt(100 * 99))
>>> low, high = estimate.ci95
>>> bool(high - rows.mean() > rows.mean() - low > 0)
True

A normal interval is too low where the rows are skewed: a sample with few of the large rows has a low value and a low
variance at once. Two corrections, both of second order: Hall's transformation of the studentised value (Hall 1992, "On
the removal of skewness by transformation", section 2), and, for squared distances, whose deviation grows with their
root, intervals on the scale of the root (docs/metrics/fd.md has the derivation, docs/precision.md how often they hold).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtrit

from ganprobe.core.results import Z95, Estimate
from ganprobe.metrics.arrays import FloatArray

_SLIGHT = 1e-9
_SAME = 1e-6
_LEAST_ALIKE = 0.4
SAME_SAMPLES = "no interval: both sides are the same samples; give two that were drawn apart"


@dataclass(frozen=True, slots=True, kw_only=True)
class Square:
    """Of a number that is a squared distance less `offset`: intervals are taken on the scale of its root. second: the
    variance that sampling alone causes where both sides have one distribution. The terms of rows hold it twice on
    average, and by chance less, for which the variance is never taken below 0.4 of it."""

    second: float = 0.0
    offset: float = 0.0


def skewed_estimate(
    value: float,
    n: int,
    terms: FloatArray,
    reference_terms: FloatArray | None = None,
    *,
    more: float = 0.0,
    square: Square | None = None,
    kept: tuple[float, float] = (1.0, 1.0),
) -> Estimate:
    """An estimate from each side's terms c, such that sum((c - mean(c))^2) is the variance that the side causes.

    more: variance of the generated side that is no row's. kept: the share of each side's rows that the terms are of.
    The interval holds both the normal one and that which skewness corrects, for a skewness is itself poorly known.
    """
    sides = [_Terms.of(each, share) for each, share in zip((terms, reference_terms), kept, strict=True)]
    total = sum(side.variance for side in sides) + more
    if square is not None and total <= _SAME * square.second:
        return Estimate(value, None, n, notes=(SAME_SAMPLES,))
    if total <= 0:
        return Estimate(value, (value, value), n, 0.0, reference_terms)
    alike = 0.0 if square is None else square.second / total
    factor = max(1 - alike, _LEAST_ALIKE * alike)
    factor *= _widened(sum(side.lack for side in sides) / total**2)
    skew = sum(side.third for side in sides) / total**1.5
    deviation = math.sqrt(factor * total)
    below, above = max(Z95, _quantile(Z95, skew)), max(Z95, -_quantile(-Z95, skew))
    ends = _ends(value, deviation, below, above, square)
    shared = None if reference_terms is None else np.asarray(reference_terms * math.sqrt(factor), dtype=np.float64)
    return Estimate(value, ends, n, factor * (sides[0].variance + more), shared)


@dataclass(frozen=True, slots=True)
class _Terms:
    """Sums over the centred terms of one side: squares; cubes, as those of all rows; and lack: by how much the variance
    of the variance exceeds that with all rows."""

    variance: float = 0.0
    third: float = 0.0
    lack: float = 0.0

    @staticmethod
    def of(terms: FloatArray | None, share: float) -> _Terms:
        if terms is None or not len(terms):
            return _Terms()
        about = terms - terms.mean()
        squares = about**2
        variance, fourth = float(squares.sum()), float((squares**2).sum())
        third = float((squares * about).sum()) * math.sqrt(share)
        lack = max(fourth - variance**2 / len(terms), 0.0) * (1 - share)
        return _Terms(variance, third, lack)


def _widened(relative: float) -> float:
    """By how much a variance grows so that normal intervals become Student's, where it is itself known with a relative
    variance of `relative` (Satterthwaite 1946)."""
    if relative < _SLIGHT:
        return 1.0
    wide = float(stdtrit(max(2 / relative, 1.0), 0.975))
    return (wide / Z95) ** 2


def _quantile(at: float, skew: float) -> float:
    """Of the studentised value, where it is `at` for a normal one: the inverse of Hall's g(t) = t + s t^2 / 3 +
    s^2 t^3 / 27 + s / 6 for a skewness s of the sum."""
    if abs(skew) < _SLIGHT:
        return at
    return float(3 / skew * (np.cbrt(1 + skew * (at - skew / 6)) - 1))


def _ends(value: float, deviation: float, below: float, above: float, square: Square | None) -> tuple[float, float]:
    """value - below deviations to value + above deviations, of the root where it is a square."""
    if square is None:
        return value - below * deviation, value + above * deviation
    # A root of next to nothing would have no bounds.
    squared = max(value + square.offset, deviation / 2)
    root = math.sqrt(squared)
    slope = deviation / (2 * root)
    low, high = max(root - below * slope, 0.0) ** 2, (root + above * slope) ** 2
    return value + low - squared, value + high - squared
