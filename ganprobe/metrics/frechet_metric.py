"""`fd` (and `fid`, with Inception's column): the Frechet distance as a metric, with its interval.

>>> import torch
>>> fd = FrechetDistance(column="embedded.features")
>>> rows = torch.arange(12.0).reshape(6, 2) % 5
>>> state = fd.update(fd.empty(), {"index": torch.arange(6), "embedded.features": rows})
>>> fd.compute(state, state)["fd"].value
0.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from ganprobe.core.results import Estimate, normal_estimate
from ganprobe.metrics.arrays import FloatArray, to_array
from ganprobe.metrics.base import Reading, given
from ganprobe.metrics.features_summary import CAPACITY, FeatureSummary, SummaryKeeper, usable
from ganprobe.metrics.frechet import frechet_influence, transport
from ganprobe.metrics.moments import Moments

LEAST = 2


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FrechetDistance(Reading[FeatureSummary]):
    """The Frechet distance of the features in `column` from the reference's. ddof: of the covariances. capacity: how
    many rows are kept for the interval, None for all. No interval where a side has fewer than 2 rows kept."""

    column: str
    name: str = "fd"
    ddof: int = 1
    capacity: int | None = CAPACITY

    @property
    def keeper(self) -> SummaryKeeper:
        return SummaryKeeper(column=self.column, capacity=self.capacity)

    def compute(self, state: FeatureSummary, reference: FeatureSummary | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate}; MetricError without a reference, on fewer than 2 samples, on values not finite."""
        reference = given(reference, self.name)
        ours = usable(state, LEAST, self.name, self.column, "generated")
        theirs = usable(reference, LEAST, self.name, self.column, "reference")
        mean, other = ours.mean(), theirs.mean()
        plan = transport(mean, ours.covariance(ddof=self.ddof), other, theirs.covariance(ddof=self.ddof))
        terms = _terms(state, ours, plan.offset, plan.root_a)
        reference_terms = _terms(reference, theirs, -plan.offset, plan.root_b)
        if terms is None:
            return {self.name: Estimate(plan.value, None, ours.n)}
        variance = float(((terms - terms.mean()) ** 2).sum())
        if reference_terms is None:
            return {self.name: Estimate(plan.value, None, ours.n, variance)}
        return {self.name: normal_estimate(plan.value, ours.n, variance, reference_terms)}


def _terms(state: FeatureSummary, moments: Moments, offset: FloatArray, root: FloatArray) -> FloatArray | None:
    """(m,) of the kept rows, such that sum((c - mean(c))^2) estimates the variance that this side's n samples cause."""
    rows = to_array(state.rows.whole()[1])
    if len(rows) < 2:
        return None
    influence = frechet_influence(rows, moments.mean(), offset, root)
    return np.asarray(influence / np.sqrt(moments.n * (len(rows) - 1)), dtype=np.float64)
