"""`precision`, `recall`, `density` and `coverage` as metrics, each with its interval.

>>> kept = ColumnKeeper(column="vgg16.fc2", ndim=2)
>>> ShareMetric(share="precision", kept=kept, name="precision", k=3, closed=True).needs
frozenset({'vgg16.fc2'})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import cast, final

from torch import Tensor

from ganprobe.core.errors import MetricError
from ganprobe.core.results import Estimate, normal_estimate
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.base import KeeperMetric, given, too_few
from ganprobe.metrics.manifold.protocol import DENSEST, FEWEST_HITS, LEAST_GROUPS, LEAST_IN_GROUP, Share
from ganprobe.metrics.manifold.shares import ShareReading, read_share
from ganprobe.metrics.states.features_summary import FeatureSummary, SummaryKeeper, usable
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.metrics.states.values import ColumnKeeper, usable_rows

State = FeatureSummary | KeptRows
_DENSE = (
    f"no interval: above a density of {DENSEST:g} the neighbourhoods of a few reference images hold most generated "
    "ones; more reference images lower it"
)
_LARGEST = {"precision": 1.0, "recall": 1.0, "coverage": 1.0}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ShareMetric(KeeperMetric[State]):
    """`share` of the rows that `kept` keeps of a column of features, against the reference's; k and closed: how far
    balls reach, and whether a point at the radius counts. n is the number of generated rows used. No interval where a
    side has fewer than 8 (k + 1) rows."""

    share: Share
    kept: SummaryKeeper | ColumnKeeper
    name: str
    k: int
    closed: bool

    @property
    def keeper(self) -> SummaryKeeper | ColumnKeeper:  # type: ignore[override]  # a keeper of either kind of state
        return self.kept

    @property
    def least(self) -> int:
        """The fewest rows of a side: every one needs a k-th other."""
        return self.k + 1

    def compute(self, state: State, reference: State | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate}; MetricError without a reference, on k rows or fewer, on values not finite."""
        theirs = self._rows(cast(State, given(reference, self.name)), "reference")
        ours = self._rows(state, "generated")
        read = read_share(self.share, theirs, ours, k=self.k, closed=self.closed)
        n, m = len(ours), len(theirs)
        # All four depend on both numbers, coverage above all.
        notes = () if n == m else (f"{n} generated rows against {m} of the reference; compare at the same numbers",)
        found = self._estimate(read, n)
        return {self.name: replace(found, notes=(*found.notes, *notes))}

    def _rows(self, state: State, side: str) -> Tensor | FloatArray:
        if isinstance(state, KeptRows):
            if state.stored < self.least:
                raise too_few(state.stored, self.least, self.name, side)
            return usable_rows(state, self.least, self.name, self.kept.column)
        usable(state, self.least, self.name, self.kept.column, side)
        if state.rows.stored < self.least:
            raise MetricError(f"{self.name} needs rows and the {side} side has moments alone; give one that keeps rows")
        return state.rows.whole()[1]

    def _estimate(self, read: ShareReading, n: int) -> Estimate:
        if read.generated is None:
            least = LEAST_GROUPS * LEAST_IN_GROUP * (self.k + 1)
            return Estimate(read.value, None, n, notes=(f"no interval: it takes {least} rows on either side",))
        if self.share == "density" and read.value > DENSEST:
            return Estimate(read.value, None, n, notes=(_DENSE,))
        if self.share == "density" and (hits := round(read.value * self.k * n)) < FEWEST_HITS:
            few = f"no interval: generated images lie in {hits} neighbourhoods in all; {FEWEST_HITS} or more would tell"
            return Estimate(read.value, None, n, notes=(few,))
        wide = normal_estimate(read.value, n, read.generated, read.reference)
        low, high = wide.ci95 or (read.value, read.value)
        inside = max(low, 0.0), min(high, _LARGEST.get(self.share, high))
        return Estimate(read.value, inside, n, read.generated, read.reference)
