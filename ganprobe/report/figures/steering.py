"""How far a steered edit goes: what came about against what was asked for, and the Frechet distance beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganprobe.report.figures.canvas import FONT, Theme, drawable
from ganprobe.report.figures.run import style


@dataclass(frozen=True, slots=True, kw_only=True)
class SteerCurves:
    """requested (R,) amounts of a factor in `unit`; low, median, high (R,): quartiles of what was achieved; distances
    (R,): Frechet distances to the unedited images; floor: that of two sets of unedited images."""

    factor: str
    unit: str
    requested: Sequence[float]
    low: Sequence[float]
    median: Sequence[float]
    high: Sequence[float]
    distances: Sequence[float]
    floor: float


def steer_chart(curves: SteerCurves, theme: Theme) -> Figure:
    """Two panels over the amount that was asked for."""
    figure = Figure(figsize=(7.2, 2.7), layout="constrained")
    achieved, distance = figure.subplots(1, 2)
    x = np.asarray(curves.requested)
    achieved.plot(x, x, color=theme.quiet, linewidth=1, linestyle=(0, (4, 3)))
    achieved.fill_between(x, curves.low, curves.high, color=theme.accent, alpha=0.2, linewidth=0)
    achieved.plot(x, curves.median, color=theme.accent, linewidth=2, marker="o", markersize=4)
    _named(achieved, f"{curves.factor}: achieved against requested (median, quartiles)", curves.unit, theme)
    distance.axhline(curves.floor, color=theme.quiet, linewidth=1, linestyle=(0, (4, 3)))
    distance.plot(x, curves.distances, color=theme.accent, linewidth=2, marker="o", markersize=4)
    distance.set_ylim(bottom=0)
    _named(distance, "FD from the unedited images (dashed: two unedited sets)", curves.unit, theme)
    return figure


def _named(ax: Axes, title: str, unit: str, theme: Theme) -> None:
    style(ax, theme)
    ax.grid(color=theme.line, linewidth=0.8)
    ax.set_axisbelow(True)
    ax.locator_params(axis="x", nbins=5)
    ax.set_title(drawable(title), loc="left", fontsize=8, color=theme.ink, family=FONT, parse_math=False)
    ax.set_xlabel(drawable(unit), fontsize=8, color=theme.quiet, family=FONT, parse_math=False)
