"""Tables for the terminal: a run, and a comparison of three generators within 80 columns."""

from __future__ import annotations

from rich import box
from rich.table import Table as RichTable
from rich.text import Text

from ganprobe.core.results import Better, Record
from ganprobe.core.tables import DetailTable
from ganprobe.report.format import ARROWS, MISSING, count, interval_text, value_text
from ganprobe.report.glossary import features_note, label_of, notes_of
from ganprobe.report.grids import Grid, GridCell, table_grid
from ganprobe.report.records.comparison import ComparisonRecord
from ganprobe.report.records.details import run_grids
from ganprobe.report.records.sweep import SweepRecord, sweep_grid
from ganprobe.report.records.table import Cell, Table

_MOST_INTERVALS, _MOST_COLUMNS, _WIDEST_NAME = 2, 5, 24


def run_table(record: Record) -> RichTable:
    """The numbers of one run with their intervals, n and features, and below them what must be known to read them."""
    table = _table(
        record.generator.name, "\n".join(filter(None, [features_note(record.results), *notes_of(record.results)]))
    )
    table.add_column("metric")
    for heading in ("value", "95% interval", "n"):
        table.add_column(heading, justify="right")
    table.add_column("features", style="dim", overflow="fold")
    for result in record.results:
        interval = Text(interval_text(result.estimate) or MISSING, style="dim")
        value = Text(value_text(result.estimate), style="bold")
        name = _name(label_of(result.metric, result.features), result.better)
        table.add_row(name, value, interval, Text(count(result.n)), Text(result.features or MISSING))
    return table


def sweep_table(sweep: SweepRecord) -> RichTable:
    """Rows truncations, columns metrics; each cell the value above its interval."""
    grid = sweep_grid(sweep)
    table = _table(grid.heading, "\n".join(filter(None, [grid.note, features_note(sweep.base)])))
    table.add_column(sweep.kind)
    for name in grid.columns:
        table.add_column(Text(name), justify="right", overflow="fold")
    for line in grid.lines:
        cells = [Text(cell.value).append(f"\n{cell.interval}" if cell.interval else "", "dim") for cell in line.cells]
        table.add_row(Text(line.name, no_wrap=True), *cells)
    return table


def detail_tables(record: Record) -> list[RichTable]:
    """The tables under the numbers of a run that a terminal has room for, long ones shortened and most without
    intervals; matrices and wide tables are left to the report."""
    grids = [grid for grids in run_grids(record).values() for grid in grids]
    return [_grid(grid) for grid in grids if not grid.shaded and len(grid.columns) <= _MOST_COLUMNS]


def detail_table(table: DetailTable) -> RichTable:
    """One table as it is."""
    return _grid(table_grid(table, table.title), table.note)


def _grid(grid: Grid, note: str = "") -> RichTable:
    table = _table(grid.heading, "\n".join(filter(None, [grid.few_words, note])))
    longest = max((len(line.name) for line in grid.short), default=0)
    table.add_column("", overflow="fold", min_width=min(longest, _WIDEST_NAME))
    for name in grid.columns:
        table.add_column(Text(name), justify="right", overflow="fold")
    for line in grid.short:
        table.add_row(Text(line.name), *(_grid_cell(cell, len(grid.columns)) for cell in line.cells))
    return table


def _grid_cell(cell: GridCell, columns: int) -> Text:
    text = Text(cell.value)
    if cell.interval and columns <= _MOST_INTERVALS:
        text.append(f" {cell.interval}", style="dim")
    return text


def comparison_table(comparison: ComparisonRecord) -> RichTable:
    """Rows metrics, columns generators; each cell the value above its interval, the best bold with a star."""
    compared = comparison.table
    table = _table("", _caption(compared))
    table.add_column("metric")
    for name in compared.columns:
        table.add_column(Text(name), justify="right", overflow="fold")
    for row in compared.rows:
        table.add_row(_name(row.label, row.better), *(_cell(cell) for cell in row.cells))
    return table


def _table(title: str, caption: str) -> RichTable:
    return RichTable(
        title=Text(title, style="bold") if title else None,
        caption=Text(caption, style="dim") if caption else None,
        title_justify="left",
        caption_justify="left",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )


def _name(label: str, better: Better) -> Text:
    return Text(f"{label} {ARROWS[better]}".rstrip(), no_wrap=True)


def _cell(cell: Cell) -> Text:
    if cell.result is None:
        return Text(MISSING, style="dim")
    value = value_text(cell.result.estimate) + ("*" if cell.best else "")
    text = Text(value, style="bold" if cell.best else "")
    if cell.marks:
        text.append(f" {','.join(cell.marks)}", style="dim")
    if interval := interval_text(cell.result.estimate):
        text.append(f"\n{interval}", style="not bold dim")
    return text


def _caption(table: Table) -> str:
    lines = ["[low, high] is the 95% interval."]
    if any(cell.best for row in table.rows for cell in row.cells):
        lines.append("* best: the interval of its difference to every other excludes zero.")
    if table.correct == "holm":
        lines.append(f"Stars by Holm's procedure over {table.tested} rows: among alike generators any in 5% at most.")
    elif table.tested > 1:
        lines.append(f"Among alike generators chance would star about {table.chance_stars:.2g} of {table.tested} rows.")
    lines += [f"{letter}: {note}" for letter, note in table.notes.items()]
    results = [cell.result for row in table.rows for cell in row.cells if cell.result is not None]
    return "\n".join(filter(None, [*lines, features_note(results)]))
