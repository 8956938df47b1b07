"""The summary of a column of features: moments of all rows, a sample of the rows, and where they were not finite.

One summary serves every metric that reads the same features (`fd` and `kd`), and a reference is the same thing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.devices.transfer import sent
from ganprobe.core.protocols import Columns
from ganprobe.metrics.arrays import FEW, named, to_array
from ganprobe.metrics.base import not_finite, taken, too_few
from ganprobe.metrics.states.capacity import ROWS
from ganprobe.metrics.states.moments import Moments
from ganprobe.metrics.states.rows import KeptRows

_NONE = torch.iinfo(torch.int64).max


@dataclass(frozen=True, slots=True)
class FeatureSummary:
    """moments: of all rows, None before the first. rows: kept rows. bad: (5,) int64, the lowest indices whose rows
    were not finite, filled up with the largest int64; None before the first row."""

    rows: KeptRows
    moments: Moments | None = None
    bad: Tensor | None = None

    @property
    def n(self) -> int:
        """How many samples it is of."""
        return 0 if self.moments is None else self.moments.n

    def thinned(self, capacity: int) -> FeatureSummary:
        """The same moments with at most `capacity` rows: a smaller file for a reference that is to be shipped."""
        return replace(self, rows=self.rows.thinned(capacity))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SummaryKeeper:
    """Keeps a FeatureSummary of `column` (N, d). capacity: how many rows to keep; None for all, 0 for none."""

    column: str
    capacity: int | None = ROWS

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({self.column})

    @property
    def key(self) -> str:
        return f"summary:{self.column}" + ("" if self.capacity == ROWS else f":{self.capacity}")

    def empty(self) -> FeatureSummary:
        return FeatureSummary(KeptRows(self.capacity))

    def update(self, state: FeatureSummary, columns: Columns) -> FeatureSummary:
        """With one batch more. Nothing in it waits for the device."""
        index, rows = taken(columns, self.column, ndim=2)
        if len(index) == 0:
            return state
        index = sent(index, rows.device)
        moments = Moments.of(rows) if state.moments is None else state.moments.added(rows)
        return FeatureSummary(state.rows.added(index, rows), moments, _first_bad(state.bad, index, rows))

    def merge(self, a: FeatureSummary, b: FeatureSummary) -> FeatureSummary:
        """Of both. Their samples must be disjoint: a sample that is in both would count twice in the moments."""
        if a.moments is None or a.bad is None:
            return replace(b, rows=a.rows.joined(b.rows))
        if b.moments is None or b.bad is None:
            return replace(a, rows=a.rows.joined(b.rows))
        both = torch.cat([a.bad, b.bad.to(a.bad.device)])
        return FeatureSummary(a.rows.joined(b.rows), a.moments.joined(b.moments), both.sort().values[:FEW])

    def pack(self, state: FeatureSummary) -> dict[str, NDArray[Any]]:
        """Named arrays: "n", "mean", "scatter" of the moments; "capacity", "index", "rows"; "not_finite"."""
        moments = {"n": np.array([0])} if state.moments is None else state.moments.pack()
        bad = np.zeros(0, np.int64) if state.bad is None else to_array(state.bad[state.bad != _NONE])
        return {**moments, **state.rows.pack(), "not_finite": bad}

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> FeatureSummary:
        rows = KeptRows.unpack(arrays)
        if int(arrays["n"][0]) == 0:
            return FeatureSummary(rows)
        bad = torch.full((FEW,), _NONE)
        bad[: len(arrays["not_finite"])] = torch.from_numpy(arrays["not_finite"])
        return FeatureSummary(rows, Moments.unpack(arrays), bad)


def no_bad_rows() -> Tensor:
    """`bad` of a summary whose rows are all finite."""
    return torch.full((FEW,), _NONE)


def usable(state: FeatureSummary, least: int, name: str, column: str, side: str) -> Moments:
    """The moments, once `state` is known to hold at least `least` samples, all finite; MetricError otherwise."""
    if state.moments is None or state.bad is None or state.n < least:
        raise too_few(state.n, least, name, side)
    bad = to_array(state.bad[state.bad != _NONE])
    if len(bad):
        raise not_finite(column, f"{named(bad)} of the {side} side")
    return state.moments


def _first_bad(before: Tensor | None, index: Tensor, rows: Tensor) -> Tensor:
    before = torch.full((FEW,), _NONE, device=rows.device) if before is None else before.to(rows.device)
    found = torch.where(torch.isfinite(rows).all(1), _NONE, index)
    return torch.cat([before, found]).sort().values[:FEW]
