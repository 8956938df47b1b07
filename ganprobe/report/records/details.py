"""The tables under the numbers of a run, and those that several runs share side by side.

Of a run each table appears once, in the order of its metrics, images before latent space. Of several runs, a table that
at least two of them have is set once: a list by its rows, with a column for each generator under each of the table's
own that have intervals; a matrix of a thing with itself, such as a correlation, by its pairs; any other matrix for each
generator. Nothing is in bold: generators share references and samples in ways that the intervals of single numbers do
not tell, so the intervals of their differences are not known.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ganprobe.core.results import Record, Result
from ganprobe.core.tables import DetailTable
from ganprobe.report.format import MISSING, count
from ganprobe.report.glossary import IMAGES, LATENTS, PROBES, label_of, title_of, words_of
from ganprobe.report.grids import EACH_END, MOST_ROWS, Grid, GridCell, GridLine, is_of_itself, table_grid, table_lines
from ganprobe.report.records.table import Table

GROUPS = (IMAGES, LATENTS, PROBES)
Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Detail:
    """A table with the result that it belongs to."""

    result: Result
    table: DetailTable

    @property
    def key(self) -> Key:
        """The metric's and the table's name: the same in every run."""
        return self.result.metric, self.table.name

    @property
    def heading(self) -> str:
        """The table's title, after the metric's name where that does not begin it."""
        metric, features, title = self.result.metric, self.result.features, self.table.title
        if title.startswith(label_of(metric, features)):
            return title
        # Only a word that is no name or abbreviation loses its capital.
        lowered = title[:1].lower() + title[1:] if title[1:2].islower() else title
        return f"{title_of(metric, features)}: {lowered}"

    @property
    def group(self) -> str:
        return words_of(self.result.metric, self.result.features).group


def by_group(results: Sequence[Result]) -> dict[str, list[Result]]:
    """The results under the heading that each belongs to: the known ones in their order, then others."""
    groups: dict[str, list[Result]] = {name: [] for name in GROUPS}
    for result in results:
        groups.setdefault(words_of(result.metric, result.features).group, []).append(result)
    return {name: found for name, found in groups.items() if found}


def details_of(record: Record) -> tuple[Detail, ...]:
    """Every table of a run that has rows and columns; of equal ones, as of estimates that share one, the first."""
    found: list[Detail] = []
    for results in by_group(record.results).values():
        for result in results:
            for table in result.estimate.tables:
                if table.rows and table.columns and all(table != each.table for each in found):
                    found.append(Detail(result, table))
    return tuple(found)


def run_grids(record: Record) -> dict[str, list[Grid]]:
    """The tables of a run by the heading that they belong to."""
    grids: dict[str, list[Grid]] = {}
    for detail in details_of(record):
        grids.setdefault(detail.group, []).append(table_grid(detail.table, detail.heading))
    return grids


def shared_grids(runs: Sequence[Record], compared: Table) -> tuple[Grid, ...]:
    """The tables that at least two runs have, generators side by side. A generator whose number is not compared with
    the others in the main table carries the same footnote here."""
    found = [{detail.key: detail for detail in details_of(record)} for record in runs]
    keys = dict.fromkeys(key for each in found for key in each)
    grids: list[Grid] = []
    for key in keys:
        having = {i: each[key] for i, each in enumerate(found) if key in each}
        if len(having) > 1:
            grids += _side_by_side(having, _names(key[0], compared))
    return tuple(grids)


def _names(metric: str, compared: Table) -> list[str]:
    """The generators, with the footnotes of their numbers."""
    row = next(row for row in compared.rows if row.metric == metric)
    names = zip(compared.columns, row.cells, strict=True)
    return [f"{name} ({', '.join(cell.marks)})" if cell.marks else name for name, cell in names]


def _side_by_side(having: Mapping[int, Detail], names: Sequence[str]) -> list[Grid]:
    first = next(iter(having.values()))
    tables = {names[i]: detail.table for i, detail in having.items()}
    if all(is_of_itself(table) for table in tables.values()):
        tables = {name: _pairs(table) for name, table in tables.items()}
    elif first.table.kind == "matrix":
        return [table_grid(table, f"{first.heading}, {name}") for name, table in tables.items()]
    columns = _shown_columns(tuple(tables.values()))
    return [_joined(first.heading, tables, columns)] if columns else []


def _pairs(table: DetailTable) -> DetailTable:
    """The values above the diagonal, a pair a row."""
    places = list(itertools.combinations(range(len(table.rows)), 2))
    return DetailTable(
        name=table.name,
        title=table.title,
        rows=tuple(f"{table.rows[i]}, {table.rows[j]}" for i, j in places),
        columns=("",),
        values=tuple((table.values[i][j],) for i, j in places),
        ci95=None if table.ci95 is None else tuple((table.ci95[i][j],) for i, j in places),
        note=table.note,
    )


def _shown_columns(tables: Sequence[DetailTable]) -> tuple[str, ...]:
    """The columns that all have: those with intervals in any, else the first."""
    shared = [name for name in tables[0].columns if all(name in table.columns for table in tables)]
    sure = [name for name in shared if any(_has_intervals(table, name) for table in tables)]
    return tuple(sure or shared[:1])


def _has_intervals(table: DetailTable, column: str) -> bool:
    j = table.columns.index(column)
    return table.ci95 is not None and any(row[j] is not None for row in table.ci95)


@dataclass(frozen=True, slots=True)
class _Side:
    """One generator's table by row: the cells as text, and the numbers."""

    lines: Mapping[str, GridLine]
    values: Mapping[str, tuple[float | None, ...]]
    places: tuple[int, ...]

    def cell(self, row: str, column: int) -> GridCell:
        return self.lines[row].cells[self.places[column]] if row in self.lines else GridCell(MISSING)

    def value(self, row: str, column: int) -> float | None:
        return self.values[row][self.places[column]] if row in self.values else None


def _side(table: DetailTable, columns: Sequence[str]) -> _Side:
    places = tuple(table.columns.index(column) for column in columns)
    return _Side(
        {line.name: line for line in table_lines(table)}, dict(zip(table.rows, table.values, strict=True)), places
    )


def _joined(heading: str, tables: Mapping[str, DetailTable], columns: tuple[str, ...]) -> Grid:
    rows = tuple(dict.fromkeys(row for table in tables.values() for row in table.rows))
    sides = [_side(table, columns) for table in tables.values()]
    few = _most_different(rows, sides) if len(rows) > MOST_ROWS else ()
    of = f" in {columns[0]}" if columns[0] else ""
    words = f"The {len(few)} of {count(len(rows))} rows on which the generators differ most{of}."
    places = range(len(columns))
    return Grid(
        heading=heading,
        columns=tuple(tables) * len(columns),
        lines=tuple(GridLine(row, tuple(side.cell(row, j) for j in places for side in sides)) for row in rows),
        note=next(iter(tables.values())).note,
        groups=tuple((column, len(tables)) for column in columns) if any(columns) else (),
        few=few,
        few_words=words if few else "",
    )


def _most_different(rows: Sequence[str], sides: Sequence[_Side]) -> tuple[int, ...]:
    """The rows whose values in the first column lie farthest apart, from the widest down."""
    spreads = []
    for number, row in enumerate(rows):
        values = [value for side in sides if (value := side.value(row, 0)) is not None]
        spreads.append((-(max(values) - min(values)) if len(values) > 1 else 0.0, number))
    return tuple(number for _, number in sorted(spreads)[: 2 * EACH_END])
