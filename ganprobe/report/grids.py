"""Detail tables made ready to be set, the same for every kind of report: cells as text, shaded where that helps.

>>> from ganprobe.core.tables import detail_table
>>> table = detail_table("classes", "By class", {"cat": (1.5, 900), "dog": (2.25, 1100)}, columns=("FD", "images"))
>>> [[cell.value for cell in line.cells] for line in table_lines(table)]
[['1.500', '900'], ['2.250', '1,100']]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from ganprobe.core.results import Estimate
from ganprobe.core.tables import DetailTable, Interval
from ganprobe.report.format import DIGITS_WITHOUT_INTERVAL, MISSING, count, interval_text, number, value_text

MOST_ROWS = 30
"""Longer tables are shortened."""
EACH_END = 5
_MOST_CELLS = 20_000
_MOST_COLUMNS = 40
_MOST_INTERVALS, _MOST_WIDE_COLUMNS = 8, 12

Shade = Literal["", "above", "below", "self"]


@dataclass(frozen=True, slots=True)
class GridCell:
    """value, interval: as text, the interval empty where there is none. shade: which way from zero, "self" on the
    diagonal of a table of a thing with itself. strength: of the shade, from 0 to 1."""

    value: str
    interval: str = ""
    shade: Shade = ""
    strength: float = 0.0


@dataclass(frozen=True, slots=True)
class GridLine:
    """A row: its name and its cells."""

    name: str
    cells: tuple[GridCell, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """A table to be set under `heading`. columns: heads of the columns; groups: names above them, each with how many
    columns it spans; empty where there are none. few: the rows to show where all are too many, `few_words` which these
    are; empty where all are shown. full: whether all rows can be shown where there is room for them."""

    heading: str
    columns: tuple[str, ...]
    lines: tuple[GridLine, ...]
    note: str = ""
    groups: tuple[tuple[str, int], ...] = ()
    shaded: bool = False
    few: tuple[int, ...] = ()
    few_words: str = ""

    @property
    def short(self) -> tuple[GridLine, ...]:
        """The rows to show where room is scarce."""
        return tuple(self.lines[i] for i in self.few) if self.few else self.lines

    @property
    def full(self) -> bool:
        """Whether all rows can be shown where there is room for them."""
        return len(self.lines) * len(self.columns) <= _MOST_CELLS

    @property
    def dense(self) -> bool:
        """Whether so many columns are to be set small, their heads upright."""
        return self.shaded and len(self.columns) > _MOST_WIDE_COLUMNS

    @property
    def with_intervals(self) -> bool:
        """Whether intervals have room beside the values of a shaded table."""
        return not self.shaded or len(self.columns) <= _MOST_INTERVALS


def table_grid(table: DetailTable, heading: str) -> Grid:
    """One table as it is, a wide matrix turned on its side."""
    table = upright(table)
    few = _ends(table) if len(table.rows) > MOST_ROWS else ()
    words = f"The {EACH_END} lowest and the {EACH_END} highest of {count(len(table.rows))} by {table.columns[0]}."
    return Grid(
        heading=heading,
        columns=table.columns,
        lines=table_lines(table),
        note=table.note,
        shaded=table.kind == "matrix",
        few=few,
        few_words=words if few else "",
    )


def table_lines(table: DetailTable) -> tuple[GridLine, ...]:
    """The rows of a table as text; digits follow the interval, else the column."""
    texts = _texts(table)
    scale, itself = _scale(table), is_of_itself(table)
    lines = []
    for i, name in enumerate(table.rows):
        cells = []
        for j, value in enumerate(table.values[i]):
            ends = None if table.ci95 is None else table.ci95[i][j]
            cell = text_cell(value, ends) if ends is not None else GridCell(texts[i][j])
            cells.append(_shaded(cell, value, scale, itself and i == j) if table.kind == "matrix" else cell)
        lines.append(GridLine(name, tuple(cells)))
    return tuple(lines)


def text_cell(value: float | None, ends: Interval | None) -> GridCell:
    """A value with its interval."""
    if value is None:
        return GridCell(MISSING)
    estimate = Estimate(value, ends, 0)
    return GridCell(value_text(estimate), interval_text(estimate))


def upright(table: DetailTable) -> DetailTable:
    """`table`; a matrix of very many columns and fewer rows is turned on its side."""
    wide = len(table.columns) > max(_MOST_COLUMNS, len(table.rows))
    if table.kind != "matrix" or not wide or not table.rows:
        return table
    return DetailTable(
        name=table.name,
        title=table.title,
        rows=table.columns,
        columns=table.rows,
        values=tuple(zip(*table.values, strict=True)),
        ci95=None if table.ci95 is None else tuple(zip(*table.ci95, strict=True)),
        kind=table.kind,
        note=table.note,
    )


def is_of_itself(table: DetailTable) -> bool:
    """Whether a table is symmetric with ones on its diagonal, as correlations and cosines are."""
    if table.kind != "matrix" or table.rows != table.columns:
        return False
    values = table.values
    return all(
        _alike(value, 1.0 if i == j else values[j][i]) for i, row in enumerate(values) for j, value in enumerate(row)
    )


def _alike(a: float | None, b: float | None) -> bool:
    return a == b if a is None or b is None else math.isclose(a, b, abs_tol=1e-6)


def _ends(table: DetailTable) -> tuple[int, ...]:
    """The rows of the lowest and of the highest values of the first column, from the lowest up."""
    known = [(row[0], i) for i, row in enumerate(table.values) if row and row[0] is not None]
    order = [i for _, i in sorted(known)] or list(range(len(table.rows)))
    if len(order) <= 2 * EACH_END:
        return tuple(order)
    return (*order[:EACH_END], *order[-EACH_END:])


def _texts(table: DetailTable) -> Sequence[Sequence[str]]:
    """The values as text by row and column, without regard to intervals: those of a matrix all alike, those of a list
    by column."""
    if table.kind == "list":
        return list(zip(*(_alike_texts(column) for column in zip(*table.values, strict=True)), strict=True))
    width = len(table.columns)
    texts = _alike_texts([value for row in table.values for value in row], small=False)
    return [texts[start : start + width] for start in range(0, len(texts), width)]


def _alike_texts(values: Sequence[float | None], *, small: bool = True) -> list[str]:
    """Numbers of one kind that have no interval: whole ones as counts, others to the same decimals, unless
    `small` ones count and would be lost."""
    known = [value for value in values if value is not None]
    if all(value.is_integer() and abs(value) < 1e15 for value in map(float, known)):
        return [MISSING if value is None else count(int(value)) for value in values]
    sizes = [abs(value) for value in known if value]
    decimals = max(0, DIGITS_WITHOUT_INTERVAL - 1 - math.floor(math.log10(max(sizes))))
    if (small and min(sizes) < 10.0 ** (1 - decimals)) or decimals > DIGITS_WITHOUT_INTERVAL + 1:
        return [MISSING if value is None else number(value) for value in values]
    return [MISSING if value is None else f"{value:z.{decimals}f}" for value in values]


def _scale(table: DetailTable) -> float:
    """The size that the strongest shade stands for: 1 for correlations and cosines, else the largest there is."""
    if is_of_itself(table):
        return 1.0
    return max((abs(value) for row in table.values for value in row if value is not None), default=0.0) or 1.0


def _shaded(cell: GridCell, value: float | None, scale: float, diagonal: bool) -> GridCell:
    if value is None:
        return cell
    if diagonal:
        return GridCell("1", "", "self")
    # The root spreads weak values, which are most, over more of the shades.
    strength = round(min(1.0, math.sqrt(abs(value) / scale)), 3)
    return GridCell(cell.value, cell.interval, "above" if value >= 0 else "below", strength)
