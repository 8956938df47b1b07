"""Results as pandas frames, one number a row."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganprobe.core.results import Estimate, Record
from ganprobe.report.records.table import Cell, Table

if TYPE_CHECKING:
    import pandas as pd


def to_frame(record: Record) -> pd.DataFrame:
    """The results of a run: metric, value, low, high (the 95% interval, NaN without), n, better, features, seconds."""
    import pandas as pd

    columns = ["metric", "value", "low", "high", "n", "better", "features", "seconds"]
    rows = [
        (r.metric, r.value, *_ends(r.estimate), r.n, r.better, r.features, round(r.seconds, 3)) for r in record.results
    ]
    return pd.DataFrame(rows, columns=columns)


def table_frame(table: Table) -> pd.DataFrame:
    """The numbers of a comparison: the columns of `to_frame` with generator, best, compared (False where a footnote
    says why not), to_best with its interval (NaN where there is none) and note."""
    import pandas as pd

    head = ["metric", "generator", "value", "low", "high", "n", "better", "features"]
    tail = ["best", "compared", "to_best", "to_best_low", "to_best_high", "note"]
    rows = [
        (row.metric, name, *_numbers(cell), *_judgement(cell, table))
        for row in table.rows
        for name, cell in zip(table.columns, row.cells, strict=True)
        if cell.result is not None
    ]
    return pd.DataFrame(rows, columns=[*head, *tail])


def _numbers(cell: Cell) -> tuple[object, ...]:
    assert cell.result is not None
    result = cell.result
    return (result.value, *_ends(result.estimate), result.n, result.better, result.features)


def _judgement(cell: Cell, table: Table) -> tuple[object, ...]:
    gap = (float("nan"),) * 3 if cell.to_best is None else (cell.to_best.value, *_ends(cell.to_best))
    return (cell.best, not cell.marks, *gap, "; ".join(table.notes[mark] for mark in cell.marks))


def _ends(estimate: Estimate) -> tuple[float, float]:
    return estimate.ci95 or (float("nan"), float("nan"))
