"""A paper's tables in our numbers: what was measured, what the paper has, and whether its orders hold.

>>> from ganprobe.core.results import normal_estimate
>>> fid = NumberColumn(key="fid", label="FD", better="lower")
>>> def row(method, ours, paper):
...     values = {"fid": (normal_estimate(ours, 100, 0.01),)}
...     return MeasuredRow(method=method, recipe=method, values=values, paper={"fid": paper})
>>> base, ours = row("baseline", 25, 25.4), row("LT", 22, 22.1)
>>> judged((base, ours), (fid,))[1].cells[0].orders[0].verdict
'holds'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import final

from ganprobe.core.results import Better, Estimate
from ganprobe.report.records.orders import (
    Verdict,
    difference_of,
    expected_sign,
    magnitude,
    over_seeds,
    scaled,
    verdict,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberColumn:
    """label: of ours. paper_label: of the paper's number, where that is another metric, else "". scale: ours is
    multiplied by it. magnitude: orders are those of absolute values."""

    key: str
    label: str
    better: Better
    paper_label: str = ""
    scale: float = 1.0
    magnitude: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MeasuredRow:
    """values: by column, an estimate for each training seed that is there. lacks: by column, why there is none.
    paper: the paper's numbers. stated: "better" or "worse" than the baseline. against: further methods to compare
    with. facts: of its training, name to text."""

    method: str
    recipe: str
    values: Mapping[str, tuple[Estimate, ...]] = field(default_factory=dict)
    lacks: Mapping[str, str] = field(default_factory=dict)
    paper: Mapping[str, float] = field(default_factory=dict)
    stated: Mapping[str, str] = field(default_factory=dict)
    against: tuple[str, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Order:
    """This row minus `other`, and what that says of the paper's order of the two."""

    other: str
    difference: Estimate | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class NumberCell:
    """found: over `seeds` training runs, None where there is none, and `lacks` says why. paper: the paper's number;
    printed: as it stands there, "" where there is none."""

    found: Estimate | None
    seeds: int
    lacks: str
    paper: float | None
    printed: str = ""
    orders: tuple[Order, ...] = ()


@dataclass(frozen=True, slots=True)
class NumberRow:
    """A row with its cells, one for each column."""

    row: MeasuredRow
    cells: tuple[NumberCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberGroup:
    """Rows of one network on one data set, the first of which is the baseline. differs: what sets ours apart from the
    paper's, a line each."""

    title: str
    rows: tuple[NumberRow, ...]
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberTable:
    """A table of the paper."""

    id: str
    title: str
    columns: tuple[NumberColumn, ...]
    groups: tuple[NumberGroup, ...]
    note: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """A point of a line, with its 95% interval where it has one."""

    x: float
    y: float
    ci95: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveLine:
    """points: empty where there are none yet, and `lacks` says why. mark: a place on the x axis that is the row's own
    (the sigma that it trained at), None for none."""

    name: str
    points: tuple[CurvePoint, ...] = ()
    lacks: str = ""
    mark: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CurveFigure:
    """A figure of the paper: a line for each row. chance: the level of a guess."""

    id: str
    title: str
    x: str
    y: str
    lines: tuple[CurveLine, ...]
    note: str = ""
    chance: float | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reproduction:
    """A paper's tables and figures under one budget.

    protocol: what the paper says of how it measured. budget: its name; says: what it is, a line each. facts: for the
    line under the headline. failures: row to the one line that it ended with. trained: of each row its facts.
    pictures: PNG by row, samples as the generator drew them. origin: versions, devices, commands.
    """

    title: str
    source: str
    protocol: str
    budget: str
    says: tuple[str, ...]
    tables: tuple[NumberTable, ...]
    figures: tuple[CurveFigure, ...] = ()
    facts: Mapping[str, str] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)
    trained: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    pictures: Mapping[str, bytes] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)


def judged(
    rows: Sequence[MeasuredRow], columns: Sequence[NumberColumn], *, judge: bool = True
) -> tuple[NumberRow, ...]:
    """The rows of one group with their cells: values over seeds, and the difference to the first row (the baseline) and
    to others, each with what it says of the paper's order of the two; without `judge` nothing of that."""
    by_method = {row.method: row for row in rows}
    decimals = {column.key: _decimals(rows, column.key) for column in columns}
    return tuple(
        NumberRow(
            row,
            tuple(_cell(row, column, _others(row, rows, by_method), decimals[column.key], judge) for column in columns),
        )
        for row in rows
    )


def _decimals(rows: Sequence[MeasuredRow], key: str) -> int:
    """How many the paper prints of a column."""
    printed = [repr(row.paper[key]).partition(".")[2] for row in rows if key in row.paper]
    return max((len(digits) for digits in printed), default=0)


def _others(row: MeasuredRow, rows: Sequence[MeasuredRow], by_method: Mapping[str, MeasuredRow]) -> list[MeasuredRow]:
    first = [] if row is rows[0] else [rows[0]]
    return first + [by_method[name] for name in row.against]


def _cell(
    row: MeasuredRow, column: NumberColumn, others: Sequence[MeasuredRow], decimals: int, judge: bool
) -> NumberCell:
    values = [scaled(each, column.scale) for each in row.values.get(column.key, ())]
    paper = row.paper.get(column.key)
    return NumberCell(
        found=over_seeds(values) if values else None,
        seeds=len(values),
        lacks="" if values else row.lacks.get(column.key, "not yet"),
        paper=paper,
        printed="" if paper is None else f"{paper:.{decimals}f}",
        orders=tuple(_order(row, other, column, stated=i == 0, judge=judge) for i, other in enumerate(others)),
    )


def _order(row: MeasuredRow, other: MeasuredRow, column: NumberColumn, *, stated: bool, judge: bool) -> Order:
    """stated: whether the paper's words, which are of the baseline, are of this pair."""
    difference = None
    ours, theirs = (_comparable(each, column) for each in (row, other))
    if ours and theirs:
        difference = difference_of(ours, theirs)
    own, others = (_paper(each, column) for each in (row, other))
    expected = expected_sign(own, others, row.stated.get(column.key, "") if stated else "", column.better)
    return Order(other.method, difference, verdict(difference, expected=expected if judge else 0))


def _comparable(row: MeasuredRow, column: NumberColumn) -> list[Estimate]:
    found = [scaled(each, column.scale) for each in row.values.get(column.key, ())]
    return [magnitude(each) for each in found] if column.magnitude else found


def _paper(row: MeasuredRow, column: NumberColumn) -> float | None:
    value = row.paper.get(column.key)
    return abs(value) if value is not None and column.magnitude else value
