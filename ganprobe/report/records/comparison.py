"""Several runs in one report: the table, the differences, the pictures side by side.

>>> from ganprobe.core.results import Record, Result, Subject, normal_estimate
>>> def run(name, value):
...     result = Result("cs", normal_estimate(value, 500, 0.01), "higher", "embedded", {}, 1.0)
...     return Record(Subject(name, name * 8), None, (result,))
>>> [cell.best for cell in Comparison((run("a", 5), run("b", 7))).table.rows[0].cells]
[False, True]
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import InputError
from ganprobe.core.results import SCHEMA, Estimate, Record
from ganprobe.report.figures.canvas import DARK, LIGHT, Line, page, pixels_of, png
from ganprobe.report.figures.run import DARK_SUFFIX, INTERPOLATION, SAMPLES
from ganprobe.report.figures.whiskers import whisker_chart
from ganprobe.report.folders.run import json_bytes, read_run
from ganprobe.report.folders.together import write_together
from ganprobe.report.pages.html import comparison_html
from ganprobe.report.pages.latex import comparison_latex
from ganprobe.report.pages.markdown import comparison_markdown
from ganprobe.report.records.details import shared_grids
from ganprobe.report.records.frames import table_frame
from ganprobe.report.records.table import Cell, Table, compare_records

if TYPE_CHECKING:
    import pandas as pd

_HEADING, _HEADING_SIZE, _APART = 46, 26, 32


@final
@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two or more runs, and for each its figures by name as PNG (as `run_figures` draws them and a run's folder holds
    them); `figures` may be left out. InputError for fewer than two runs."""

    runs: tuple[Record, ...]
    figures: tuple[Mapping[str, bytes], ...] = ()
    table: Table = field(init=False)

    def __post_init__(self) -> None:
        if self.figures and len(self.figures) != len(self.runs):
            raise InputError(f"figures of {len(self.runs)} runs were expected, got those of {len(self.figures)}")
        object.__setattr__(self, "table", compare_records(self.runs))

    def save(self, out: str | Path) -> Path:
        """`write_comparison`."""
        return write_comparison(self, out)

    def to_frame(self) -> pd.DataFrame:
        """One number a row, with what it was compared with: see `frames.table_frame`."""
        return table_frame(self.table)

    def to_json(self) -> dict[str, Any]:
        """The runs in full and the table."""
        rows = [
            {"metric": row.metric, "better": row.better, "cells": [_cell_json(cell) for cell in row.cells]}
            for row in self.table.rows
        ]
        return {
            "schema": SCHEMA,
            "generators": list(self.table.columns),
            "table": rows,
            "notes": dict(self.table.notes),
            "runs": [record.to_json() for record in self.runs],
        }


def read_comparison(folders: Sequence[str | Path]) -> Comparison:
    """The comparison of runs on disk. InputError for a folder that holds none."""
    runs = [read_run(folder) for folder in folders]
    figures = [{name: path.read_bytes() for name, path in paths.items()} for _, paths in runs]
    return Comparison(tuple(record for record, _ in runs), tuple(figures))


def write_comparison(comparison: Comparison, out: str | Path) -> Path:
    """Write report.md, report.html, report.tex, comparison.csv, comparison.json and figures/ to the folder `out`, all
    or none, comparison.json last, and give the folder back. OutputError for a folder that cannot be written."""
    out = Path(out)
    for record in comparison.runs:
        json_bytes(record.to_json())
    charts = _charts(comparison.table)
    joint = {**_joint(comparison, SAMPLES), **_joint(comparison, INTERPOLATION)}
    on_disk = {**joint, **{name: data for name, data in charts.items() if not name.endswith(DARK_SUFFIX)}}
    files = {
        "comparison.json": json_bytes(comparison.to_json()),
        "comparison.csv": comparison.to_frame().to_csv(index=False).encode(),
        "report.html": comparison_html(comparison, charts).encode(),
        "report.md": comparison_markdown(comparison, on_disk).encode(),
        "report.tex": comparison_latex(comparison.table, shared_grids(comparison.runs, comparison.table)).encode(),
        **{f"figures/{name}.png": data for name, data in on_disk.items()},
    }
    write_together(out, files)
    return out


def chart_name(metric: str) -> str:
    """The file name, less its end, of a metric's chart."""
    return f"chart_{re.sub(r'[^A-Za-z0-9_-]+', '_', metric)}"


def _charts(table: Table) -> dict[str, bytes]:
    charts = {}
    for row in table.rows:
        for suffix, theme in (("", LIGHT), (DARK_SUFFIX, DARK)):
            charts[chart_name(row.metric) + suffix] = png(whisker_chart(row, table.columns, theme), theme)
    return charts


def _joint(comparison: Comparison, name: str) -> dict[str, bytes]:
    """One figure of all the runs that have it, each under its generator's name: samples side by side, strips in a
    column. Empty where no run has it."""
    drawn = [
        (column, pixels_of(figures[name], name=f"{name} of {column}"))
        for column, figures in zip(comparison.table.columns, comparison.figures, strict=False)
        if name in figures
    ]
    if not drawn:
        return {}
    across = name == SAMPLES
    places, left, top = [], 0, 0
    for _, pixels in drawn:
        places.append((left, top))
        left += pixels.shape[1] + _APART if across else 0
        top += 0 if across else pixels.shape[0] + _HEADING + _APART
    return {name: _joined(drawn, places)}


def _joined(drawn: Sequence[tuple[str, NDArray[np.uint8]]], places: Sequence[tuple[int, int]]) -> bytes:
    width = max(left + pixels.shape[1] for (_, pixels), (left, _) in zip(drawn, places, strict=True))
    height = max(top + pixels.shape[0] + _HEADING for (_, pixels), (_, top) in zip(drawn, places, strict=True))
    pictures = [(pixels, left, top + _HEADING) for (_, pixels), (left, top) in zip(drawn, places, strict=True)]
    lines = [
        Line(name, left, top + _HEADING * 0.4, _HEADING_SIZE)
        for (name, _), (left, top) in zip(drawn, places, strict=True)
    ]
    return page(width, height, pictures, lines)


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
