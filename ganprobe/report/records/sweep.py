"""One generator at several strengths of truncation: the records of its runs, and the table of them.

>>> from ganprobe.core.results import Record, Result, Subject, normal_estimate
>>> def point(psi, value):
...     result = Result("fd", normal_estimate(value, 500, 0.01), "lower", "embedded", {}, 1.0)
...     return SweepPoint(psi, Record(Subject("styles", "ab"), None, (result,)))
>>> sweep = SweepRecord((point(1.0, 9.0), point(0.5, 12.0)), "psi")
>>> sweep.to_frame()["value"].tolist()
[9.0, 12.0]
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import InputError
from ganprobe.core.results import SCHEMA, Record, Result
from ganprobe.core.spaces import Truncation
from ganprobe.report.format import ARROWS
from ganprobe.report.glossary import label_of
from ganprobe.report.grids import Grid, GridLine, text_cell
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
class SweepRecord:
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


def sweep_grid(sweep: SweepRecord) -> Grid:
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


def _parts(truncation: Truncation) -> tuple[float, str, str]:
    """psi, a colon where layers follow, and these."""
    return (truncation[0], ":", str(truncation[1])) if isinstance(truncation, tuple) else (truncation, "", "")
