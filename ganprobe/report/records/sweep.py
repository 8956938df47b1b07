"""One generator at several strengths of truncation: a table, and the curve on which fidelity is traded for variety.

>>> from ganprobe.core.results import Record, Result, Subject, normal_estimate
>>> def point(psi, value):
...     result = Result("fd", normal_estimate(value, 500, 0.01), "lower", "embedded", {}, 1.0)
...     return SweepPoint(psi, Record(Subject("styles", "ab"), None, (result,)))
>>> sweep = Sweep((point(1.0, 9.0), point(0.5, 12.0)), "psi")
>>> sweep.to_frame()["value"].tolist()
[9.0, 12.0]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import InputError
from ganprobe.core.results import SCHEMA, Record, Result
from ganprobe.core.spaces import Truncation
from ganprobe.report.figures.canvas import DARK, LIGHT, png
from ganprobe.report.figures.run import DARK_SUFFIX, SAMPLES, run_figures
from ganprobe.report.figures.sweep import Curve, Panel, Spot, curves_of, sweep_chart
from ganprobe.report.folders.run import json_bytes
from ganprobe.report.folders.together import write_together
from ganprobe.report.format import ARROWS
from ganprobe.report.glossary import label_of
from ganprobe.report.grids import Grid, GridLine, text_cell
from ganprobe.report.pages.sweep import PANEL, TRADE_OFF, sweep_html, sweep_latex, sweep_markdown
from ganprobe.report.records.frames import to_frame
from ganprobe.report.records.pictures import RunPictures

if TYPE_CHECKING:
    import pandas as pd

MOST_SAMPLES = 10
Kind = Literal["psi", "threshold"]
_NOTES: Mapping[Kind, str] = {
    "psi": "psi: how far each w goes from the mean of W; 1 is no truncation.",
    "threshold": "threshold: components of z beyond it are drawn again.",
}


@dataclass(frozen=True, slots=True, eq=False)
class SweepPoint:
    """A run at one strength of truncation, and its pictures where there are any."""

    truncation: Truncation
    record: Record
    pictures: RunPictures | None = None

    def samples(self) -> NDArray[np.uint8] | None:
        """A few of the first images (N, 3, H, W): one of each class where they are in rows by class."""
        if self.pictures is None or self.pictures.samples is None:
            return None
        images, rows = self.pictures.samples, len(self.pictures.sample_labels or ())
        return images[:: len(images) // rows][:MOST_SAMPLES] if rows else images[:MOST_SAMPLES]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """points: from the least truncated to the most, at least two, all with the same metrics. kind: what the numbers
    are, psi towards the mean of W or a threshold on z. InputError for fewer points or other metrics."""

    points: tuple[SweepPoint, ...]
    kind: Kind

    def __post_init__(self) -> None:
        if len(self.points) < 2:
            raise InputError(f"a sweep needs at least two truncations, got {len(self.points)}; give another")
        if len({tuple(result.metric for result in point.record.results) for point in self.points}) > 1:
            raise InputError("the runs of a sweep must have the same metrics; measure them all again")

    @property
    def name(self) -> str:
        """Of the generator."""
        return self.points[0].record.generator.name

    @property
    def labels(self) -> tuple[str, ...]:
        """The points' names: "0.7", "0.7:4" for the first four layers; without truncation "1", or "none" of
        thresholds, where 1 is the name of none."""
        parts = [_parts(point.truncation) for point in self.points]
        named = self.kind == "threshold"
        return tuple("none" if named and psi == 1.0 else f"{psi:g}{colon}{layers}" for psi, colon, layers in parts)

    @property
    def base(self) -> tuple[Result, ...]:
        """The results of the first point, for what holds of all: their protocols without the truncation."""
        results = self.points[0].record.results
        return tuple(
            replace(each, protocol={key: value for key, value in each.protocol.items() if key != "truncation"})
            for each in results
        )

    def save(self, out: str | Path) -> Path:
        """`write_sweep`."""
        return write_sweep(self, out)

    def to_frame(self) -> pd.DataFrame:
        """One number a row: truncation, layers (0 for all of them) and the columns of `frames.to_frame`."""
        import pandas as pd

        frames = []
        for point in self.points:
            psi, _, layers = _parts(point.truncation)
            frame = to_frame(point.record)
            frame.insert(0, "truncation", psi)
            frame.insert(1, "layers", int(layers or 0))
            frames.append(frame)
        return pd.concat(frames, ignore_index=True)

    def to_json(self) -> dict[str, Any]:
        """The runs in full, each with its truncation."""
        points = [
            {"truncation": list(t) if isinstance(t, tuple) else t, "run": point.record.to_json()}
            for point in self.points
            for t in [point.truncation]
        ]
        return {"schema": SCHEMA, "generator": self.name, "truncation": self.kind, "points": points}


def write_sweep(sweep: Sweep, out: str | Path) -> Path:
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


def sweep_figures(sweep: Sweep) -> dict[str, bytes]:
    """ "trade_off" as PNG, and "samples", a row for each truncation, where there are pictures."""
    figures = {TRADE_OFF: png(sweep_chart(_panels(sweep), LIGHT), LIGHT)}
    rows = [
        (label, images)
        for label, point in zip(sweep.labels, sweep.points, strict=True)
        if (images := point.samples()) is not None
    ]
    if rows and len({images.shape for _, images in rows}) == 1:
        labels = tuple(label for label, _ in rows)
        pictures = RunPictures(samples=np.concatenate([images for _, images in rows]), sample_labels=labels)
        figures[SAMPLES] = run_figures(sweep.points[0].record, pictures)[SAMPLES]
    return figures


def sweep_panels(sweep: Sweep) -> dict[str, bytes]:
    """The panels of "trade_off" each as a PNG of its own, "panel_0" and so on, with dark twins."""
    return {
        f"{PANEL}{number}{suffix}": png(sweep_chart([panel], theme), theme)
        for number, panel in enumerate(_panels(sweep))
        for suffix, theme in (("", LIGHT), (DARK_SUFFIX, DARK))
    }


def sweep_grid(sweep: Sweep) -> Grid:
    """Rows truncations, columns metrics."""
    lines = [
        GridLine(label, tuple(text_cell(result.value, result.ci95) for result in point.record.results))
        for label, point in zip(sweep.labels, sweep.points, strict=True)
    ]
    return Grid(
        heading=f"{sweep.name} by {sweep.kind}",
        columns=tuple(f"{label_of(r.metric, r.features)} {ARROWS[r.better]}".rstrip() for r in sweep.base),
        lines=tuple(lines),
        note=_NOTES[sweep.kind],
    )


def _panels(sweep: Sweep) -> list[Panel]:
    return curves_of({result.metric: _spots(sweep, result) for result in sweep.base})


def _spots(sweep: Sweep, base: Result) -> Curve:
    found = [point.record[base.metric] for point in sweep.points]
    spots = tuple(Spot(label, r.value, r.ci95) for label, r in zip(sweep.labels, found, strict=True))
    return Curve(f"{label_of(base.metric, base.features)} {ARROWS[base.better]}".rstrip(), sweep.kind, spots)


def _parts(truncation: Truncation) -> tuple[float, str, str]:
    """psi, a colon where layers follow, and these."""
    return (truncation[0], ":", str(truncation[1])) if isinstance(truncation, tuple) else (truncation, "", "")
