"""The state of a metric that needs every value of a small column: all rows, by index."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.protocols import Columns
from ganprobe.metrics.arrays import FloatArray, named, to_array, widened
from ganprobe.metrics.base import not_finite, taken, too_few
from ganprobe.metrics.states.rows import KeptRows


class RowsKeeper:
    """What keepers whose state is all rows share: the monoid, and the way to named arrays and back."""

    __slots__ = ()

    def empty(self) -> KeptRows:
        return KeptRows()

    def merge(self, a: KeptRows, b: KeptRows) -> KeptRows:
        return a.joined(b)

    def pack(self, state: KeptRows) -> dict[str, NDArray[Any]]:
        return state.pack()

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> KeptRows:
        return KeptRows.unpack(arrays)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnKeeper(RowsKeeper):
    """Keeps all of `column`, whose values have `ndim` axes, the first of which is the sample's."""

    column: str
    ndim: int

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({self.column})

    @property
    def key(self) -> str:
        return f"rows:{self.column}"

    def update(self, state: KeptRows, columns: Columns) -> KeptRows:
        index, rows = taken(columns, self.column, ndim=self.ndim)
        return state.added(index, rows)


def usable_rows(state: KeptRows, least: int, name: str, column: str) -> FloatArray:
    """All rows in ascending order of index, float64; MetricError where there are too few or some are not finite."""
    if state.stored < least:
        raise too_few(state.stored, least, name)
    index, rows = state.whole()
    values: FloatArray = to_array(widened(rows))
    bad = np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(1))
    if len(bad):
        raise not_finite(column, named(to_array(index)[bad]))
    return values
