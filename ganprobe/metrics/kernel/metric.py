"""`kd` and `kd@subsets` (and `kid`, with Inception's column): the kernel distance as a metric, with its interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from ganprobe.core.errors import MetricError
from ganprobe.core.results import Estimate
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.base import KeeperMetric, given
from ganprobe.metrics.intervals import skewed_estimate
from ganprobe.metrics.kernel.alike import alike_square
from ganprobe.metrics.kernel.distance import projections, subset_distances
from ganprobe.metrics.states.capacity import ROWS
from ganprobe.metrics.states.features_summary import FeatureSummary, SummaryKeeper, usable

LEAST = 2


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KernelDistance(KeeperMetric[FeatureSummary]):
    """Unbiased MMD^2 of the kept rows of `column` from the reference's; n is the number of rows used.

    subsets: 0 for the statistic of all kept rows; else the mean over so many subsets of `subset_size` rows, drawn
    from `seed`, as KID does. capacity: how many rows are kept, None for all.
    """

    column: str
    name: str = "kd"
    subsets: int = 0
    subset_size: int = 1000
    seed: int = 0
    capacity: int | None = ROWS

    @property
    def keeper(self) -> SummaryKeeper:
        return SummaryKeeper(column=self.column, capacity=self.capacity)

    def compute(self, state: FeatureSummary, reference: FeatureSummary | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate}; MetricError without a reference, on fewer than 2 rows, on values not finite."""
        reference = given(reference, self.name)
        usable(state, LEAST, self.name, self.column, "generated")
        usable(reference, LEAST, self.name, self.column, "reference")
        if reference.rows.stored < LEAST:
            raise MetricError(f"{self.name} needs rows and the reference has moments alone; give one that keeps rows")
        ours, theirs = state.rows.whole()[1], reference.rows.whole()[1]
        whole = projections(ours, theirs)
        value, choice = whole.value, 0.0
        if self.subsets:
            values = subset_distances(ours, theirs, subsets=self.subsets, subset_size=self.subset_size, seed=self.seed)
            value, choice = float(values.mean()), _choice_variance(values)
        n, m = len(ours), len(theirs)
        square = alike_square(ours, theirs.to(ours.device), n, m)
        terms, others = _scaled(whole.of_a), _scaled(whole.of_b)
        return {self.name: skewed_estimate(value, n, terms, others, more=choice, square=square)}


def _choice_variance(values: FloatArray) -> float:
    """Of the mean, from the choice of the subsets: given the rows, subsets are independent."""
    return float(values.var(ddof=1)) / len(values) if len(values) > 1 else 0.0


def _scaled(influence: FloatArray) -> FloatArray:
    m = len(influence)
    return np.asarray(influence / np.sqrt(m * (m - 1)), dtype=np.float64)
