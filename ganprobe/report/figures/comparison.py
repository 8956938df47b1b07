"""The figures of a comparison: a chart for each metric, and the runs' own pictures side by side."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ganprobe.report.figures.canvas import DARK, LIGHT, Line, page, pixels_of, png
from ganprobe.report.figures.over import curves_of_runs, over_chart
from ganprobe.report.figures.run import CURVES, DARK_SUFFIX, INTERPOLATION, SAMPLES
from ganprobe.report.figures.whiskers import whisker_chart
from ganprobe.report.records.comparison import ComparisonRecord
from ganprobe.report.records.table import Table

_HEADING, _HEADING_SIZE, _APART = 46, 26, 32


def chart_name(metric: str) -> str:
    """The file name, less its end, of a metric's chart."""
    return f"chart_{re.sub(r'[^A-Za-z0-9_-]+', '_', metric)}"


def comparison_charts(table: Table) -> dict[str, bytes]:
    """PNG by name, with dark twins."""
    charts = {}
    for row in table.rows:
        for suffix, theme in (("", LIGHT), (DARK_SUFFIX, DARK)):
            charts[chart_name(row.metric) + suffix] = png(whisker_chart(row, table.columns, theme), theme)
    return charts


def joint_curves(comparison: ComparisonRecord) -> dict[str, bytes]:
    """The curves of tables that several runs have, in one chart, with a dark twin."""
    curves = curves_of_runs(comparison.runs, comparison.table.columns)
    if not curves:
        return {}
    themes = (("", LIGHT), (DARK_SUFFIX, DARK))
    return {chart_name(CURVES) + suffix: png(over_chart(curves, theme), theme) for suffix, theme in themes}


def joint_pictures(comparison: ComparisonRecord) -> dict[str, bytes]:
    """Samples and strips of all the runs that have them, as PNG by name."""
    return {**_joint(comparison, SAMPLES), **_joint(comparison, INTERPOLATION)}


def _joint(comparison: ComparisonRecord, name: str) -> dict[str, bytes]:
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
