"""The figures of a truncation sweep: the trade-off, whole and by its panels, and samples at each truncation."""

from __future__ import annotations

import numpy as np

from ganprobe.core.results import Result
from ganprobe.report.figures.canvas import DARK, LIGHT, png
from ganprobe.report.figures.curves import Curve, Panel, Spot, curves_of, sweep_chart
from ganprobe.report.figures.run import DARK_SUFFIX, SAMPLES, run_figures
from ganprobe.report.format import ARROWS
from ganprobe.report.glossary import label_of
from ganprobe.report.records.pictures import RunPictures
from ganprobe.report.records.sweep import SweepRecord

TRADE_OFF, PANEL = "trade_off", "panel_"


def sweep_figures(sweep: SweepRecord) -> dict[str, bytes]:
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


def sweep_panels(sweep: SweepRecord) -> dict[str, bytes]:
    """The panels of "trade_off" each as a PNG of its own, "panel_0" and so on, with dark twins."""
    return {
        f"{PANEL}{number}{suffix}": png(sweep_chart([panel], theme), theme)
        for number, panel in enumerate(_panels(sweep))
        for suffix, theme in (("", LIGHT), (DARK_SUFFIX, DARK))
    }


def _panels(sweep: SweepRecord) -> list[Panel]:
    return curves_of({result.metric: _spots(sweep, result) for result in sweep.base})


def _spots(sweep: SweepRecord, base: Result) -> Curve:
    found = [point.record[base.metric] for point in sweep.points]
    spots = tuple(Spot(label, r.value, r.ci95) for label, r in zip(sweep.labels, found, strict=True))
    return Curve(f"{label_of(base.metric, base.features)} {ARROWS[base.better]}".rstrip(), sweep.kind, spots)
