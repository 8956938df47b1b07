"""Dots and whiskers: one metric of several generators on one axis."""

from __future__ import annotations

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganprobe.report.figures.canvas import FONT, Theme, drawable
from ganprobe.report.figures.run import style
from ganprobe.report.format import ARROWS
from ganprobe.report.records.table import Cell, Row


def whisker_chart(row: Row, columns: Sequence[str], theme: Theme) -> Figure:
    """Values with their 95% intervals, a line a generator, the first on top. The best is in the accent colour where
    there is one; a number that is not compared with the others is a hollow dot."""
    drawn = [(name, cell) for name, cell in zip(columns, row.cells, strict=True) if cell.result is not None]
    figure = Figure(figsize=(3.7, 0.72 + 0.3 * len(drawn)), layout="constrained")
    ax = figure.subplots()
    style(ax, theme)
    ax.grid(axis="x", color=theme.line, linewidth=0.8)
    ax.set_axisbelow(True)
    for place, (_, cell) in enumerate(drawn):
        _whisker(ax, place, cell, theme)
    names = [" ".join([drawable(name, longest=24), *cell.marks]) for name, cell in drawn]
    ax.set_yticks(range(len(drawn)), names, color=theme.ink, fontsize=9, family=FONT, parse_math=False)
    ax.set_ylim(len(drawn) - 0.5, -0.5)
    ax.margins(x=0.08)
    ax.locator_params(axis="x", nbins=4)
    title = f"{drawable(row.label)} {ARROWS[row.better]}".strip()
    ax.set_title(title, loc="left", fontsize=10, color=theme.ink, family=FONT, fontweight="bold", parse_math=False)
    return figure


def _whisker(ax: Axes, place: int, cell: Cell, theme: Theme) -> None:
    if cell.result is None:
        return
    colour = theme.accent if cell.best else theme.quiet
    if cell.result.ci95 is not None:
        ax.plot(cell.result.ci95, (place, place), color=colour, linewidth=2, solid_capstyle="round")
    inside = (theme.paper or "none") if cell.marks else colour
    ax.plot(cell.result.value, place, "o", markersize=6.5, markerfacecolor=inside, markeredgecolor=colour)
