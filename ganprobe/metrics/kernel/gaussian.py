"""CMMD's distance: the biased MMD^2 of a Gaussian kernel, times 1000, and `cmmd` as a metric with its interval.

>>> import numpy as np
>>> a = np.random.default_rng(0).normal(size=(50, 4))
>>> gaussian_mmd(a, a), gaussian_mmd(a, a + 1) > 0.5
(0.0, True)

Jayasumana et al. 2024, "Rethinking FID", equations 3 and 5; Gretton et al. 2012, equation 5 (the biased statistic).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from ganprobe.core.errors import MetricError
from ganprobe.core.results import Estimate
from ganprobe.metrics.arrays import Values, to_array
from ganprobe.metrics.base import KeeperMetric, given
from ganprobe.metrics.given import same_width, tensor64
from ganprobe.metrics.intervals import Square, skewed_estimate
from ganprobe.metrics.kernel.alike import alike_square
from ganprobe.metrics.kernel.distance import Projections
from ganprobe.metrics.kernel.protocol import CMMD_SCALE, CMMD_SIGMA
from ganprobe.metrics.states.features_summary import FeatureSummary, SummaryKeeper, usable

LEAST = 2
_TILE = 1024


def gaussian_mmd(a: Values, b: Values, *, sigma: float = CMMD_SIGMA, scale: float = CMMD_SCALE) -> float:
    """`scale` times the biased MMD^2 of a (N, d) and b (M, d) for the kernel exp(-|x - y|^2 / (2 sigma^2)): never
    negative, 0 for a set with itself. MetricError on shapes that do not fit, fewer than 2 rows, values not finite, and
    a sigma that is not positive."""
    return gaussian_projections(a, b, sigma=sigma, scale=scale).value


def gaussian_projections(a: Values, b: Values, *, sigma: float = CMMD_SIGMA, scale: float = CMMD_SCALE) -> Projections:
    """`gaussian_mmd` with its Hajek projections (docs/metrics/cmmd.md)."""
    rows, others = tensor64(a, "a"), tensor64(b, "b")
    same_width(rows, others)
    if not 0 < sigma < math.inf:
        raise MetricError(f"sigma must be a positive number, got {sigma}")
    n, m = len(rows), len(others)
    if min(n, m) < LEAST:
        raise MetricError(f"MMD needs at least {LEAST} rows on both sides; there are {n} and {m}: give more")
    others = others.to(rows.device)
    within_a, within_b = _sums(rows, rows, sigma) / n, _sums(others, others, sigma) / m
    across_a, across_b = _sums(rows, others, sigma) / m, _sums(others, rows, sigma) / n
    # 1 - k is summed in place of k, whose values are all nearly 1: the ones cancel.
    value = scale * (across_a.mean() + across_b.mean() - within_a.mean() - within_b.mean())
    of_a, of_b = 2 * scale * (across_a - within_a), 2 * scale * (across_b - within_b)
    return Projections(max(float(value), 0.0), to_array(of_a), to_array(of_b))


def _sums(a: Tensor, b: Tensor, sigma: float) -> Tensor:
    """(N,) sum over b of 1 - k(a_i, b_j)."""
    sums = torch.zeros(len(a), dtype=a.dtype, device=a.device)
    for start in range(0, len(a), _TILE):
        rows = a[start : start + _TILE]
        for others in torch.split(b, _TILE):
            squared = torch.cdist(rows, others, compute_mode="use_mm_for_euclid_dist").square_()
            sums[start : start + _TILE] -= torch.expm1(squared.mul_(-1 / (2 * sigma**2))).sum(1)
    return sums


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class GaussianDistance(KeeperMetric[FeatureSummary]):
    """`gaussian_mmd` of all rows of `column` from the reference's; n is the number of generated rows."""

    column: str
    name: str = "cmmd"

    @property
    def keeper(self) -> SummaryKeeper:
        return SummaryKeeper(column=self.column, capacity=None)

    def compute(self, state: FeatureSummary, reference: FeatureSummary | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate}; MetricError without a reference, on fewer than 2 rows, on values not finite."""
        reference = given(reference, self.name)
        usable(state, LEAST, self.name, self.column, "generated")
        usable(reference, LEAST, self.name, self.column, "reference")
        if reference.rows.stored < LEAST:
            raise MetricError(f"{self.name} needs rows and the reference has moments alone; give one that keeps rows")
        ours, theirs = state.rows.whole()[1], reference.rows.whole()[1]
        read = gaussian_projections(ours, theirs)
        n, m = len(ours), len(theirs)
        square = alike_square(ours, theirs.to(ours.device), n, m, kernel=_kernel)
        # The biased statistic is a squared distance as it is.
        square = Square(second=CMMD_SCALE**2 * square.second)
        terms, others = read.of_a / (n * (n - 1)) ** 0.5, read.of_b / (m * (m - 1)) ** 0.5
        return {self.name: skewed_estimate(read.value, n, terms, others, square=square)}


def _kernel(a: Tensor, b: Tensor) -> Tensor:
    return torch.exp(torch.cdist(a, b).square_().mul_(-1 / (2 * CMMD_SIGMA**2)))
