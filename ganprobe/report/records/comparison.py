"""Several runs side by side: their records, the table of them, and the pictures of each.

>>> from ganprobe.core.results import Record, Result, Subject, normal_estimate
>>> def run(name, value):
...     result = Result("cs", normal_estimate(value, 500, 0.01), "higher", "embedded", {}, 1.0)
...     return Record(Subject(name, name * 8), None, (result,))
>>> [cell.best for cell in ComparisonRecord((run("a", 5), run("b", 7))).table.rows[0].cells]
[False, True]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, final

from ganprobe.core.errors import InputError
from ganprobe.core.results import SCHEMA, Estimate, Record
from ganprobe.report.records.frames import table_frame
from ganprobe.report.records.multiplicity import Correction
from ganprobe.report.records.table import Cell, Table, compare_records

if TYPE_CHECKING:
    import pandas as pd


@final
@dataclass(frozen=True, slots=True, eq=False)
class ComparisonRecord:
    """Two or more runs, and for each its figures by name as PNG (as `run_figures` draws them and a run's folder holds
    them); `figures` may be left out. correct: for the number of rows, "none" or "holm". InputError for fewer than two
    runs."""

    runs: tuple[Record, ...]
    figures: tuple[Mapping[str, bytes], ...] = ()
    correct: Correction = "none"
    table: Table = field(init=False)

    def __post_init__(self) -> None:
        if self.figures and len(self.figures) != len(self.runs):
            raise InputError(f"figures of {len(self.runs)} runs were expected, got those of {len(self.figures)}")
        object.__setattr__(self, "table", compare_records(self.runs, correct=self.correct))

    def to_frame(self) -> pd.DataFrame:
        """One number a row, with what it was compared with: see `frames.table_frame`."""
        return table_frame(self.table)

    def to_json(self) -> dict[str, Any]:
        """The runs in full and the table."""
        rows = [
            {"metric": row.metric, "better": row.better, "p": row.p, "cells": [_cell_json(cell) for cell in row.cells]}
            for row in self.table.rows
        ]
        return {
            "schema": SCHEMA,
            "generators": list(self.table.columns),
            "table": rows,
            "correct": self.table.correct,
            "chance_stars": self.table.chance_stars,
            "notes": dict(self.table.notes),
            "runs": [record.to_json() for record in self.runs],
        }


def _cell_json(cell: Cell) -> dict[str, Any] | None:
    if cell.result is None:
        return None
    return {
        "value": cell.result.value,
        "ci95": _ends(cell.result.estimate),
        "n": cell.result.n,
        "best": cell.best,
        "leads": cell.leads,
        "compared": not cell.marks,
        "notes": list(cell.marks),
        "to_best": None if cell.to_best is None else {"value": cell.to_best.value, "ci95": _ends(cell.to_best)},
    }


def _ends(estimate: Estimate) -> list[float] | None:
    return None if estimate.ci95 is None else list(estimate.ci95)
