"""The sliced Wasserstein distance between two sets of vectors, with every vector's influence on it.

>>> rows = np.arange(12.0).reshape(6, 2)
>>> sliced_wasserstein(rows, rows)
0.0

The mean over random directions of the 1-Wasserstein distance between both sets' projections (Rabin et al. 2011,
"Wasserstein barycenter and its application to texture mixing"; Karras et al. 2018, section 5). Along one direction it
is the integral of |F - G| over the two distribution functions, which for equally many vectors is the mean absolute
difference of the sorted projections.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics.arrays import FloatArray, Values
from ganprobe.metrics.given import array64, whole
from ganprobe.metrics.pictures.protocol import DIRECTIONS

Rows = NDArray[np.float32]
_AT_A_TIME = 16


def sliced_wasserstein(a: Values, b: Values, *, directions: int = DIRECTIONS, seed: int = 0) -> float:
    """Of vectors a (N, d) and b (M, d) along `directions` random directions; in the vectors' unit, 0 or more.
    MetricError where shapes do not fit or values are not finite."""
    ours, theirs = array64(a, "a", 2), array64(b, "b", 2)
    if ours.shape[1] != theirs.shape[1]:
        raise MetricError(
            f"vectors of one length were expected; a has {ours.shape[1]} components, b has {theirs.shape[1]}"
        )
    # Centred and scaled in float64: what is the same on both sides must not cost float32 its digits.
    centre = (ours.sum(0) + theirs.sum(0)) / (len(ours) + len(theirs))
    ours, theirs = ours - centre, theirs - centre
    exponent = int(np.frexp(max(np.abs(ours).max(), np.abs(theirs).max()))[1])
    x, y = (np.ldexp(rows, -exponent).astype(np.float32) for rows in (ours, theirs))
    found = sliced(x, y, unit_directions(ours.shape[1], whole(directions, "directions", 1), seed=seed))
    return float(np.ldexp(found.value, exponent))


def unit_directions(width: int, count: int = DIRECTIONS, *, seed: int = 0) -> Rows:
    """(count, width) directions, uniform on the sphere, from the stream "swd directions" of `seed`."""
    drawn = stream(seed, "swd directions", width).standard_normal((count, width))
    return np.asarray(drawn / np.linalg.norm(drawn, axis=1, keepdims=True), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Side:
    """What one side does to the distance. influence: (N,) of each vector, up to a constant. shift: (d,) derivative of
    the distance when all of this side's vectors move along a coordinate; stretch: (d,) when all are scaled in it."""

    influence: FloatArray
    shift: FloatArray
    stretch: FloatArray


@dataclass(frozen=True, slots=True)
class Sliced:
    """The distance with both sides' derivatives."""

    value: float
    a: Side
    b: Side


def sliced(a: Rows, b: Rows, directions: Rows) -> Sliced:
    """Of a (N, d) and b (M, d) along `directions` (K, d). Memory: 32 numbers a vector beside the vectors."""
    value, ours, theirs = 0.0, _nothing(a), _nothing(b)
    for start in range(0, len(directions), _AT_A_TIME):
        some = directions[start : start + _AT_A_TIME]
        lines = [_along(x, y) for x, y in zip(some @ a.T, some @ b.T, strict=True)]
        value += sum(line.value for line in lines)
        _add(ours, a, some, [line.a for line in lines])
        _add(theirs, b, some, [line.b for line in lines])
    for part in (ours, theirs):
        for array in (part.influence, part.shift, part.stretch):
            array /= len(directions)
    return Sliced(value / len(directions), ours, theirs)


Line = tuple[FloatArray, Rows]


@dataclass(frozen=True, slots=True)
class _Lines:
    """Along one direction: the distance, and for each side the influence and slope of every vector."""

    value: float
    a: Line
    b: Line


def _along(x: Rows, y: Rows) -> _Lines:
    """Of projections x (N,) and y (M,). With s = sign(F - G), a vector of the first side at x has the influence
    -∫ s up to x, and the slope -s there; one of the second side has the same with the other sign."""
    both = np.concatenate([x, y])
    order = np.argsort(both)
    gaps = np.diff(both[order].astype(np.float64))
    # Counted in whole numbers, so that where both functions meet their difference is 0 and no rounding error.
    above = np.cumsum(np.where(order < len(x), len(y), -len(x)))[:-1]
    sign = np.sign(above).astype(np.float32)
    area = np.concatenate([[0.0], np.cumsum(sign * gaps)])
    slope = (np.concatenate([[0], sign]) + np.concatenate([sign, [0]])).astype(np.float32) / 2
    influence, slopes = np.empty_like(area), np.empty_like(slope)
    influence[order], slopes[order] = area, slope
    value = float(np.abs(above) @ gaps) / (len(x) * len(y))
    n = len(x)
    return _Lines(value, (-influence[:n], -slopes[:n]), (influence[n:], slopes[n:]))


def _nothing(rows: Rows) -> Side:
    return Side(np.zeros(len(rows)), np.zeros(rows.shape[1]), np.zeros(rows.shape[1]))


def _add(side: Side, rows: Rows, directions: Rows, lines: list[Line]) -> None:
    """Add what some directions say to the running sums of `side`."""
    for influence, _ in lines:
        side.influence[:] += influence
    slopes = np.stack([slope for _, slope in lines])
    side.shift[:] += slopes.mean(1) @ directions
    side.stretch[:] += (directions * (slopes @ rows)).sum(0) / len(rows)
