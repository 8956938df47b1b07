"""Records as rows for a notebook."""

from __future__ import annotations

from collections.abc import Sequence

from ganprobe.core.notebook import Bold
from ganprobe.core.results import Record
from ganprobe.report.format import ARROWS, MISSING, count, interval_text, value_text
from ganprobe.report.glossary import label_of
from ganprobe.report.records.table import Cell, Table

Rows = tuple[Sequence[str], list[Sequence[str]]]


def run_rows(record: Record) -> Rows:
    """The heads and the rows of one run's numbers."""
    rows: list[Sequence[str]] = [
        (
            f"{label_of(result.metric, result.features)} {ARROWS[result.better]}".rstrip(),
            Bold(value_text(result.estimate)),
            interval_text(result.estimate) or MISSING,
            count(result.n),
            result.features or MISSING,
        )
        for result in record.results
    ]
    return ("metric", "value", "95% interval", "n", "features"), rows


def comparison_rows(table: Table) -> Rows:
    """The heads and the rows of a comparison, the best in bold."""
    rows: list[Sequence[str]] = [
        (f"{row.label} {ARROWS[row.better]}".rstrip(), *(_cell(cell) for cell in row.cells)) for row in table.rows
    ]
    return ("metric", *table.columns), rows


def _cell(cell: Cell) -> str:
    if cell.result is None:
        return MISSING
    text = " ".join([value_text(cell.result.estimate), interval_text(cell.result.estimate), ",".join(cell.marks)])
    return Bold(f"{text.strip()} *") if cell.best else text.strip()
