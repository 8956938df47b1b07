"""A finished run: its numbers and its pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from ganprobe.core.notebook import shown
from ganprobe.core.results import Record, Result
from ganprobe.engine.passes.journal import discard_journal
from ganprobe.report import RunPictures, run_figures, to_frame, write_run
from ganprobe.report.figures.run import DARK_SUFFIX, captions
from ganprobe.report.pages.notebook import run_rows
from ganprobe.report.records.directions import DirectionCard


@dataclass(frozen=True, slots=True)
class Run:
    """What `evaluate` gives. `run["fd"].value`, `run["fd"].ci95`, `run.to_frame()`, `run.save(DIR)`."""

    record: Record
    pictures: RunPictures
    directions: tuple[DirectionCard, ...] = ()
    """What `rescored` shows of each direction."""
    _drawn: dict[str, bytes] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __getitem__(self, metric: str) -> Result:
        """The result called `metric`; InputError where the run has none."""
        return self.record[metric]

    def figures(self) -> Mapping[str, bytes]:
        """`run_figures` of the record and its pictures, drawn once."""
        if not self._drawn:
            self._drawn.update(run_figures(self.record, self.pictures))
        return self._drawn

    def _repr_html_(self) -> str:
        record, said = self.record, captions(self.pictures)
        head, rows = run_rows(record)
        return shown(
            record.generator.name,
            facts=[] if record.reference is None else [("against", record.reference.name)],
            head=head,
            rows=rows,
            pictures=[(said[name], data) for name, data in self.figures().items() if not name.endswith(DARK_SUFFIX)],
        )

    def to_frame(self) -> pd.DataFrame:
        """One row a metric."""
        return to_frame(self.record)

    def save(self, folder: str | Path) -> Path:
        """Write results.json, report.md, report.html and figures/ to `folder`; OutputError where that cannot be."""
        written = write_run(
            self.record, self.pictures, Path(folder), figures=self.figures(), directions=self.directions
        )
        discard_journal(written)
        return written
