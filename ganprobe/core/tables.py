"""Numbers under a number: the values per class, per attribute or per pair that one estimate sums up.

>>> table = detail_table("classes", "By class", {"cat": (1.5, None), "dog": (2.0, 3.0)}, columns=("FID", "recall"))
>>> table.values
((1.5, None), (2.0, 3.0))
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from ganprobe.core.errors import MetricError

Interval = tuple[float, float]


class HasInterval(Protocol):
    """A value with its 95% interval, as an Estimate is."""

    @property
    def value(self) -> float: ...
    @property
    def ci95(self) -> Interval | None: ...


Entry = float | HasInterval | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailTable:
    """A table that belongs to an estimate.

    name: the same in every run, to find it by. title: for a reader. rows, columns: names. values: by row and column,
    None where there is none. ci95: 95% intervals of the same shape, None where none has any. kind: "matrix" for values
    of one kind that belong side by side (correlations), "list" for columns that differ. note: what a reader must know.
    over: what the rows' names are numbers of, where each column is a curve over them; "" where they are none.
    MetricError for shapes that do not fit and for values that are not finite.
    """

    name: str
    title: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: tuple[tuple[float | None, ...], ...]
    ci95: tuple[tuple[Interval | None, ...], ...] | None = None
    kind: Literal["list", "matrix"] = "list"
    note: str = ""
    over: str = ""

    def __post_init__(self) -> None:
        for table in (self.values, self.ci95):
            if table is not None and [len(row) for row in table] != [len(self.columns)] * len(self.rows):
                raise MetricError(f"table {self.name!r} must have {len(self.rows)} rows of {len(self.columns)} values")
        if not all(math.isfinite(value) for row in self.values for value in row if value is not None):
            raise MetricError(f"table {self.name!r} holds values that are not finite; leave them out as None")

    def to_json(self) -> dict[str, Any]:
        said: dict[str, Any] = {
            "name": self.name,
            "title": self.title,
            "kind": self.kind,
            "rows": list(self.rows),
            "columns": list(self.columns),
            "values": [list(row) for row in self.values],
        }
        if self.ci95 is not None:
            said["ci95"] = [[None if ends is None else list(ends) for ends in row] for row in self.ci95]
        return said | {name: text for name, text in (("note", self.note), ("over", self.over)) if text}

    @classmethod
    def from_json(cls, said: Mapping[str, Any]) -> DetailTable:
        ci95 = said.get("ci95")
        return cls(
            name=said["name"],
            title=said["title"],
            rows=tuple(said["rows"]),
            columns=tuple(said["columns"]),
            values=tuple(tuple(row) for row in said["values"]),
            ci95=None if ci95 is None else tuple(tuple(_interval(ends) for ends in row) for row in ci95),
            kind=said["kind"],
            note=said.get("note", ""),
            over=said.get("over", ""),
        )


def detail_table(
    name: str,
    title: str,
    rows: Mapping[str, Sequence[Entry]],
    *,
    columns: Sequence[str],
    kind: Literal["list", "matrix"] = "list",
    note: str = "",
    over: str = "",
) -> DetailTable:
    """A table of numbers, estimates and gaps: the intervals are those of the estimates among them."""
    ends = tuple(tuple(_ends(entry) for entry in entries) for entries in rows.values())
    return DetailTable(
        name=name,
        title=title,
        rows=tuple(rows),
        columns=tuple(columns),
        values=tuple(tuple(_value(entry) for entry in entries) for entries in rows.values()),
        ci95=ends if any(each is not None for row in ends for each in row) else None,
        kind=kind,
        note=note,
        over=over,
    )


def _value(entry: Entry) -> float | None:
    if entry is None:
        return None
    return float(entry) if isinstance(entry, float | int) else float(entry.value)


def _ends(entry: Entry) -> Interval | None:
    return None if entry is None or isinstance(entry, float | int) else entry.ci95


def _interval(ends: Sequence[float] | None) -> Interval | None:
    return None if ends is None else (float(ends[0]), float(ends[1]))
