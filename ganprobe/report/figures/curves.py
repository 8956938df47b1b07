"""Curves over truncation: one metric against another, each point named by its truncation.

Brock et al. 2019, "Large scale GAN training for high fidelity natural image synthesis", section 3.1, has such a curve
of FID against IS; Kynkäänniemi et al. 2019, "Improved precision and recall metric", one of precision against recall.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from numpy.typing import NDArray

from ganprobe.core.tables import Interval
from ganprobe.report.figures.canvas import FONT, Theme, drawable
from ganprobe.report.figures.run import style

SCORES = ("is", "cs")
DISTANCES = ("fid", "fd", "fid_infinity", "fd_infinity", "kid", "kd", "swd")
SHARES = (("recall", "precision"), ("coverage", "density"))
_MOST_PANELS = 4
_PANEL_POINTS = np.array([200.0, 180.0])
"""About the width and height of the part of a panel that a curve fills, in points of print."""


@dataclass(frozen=True, slots=True)
class Spot:
    """A number at one truncation, with its 95% interval where it has one."""

    label: str
    value: float
    ci95: Interval | None


@dataclass(frozen=True, slots=True)
class Curve:
    """A metric over truncation. name: with its arrow. kind: "psi" or "threshold"."""

    name: str
    kind: str
    spots: tuple[Spot, ...]


Panel = tuple[Curve | None, Curve]
"""The x axis, None for the truncation itself, and the y axis."""


def curves_of(curves: Mapping[str, Curve]) -> list[Panel]:
    """The panels that metrics by name allow: a distance over a score, precision over recall, density over coverage;
    where there is no such pair, each metric over the truncation, at most four."""
    panels: list[Panel] = []
    distance, score = _first(curves, DISTANCES), _first(curves, SCORES)
    if distance is not None and score is not None:
        panels.append((score, distance))
    for across, up in SHARES:
        x, y = _first(curves, (across,)), _first(curves, (up,))
        if x is not None and y is not None:
            panels.append((x, y))
    return panels or [(None, curve) for curve in list(curves.values())[:_MOST_PANELS]]


def sweep_chart(panels: Sequence[Panel], theme: Theme) -> Figure:
    """The panels side by side, two in a row."""
    across = min(2, len(panels))
    down = -(-len(panels) // across)
    figure = Figure(figsize=(3.9 * across + 0.2, 3.5 * down), layout="constrained")
    figure.get_layout_engine().set(wspace=0.08, hspace=0.08)  # type: ignore[union-attr, call-arg]
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for ax, (x, y) in zip(axes, panels, strict=False):
        _panel(ax, x, y, theme)
    for ax in axes[len(panels) :]:
        ax.set_visible(False)
    return figure


def _first(curves: Mapping[str, Curve], names: Sequence[str]) -> Curve | None:
    """The curve of the first of `names` that there is, under any protocol."""
    by_base: dict[str, Curve] = {}
    for metric, curve in curves.items():
        by_base.setdefault(metric.partition("@")[0], curve)
    return next((by_base[name] for name in names if name in by_base), None)


def _panel(ax: Axes, x: Curve | None, y: Curve, theme: Theme) -> None:
    style(ax, theme)
    ax.grid(color=theme.line, linewidth=0.8)
    ax.set_axisbelow(True)
    places = [spot.value for spot in x.spots] if x is not None else [float(i) for i in range(len(y.spots))]
    values = [spot.value for spot in y.spots]
    ax.plot(places, values, color=theme.accent, linewidth=1.6, marker="o", markersize=5, zorder=3)
    for number, spot in enumerate(y.spots):
        _whisker(ax, spot.ci95, places[number], upright=True, theme=theme)
        if x is not None:
            _whisker(ax, x.spots[number].ci95, spot.value, upright=False, theme=theme)
    ax.margins(0.1, 0.12)
    if x is None:
        ax.set_xticks(places, [spot.label for spot in y.spots], fontsize=8.5, color=theme.quiet, family=FONT)
    else:
        ax.locator_params(axis="both", nbins=5)
        _name_points(ax, places, values, [spot.label for spot in y.spots], theme)
    _name_axis(ax, y.kind if x is None else x.name, y.name, theme)


def _whisker(ax: Axes, ends: Interval | None, at: float, *, upright: bool, theme: Theme) -> None:
    if ends is not None:
        along, across = ((at, at), ends) if upright else (ends, (at, at))
        ax.plot(along, across, color=theme.accent, linewidth=1.2, alpha=0.3, zorder=2)


def _name_axis(ax: Axes, x: str, y: str, theme: Theme) -> None:
    ax.set_xlabel(drawable(x), fontsize=9.5, color=theme.ink, family=FONT, parse_math=False)
    ax.set_title(drawable(y), loc="left", fontsize=9.5, color=theme.ink, family=FONT, parse_math=False)


def _name_points(ax: Axes, x: Sequence[float], y: Sequence[float], labels: Sequence[str], theme: Theme) -> None:
    """Each label beside its point."""
    points = np.column_stack([x, y])
    spans = np.ptp(points, axis=0)
    for point, (right, up), label in zip(
        points, label_places(_PANEL_POINTS * points / np.where(spans > 0, spans, 1.0)), labels, strict=True
    ):
        ax.annotate(
            drawable(label),
            (float(point[0]), float(point[1])),
            xytext=(right, up),
            textcoords="offset points",
            ha="center",
            va="center",
            fontsize=8,
            color=theme.ink,
            family=FONT,
            zorder=4,
            path_effects=[withStroke(linewidth=2.5, foreground=theme.paper)] if theme.paper else [],
        )


def label_places(points: NDArray[np.float64]) -> list[tuple[float, float]]:
    """How far right and up of each of `points` (N, 2), a curve in points of print, the middle of its label lies: of
    eight places around it the one with most room from the curve and from the labels before it."""
    steps = np.linspace(0, 1, 24)[:, None]
    line = np.concatenate([start + steps * (end - start) for start, end in itertools.pairwise(points)])
    angles = np.arange(8) * np.pi / 4 + np.pi / 4
    around = np.column_stack([15 * np.cos(angles), 11 * np.sin(angles)])
    placed: list[NDArray[np.float64]] = []
    for point in points:
        crowd = [_crowding(point + offset, line) + 40 * _crowding(point + offset, placed) for offset in around]
        placed.append(point + around[int(np.argmin(crowd))])
    return [
        (float(label[0] - point[0]), float(label[1] - point[1])) for label, point in zip(placed, points, strict=True)
    ]


def _crowding(place: NDArray[np.float64], others: Sequence[NDArray[np.float64]] | NDArray[np.float64]) -> float:
    """How much lies near `place`; a label is wider than high."""
    if not len(others):
        return 0.0
    distance = ((np.asarray(others) - place) / (13.0, 9.0)) ** 2
    return float(np.exp(-distance.sum(1)).sum())
