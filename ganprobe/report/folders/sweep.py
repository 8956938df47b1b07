"""A sweep of truncations that can be saved, and the folder that it is saved to."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

from ganprobe.report.figures.sweep import sweep_figures, sweep_panels
from ganprobe.report.folders.run import json_bytes
from ganprobe.report.folders.together import write_together
from ganprobe.report.pages.sweep import sweep_html, sweep_latex, sweep_markdown
from ganprobe.report.records.sweep import Kind, SweepPoint, SweepRecord, sweep_grid

if TYPE_CHECKING:
    import pandas as pd


@final
@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """points: from the least truncated to the most, at least two, all with the same metrics. kind: what the numbers
    are, psi towards the mean of W or a threshold on z. `record` is what pages show of it. InputError for fewer points
    or other metrics."""

    points: tuple[SweepPoint, ...]
    kind: Kind
    record: SweepRecord = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "record", SweepRecord(self.points, self.kind))

    @property
    def name(self) -> str:
        """Of the generator."""
        return self.record.name

    @property
    def labels(self) -> tuple[str, ...]:
        """The points' names: see `SweepRecord.labels`."""
        return self.record.labels

    def save(self, out: str | Path) -> Path:
        """`write_sweep`."""
        return write_sweep(self.record, out)

    def to_frame(self) -> pd.DataFrame:
        """One number a row: truncation, layers (0 for all of them) and the columns of `frames.to_frame`."""
        return self.record.to_frame()

    def to_json(self) -> dict[str, Any]:
        """The runs in full, each with its truncation."""
        return self.record.to_json()


def write_sweep(sweep: SweepRecord, out: str | Path) -> Path:
    """Write report.md, report.html, report.tex, sweep.csv, sweep.json and figures/ to the folder `out`, all or none,
    sweep.json last, and give the folder back. OutputError for a folder that cannot be written."""
    out = Path(out)
    for point in sweep.points:
        json_bytes(point.record.to_json())
    grid, on_disk = sweep_grid(sweep), sweep_figures(sweep)
    shown = {**on_disk, **sweep_panels(sweep)}
    files = {
        "sweep.json": json_bytes(sweep.to_json()),
        "sweep.csv": sweep.to_frame().to_csv(index=False).encode(),
        "report.html": sweep_html(sweep, grid, shown).encode(),
        "report.md": sweep_markdown(sweep, grid, on_disk).encode(),
        "report.tex": sweep_latex(grid).encode(),
        **{f"figures/{name}.png": data for name, data in on_disk.items()},
    }
    write_together(out, files)
    return out
