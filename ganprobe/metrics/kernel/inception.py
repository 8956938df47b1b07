"""`kid`: the kernel Inception distance over the subsets that torch-fidelity draws, with its interval.

Binkowski et al. 2018, "Demystifying MMD GANs", section 4. The estimate of each pair of subsets is `squared_mmd`; which
rows they hold is the protocol's matter, and here that of torch-fidelity.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from torch import Tensor, from_numpy

from ganprobe.core.errors import MetricError
from ganprobe.core.results import Estimate
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.base import KeeperMetric, given
from ganprobe.metrics.intervals import skewed_estimate
from ganprobe.metrics.kernel.alike import alike_square
from ganprobe.metrics.kernel.subsets import KernelSubsets
from ganprobe.metrics.published_draws import torch_fidelity_subsets
from ganprobe.metrics.states.features_summary import FeatureSummary, SummaryKeeper, usable

LEAST = 2


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KernelInceptionDistance(KeeperMetric[FeatureSummary]):
    """The mean over `subsets` pairs of subsets of `subset_size` rows of `column` (fewer where a side has fewer) of the
    unbiased MMD^2. All rows are kept, for the subsets are drawn from all of them; n is the number of generated rows."""

    column: str
    name: str = "kid"
    subsets: int = 100
    subset_size: int = 1000

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
        return {self.name: self._estimate(ours, theirs)}

    def _estimate(self, ours: Tensor, theirs: Tensor) -> Estimate:
        n, m = len(ours), len(theirs)
        size = min(self.subset_size, n, m)
        values, of_ours, of_theirs = np.empty(self.subsets), _Shares.of(n), _Shares.of(m)
        ours = ours.cpu() if ours.device.type == "mps" else ours
        sides = KernelSubsets.of(ours, theirs.to(ours.device))
        for number, (a, b) in enumerate(torch_fidelity_subsets(n, m, subsets=self.subsets, size=size)):
            read = sides.projections(*(from_numpy(rows).to(ours.device) for rows in (a, b)))
            values[number] = read.value
            of_ours.add(a, read.of_a)
            of_theirs.add(b, read.of_b)
        choice = float(values.var(ddof=1)) / self.subsets if self.subsets > 1 else 0.0
        distinct = min(float(self.subsets), n * m / size**2)
        square = alike_square(ours, theirs.to(ours.device), size, size, repeats=distinct)
        terms = of_ours.terms(), of_theirs.terms()
        return skewed_estimate(float(values.mean()), n, *terms, more=choice, square=square)


@final
@dataclass(frozen=True, slots=True)
class _Shares:
    """The projections of each row, summed over the subsets that held it, and how many did."""

    total: FloatArray
    count: FloatArray

    @staticmethod
    def of(n: int) -> _Shares:
        return _Shares(np.zeros(n), np.zeros(n))

    def add(self, rows: np.ndarray[tuple[int], np.dtype[np.intp]], projected: FloatArray) -> None:
        self.total[rows] += projected - projected.mean()
        self.count[rows] += 1

    def terms(self) -> FloatArray:
        """(N,) c, such that sum((c - mean(c))^2) is the variance that this side's rows cause: the mean projection of
        each row that was drawn, 0 for the others, scaled for the share that was drawn."""
        seen = self.count > 0
        mean = np.divide(self.total, self.count, out=np.zeros_like(self.total), where=seen)
        n, drawn = len(mean), int(seen.sum())
        mean[seen] -= mean[seen].mean()
        return np.asarray(mean * np.sqrt(n / drawn) / np.sqrt(n * (n - 1)), dtype=np.float64)
