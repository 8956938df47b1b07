"""`fd` (and `fid`, with Inception's column): the Frechet distance as a metric, with its interval.

>>> import torch
>>> fd = FrechetDistance(column="embedded.features")
>>> rows = torch.arange(12.0).reshape(6, 2) % 5
>>> state = fd.update(fd.empty(), {"index": torch.arange(6), "embedded.features": rows})
>>> round(fd.compute(state, state)["fd"].value, 9)
0.0
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from ganprobe.core.results import Estimate, normal_estimate
from ganprobe.metrics.arrays import FloatArray, to_array
from ganprobe.metrics.base import KeeperMetric, given
from ganprobe.metrics.frechet.distance import bias_of_traces, frechet_influence, transport, variance_of_alike
from ganprobe.metrics.frechet.protocol import LEAST
from ganprobe.metrics.intervals import Square, skewed_estimate
from ganprobe.metrics.states.capacity import ROWS
from ganprobe.metrics.states.features_summary import FeatureSummary, SummaryKeeper, usable
from ganprobe.metrics.states.moments import Moments

BIAS_RATIO = 4
"""So many samples a feature let the predicted bias be told (docs/metrics/fid_infinity.md)."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class FrechetDistance(KeeperMetric[FeatureSummary]):
    """The Frechet distance of the features in `column` from the reference's. ddof: of the covariances. capacity: how
    many rows are kept for the interval, None for all. corrected: less the bias that `frechet_bias` predicts, which
    makes it the distance at endless samples, and at times negative near zero. No interval where
    fewer than 2 generated rows are kept; of the generated side alone where fewer of the reference's are."""

    column: str
    name: str = "fd"
    ddof: int = 1
    capacity: int | None = ROWS
    corrected: bool = False

    @property
    def keeper(self) -> SummaryKeeper:
        return SummaryKeeper(column=self.column, capacity=self.capacity)

    def compute(self, state: FeatureSummary, reference: FeatureSummary | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate}; MetricError without a reference, on fewer than 2 samples, on values not finite."""
        reference = given(reference, self.name)
        ours = usable(state, LEAST, self.name, self.column, "generated")
        theirs = usable(reference, LEAST, self.name, self.column, "reference")
        mean, other = ours.mean(), theirs.mean()
        cov, other_cov = ours.covariance(ddof=self.ddof), theirs.covariance(ddof=self.ddof)
        plan = transport(mean, cov, other, other_cov)
        bias = bias_of_traces(float(np.trace(cov)), ours.n, float(np.trace(other_cov)), theirs.n, plan.singular)
        value = plan.value - bias if self.corrected else plan.value
        notes = self._notes(min(ours.n, theirs.n), len(mean), bias)
        terms = _terms(state, ours, plan.offset, plan.root_a)
        reference_terms = _terms(reference, theirs, -plan.offset, plan.root_b)
        if terms is None:
            return {self.name: Estimate(value, None, ours.n, notes=notes)}
        if reference_terms is None:
            variance = float(((terms - terms.mean()) ** 2).sum())
            alone = "the interval is of the generated images alone: of the reference only moments are kept"
            return {self.name: replace(normal_estimate(value, ours.n, variance), notes=(*notes, alone))}
        alike = variance_of_alike(cov, ours.n, other_cov, theirs.n, plan.singular)
        found = skewed_estimate(
            value,
            ours.n,
            terms,
            reference_terms,
            square=Square(second=alike, offset=plan.value - value),
            kept=(len(terms) / ours.n, len(reference_terms) / theirs.n),
        )
        return {self.name: replace(found, notes=(*found.notes, *notes))}

    def _notes(self, fewest: int, width: int, bias: float) -> tuple[str, ...]:
        """What the numbers of samples do to the value: `fewest` on a side, of `width` features."""
        if fewest >= BIAS_RATIO * width:
            return () if self.corrected else (f"about {bias:.3g} of it is the bias of finite samples",)
        if self.corrected:
            why = f"the predicted bias is of second order, and too small below {BIAS_RATIO} samples a feature"
            return (f"{fewest} samples: {why}",)
        why = f"the covariance of {width} features is singular below {width + 1} samples, and {self.name} far too high"
        return (f"{fewest} samples: {why}",) if fewest <= width else ()


def _terms(state: FeatureSummary, moments: Moments, offset: FloatArray, root: FloatArray) -> FloatArray | None:
    """(m,) of the kept rows, such that sum((c - mean(c))^2) estimates the variance that this side's n samples cause."""
    rows = to_array(state.rows.whole()[1])
    if len(rows) < 2:
        return None
    influence = frechet_influence(rows, moments.mean(), offset, root)
    return np.asarray(influence / np.sqrt(moments.n * (len(rows) - 1)), dtype=np.float64)
