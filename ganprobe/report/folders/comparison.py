"""A comparison that can be saved, and the folder that it is saved to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from ganprobe.core.notebook import shown
from ganprobe.core.results import Record
from ganprobe.report.figures.comparison import comparison_charts, joint_curves, joint_pictures
from ganprobe.report.figures.run import DARK_SUFFIX
from ganprobe.report.folders.run import json_bytes, read_run
from ganprobe.report.folders.together import write_together
from ganprobe.report.pages.html import comparison_html
from ganprobe.report.pages.latex import comparison_latex
from ganprobe.report.pages.markdown import bold_words, comparison_markdown, headline
from ganprobe.report.pages.notebook import comparison_rows
from ganprobe.report.records.comparison import ComparisonRecord
from ganprobe.report.records.details import shared_grids
from ganprobe.report.records.multiplicity import Correction
from ganprobe.report.records.table import Table

if TYPE_CHECKING:
    import pandas as pd


@final
@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """Two or more runs, and for each its figures by name as PNG (as `run_figures` draws them and a run's folder holds
    them); `figures` may be left out. correct: for the number of rows, "none" or "holm" (Holm 1979). `record` is what
    pages show of it. InputError for fewer than two runs."""

    runs: tuple[Record, ...]
    figures: tuple[Mapping[str, bytes], ...] = ()
    correct: Correction = "none"
    record: ComparisonRecord = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "record", ComparisonRecord(self.runs, self.figures, self.correct))

    @property
    def table(self) -> Table:
        return self.record.table

    def _repr_html_(self) -> str:
        head, rows = comparison_rows(self.table)
        notes = [f"{letter}: {text}" for letter, text in self.table.notes.items()]
        note = " ".join([bold_words(self.table), *notes])
        return shown(headline(self.table.columns), head=head, rows=rows, note=note)

    def save(self, out: str | Path) -> Path:
        """`write_comparison`."""
        return write_comparison(self.record, out)

    def to_frame(self) -> pd.DataFrame:
        """One number a row, with what it was compared with: see `frames.table_frame`."""
        return self.record.to_frame()

    def to_json(self) -> dict[str, Any]:
        """The runs in full and the table."""
        return self.record.to_json()


def read_comparison(folders: Sequence[str | Path], *, correct: Correction = "none") -> Comparison:
    """The comparison of runs on disk, with stars corrected for the number of rows or not. InputError for a folder that
    holds none."""
    runs = [read_run(folder) for folder in folders]
    figures = [{name: path.read_bytes() for name, path in paths.items()} for _, paths in runs]
    return Comparison(tuple(record for record, _ in runs), tuple(figures), correct)


def write_comparison(comparison: ComparisonRecord, out: str | Path) -> Path:
    """Write report.md, report.html, report.tex, comparison.csv, comparison.json and figures/ to the folder `out`, all
    or none, comparison.json last, and give the folder back. OutputError for a folder that cannot be written."""
    out = Path(out)
    for record in comparison.runs:
        json_bytes(record.to_json())
    charts = {**comparison_charts(comparison.table), **joint_curves(comparison)}
    on_disk = {
        **joint_pictures(comparison),
        **{name: data for name, data in charts.items() if not name.endswith(DARK_SUFFIX)},
    }
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
