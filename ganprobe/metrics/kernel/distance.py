"""The kernel distance: unbiased MMD^2 with KID's cubic polynomial kernel, whole or over subsets, and its projections.

>>> import numpy as np
>>> a = np.random.default_rng(0).normal(size=(200, 4))
>>> abs(squared_mmd(a[:100], a[100:])) < 0.1 < squared_mmd(a[:100], a[100:] + 1)
True

Binkowski et al. 2018, "Demystifying MMD GANs", section 4 (KID); Gretton et al. 2012, "A kernel two-sample test",
lemma 6 (the unbiased statistic). Sums run in float64 over tiles of bounded memory; of the products of a side with
itself only half is taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics import arrays
from ganprobe.metrics.arrays import FloatArray, Values, to_array
from ganprobe.metrics.given import same_width, tensor64, whole

_POWER = 6
"""The kernel's, of the features."""

_BLOCK = 256
"""Rows of a tile of one side with itself: small, so that little on the wrong side of the diagonal is computed."""


def kernel_distance(a: Values, b: Values, subsets: int = 100, subset_size: int = 1000, seed: int = 0) -> float:
    """KID's protocol: the mean of the unbiased MMD^2 over `subsets` pairs of subsets of `subset_size` rows each.

    a (N, d), b (M, d) features. Subsets are drawn without replacement within a subset, independently between subsets,
    from `seed` alone; a subset is smaller where a side has fewer rows. The expectation is `squared_mmd`'s.
    MetricError on shapes that do not fit, fewer than 2 rows, values not finite.
    """
    return float(subset_distances(a, b, subsets=subsets, subset_size=subset_size, seed=seed).mean())


def subset_distances(a: Values, b: Values, *, subsets: int, subset_size: int, seed: int) -> FloatArray:
    """(subsets,) the unbiased MMD^2 of each pair of subsets that `kernel_distance` averages."""
    rows, others = _checked(a, b)
    whole(subsets, "subsets", 1)
    size = min(whole(subset_size, "subset_size", 2), len(rows), len(others))
    values = np.empty(subsets)
    for number in range(subsets):
        rng = stream(seed, "kernel distance subset", number)
        ours, theirs = _chosen(rows, size, rng), _chosen(others, size, rng)
        values[number] = _read(_Rows.of(ours), _Rows.of(theirs)).value
    return values


def squared_mmd(a: Values, b: Values) -> float:
    """The unbiased MMD^2 of all rows of a (N, d) and b (M, d), a U-statistic; it can be negative.

    Kernel (x'y / d + 1)^3. MetricError on shapes that do not fit, fewer than 2 rows, values not finite.
    """
    return _read(*_sides(a, b)).value


@dataclass(frozen=True, slots=True)
class Projections:
    """value: unbiased MMD^2. of_a (N,), of_b (M,): Hajek projections, each row's share of the value up to a constant;
    var(of_a) / N + var(of_b) / M estimates the variance of the value."""

    value: float
    of_a: FloatArray
    of_b: FloatArray


def projections(a: Values, b: Values) -> Projections:
    """The unbiased MMD^2 of a (N, d) and b (M, d) with its Hajek projections (docs/metrics/kd.md)."""
    return _read(*_sides(a, b))


@dataclass(frozen=True, slots=True)
class _Rows:
    """rows (N, d) float64; own (N,): k(x, x)."""

    rows: Tensor
    own: Tensor

    @staticmethod
    def of(rows: Tensor) -> _Rows:
        return _Rows(rows, own_kernel(rows))

    def __len__(self) -> int:
        return len(self.rows)

    def parts(self, side: int) -> Iterator[tuple[slice, Tensor]]:
        for start in range(0, len(self), side):
            place = slice(start, min(start + side, len(self)))
            yield place, self.rows[place]


def own_kernel(rows: Tensor) -> Tensor:
    """(N,) float64 k(x, x)."""
    wide = rows.double()
    return ((wide * wide).sum(1) / rows.shape[1] + 1) ** 3


def projections_of_sums(within_a: Tensor, within_b: Tensor, across_a: Tensor, across_b: Tensor) -> Projections:
    """From each row's sums of the kernel, (N,) and (M,), over the others of its side and over the other side."""
    n, m = len(within_a), len(within_b)
    value = within_a.sum() / (n * (n - 1)) + within_b.sum() / (m * (m - 1)) - 2 * across_a.sum() / (n * m)
    of_a = 2 * (within_a / (n - 1) - across_a / m)
    of_b = 2 * (within_b / (m - 1) - across_b / n)
    return Projections(float(value), to_array(of_a), to_array(of_b))


def _read(a: _Rows, b: _Rows) -> Projections:
    return projections_of_sums(_sums_within(a) - a.own, _sums_within(b) - b.own, *_sums_across(a, b))


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return (a @ b.T).div_(a.shape[1]).add_(1).pow_(3)


def _sums_within(a: _Rows) -> Tensor:
    """(N,) sum over all rows of k(a_i, a_j), j = i among them. k is symmetric: a tile off the diagonal serves twice."""
    sums = torch.zeros_like(a.own)
    side = min(_BLOCK, _tile_side())
    for columns, others in a.parts(side):
        for place, rows in a.parts(side):
            if place.start > columns.start:
                break
            values = _kernel(rows, others)
            sums[place] += values.sum(1)
            if place != columns:
                sums[columns] += values.sum(0)
    return sums


def _sums_across(a: _Rows, b: _Rows) -> tuple[Tensor, Tensor]:
    """(sum over b of k(a_i, b), sum over a of k(a, b_j))."""
    sums_a, sums_b = torch.zeros_like(a.own), torch.zeros_like(b.own)
    side = _tile_side()
    for columns, others in b.parts(side):
        for place, rows in a.parts(side):
            values = _kernel(rows, others)
            sums_a[place] += values.sum(1)
            sums_b[columns] += values.sum(0)
    return sums_a, sums_b


def _tile_side() -> int:
    """A tile of float64 and its temporaries fit TILE_BYTES."""
    return max(1, math.isqrt(arrays.TILE_BYTES // 4 // 8))


def _chosen(rows: Tensor, size: int, rng: np.random.Generator) -> Tensor:
    return rows[torch.from_numpy(rng.choice(len(rows), size, replace=False)).to(rows.device)]


def _sides(a: Values, b: Values) -> tuple[_Rows, _Rows]:
    rows, others = _checked(a, b)
    return _Rows.of(rows), _Rows.of(others)


def _checked(a: Values, b: Values) -> tuple[Tensor, Tensor]:
    rows, others = tensor64(a, "a", power=_POWER), tensor64(b, "b", power=_POWER)
    same_width(rows, others)
    if min(len(rows), len(others)) < 2:
        raise MetricError(
            f"MMD needs at least 2 rows on both sides; there are {len(rows)} and {len(others)}: give more"
        )
    return rows, others.to(rows.device)
