"""Charts of a reproduced paper: each table's numbers beside the paper's, and its curves."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganprobe.core.results import Estimate
from ganprobe.report.figures.canvas import FONT, Theme, drawable
from ganprobe.report.figures.run import style
from ganprobe.report.format import ARROWS
from ganprobe.report.records.reproduction import CurveFigure, CurveLine, NumberTable

_ROW, _GAP = 0.26, 0.55
_MOST_COLUMNS = 6
_COLOURS = ("#3558c8", "#d66e1e", "#1d7a3e", "#8a3ab9", "#b3261e", "#0e7c86")
_DARK_COLOURS = ("#8fabff", "#f0a060", "#6fcf8a", "#cf9bf0", "#ff8a80", "#5fd0da")


@dataclass(frozen=True, slots=True)
class _Place:
    """A row of the chart: how far down, its name, and where the group begins, the group's name."""

    down: float
    name: str
    group: str


@dataclass(frozen=True, slots=True)
class _Panel:
    """One axis: values of ours, and of the paper where these are of the same metric."""

    title: str
    ours: tuple[Estimate | None, ...]
    paper: tuple[float | None, ...]


def has_numbers(table: NumberTable) -> bool:
    """Whether there is anything of ours to draw."""
    return any(cell.found is not None for group in table.groups for row in group.rows for cell in row.cells)


def table_chart(table: NumberTable, theme: Theme) -> Figure:
    """Dots with 95% intervals for ours, hollow diamonds for the paper's: on the same axis where the metric is the same,
    else on one of its own. Only the groups that have a number of ours."""
    places, keep = _places(table)
    panels = _panels(table, keep)
    height = 0.7 + _ROW * (places[-1].down + 1)
    figure = Figure(figsize=(1.6 + 2.4 * len(panels), height), layout="constrained")
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for ax, panel in zip(axes, panels, strict=True):
        _draw(ax, panel, places, theme)
    _names(axes[0], places, theme)
    return figure


def _places(table: NumberTable) -> tuple[list[_Place], list[int]]:
    """The rows of the groups that have numbers, and which groups these are."""
    places: list[_Place] = []
    keep = [i for i, group in enumerate(table.groups) if any(c.found is not None for r in group.rows for c in r.cells)]
    down = 0.0
    for i in keep:
        down += 1.0 if not places else 1.0 + _GAP
        for j, each in enumerate(table.groups[i].rows):
            places.append(_Place(down, each.row.method, table.groups[i].title if j == 0 else ""))
            down += 1.0
    return places, keep


def _panels(table: NumberTable, keep: Sequence[int]) -> list[_Panel]:
    panels = []
    rows = [row for i in keep for row in table.groups[i].rows]
    for number, column in enumerate(table.columns[:_MOST_COLUMNS]):
        ours = tuple(row.cells[number].found for row in rows)
        paper = tuple(row.cells[number].paper for row in rows)
        arrow = ARROWS[column.better]
        same = not column.paper_label
        panels.append(_Panel(f"{column.label} {arrow}".rstrip(), ours, paper if same else (None,) * len(rows)))
        if not same and any(value is not None for value in paper):
            panels.append(_Panel(f"paper: {column.paper_label} {arrow}".rstrip(), (None,) * len(rows), paper))
    return panels


def _draw(ax: Axes, panel: _Panel, places: Sequence[_Place], theme: Theme) -> None:
    style(ax, theme)
    ax.grid(axis="x", color=theme.line, linewidth=0.8)
    ax.set_axisbelow(True)
    for place, ours, paper in zip(places, panel.ours, panel.paper, strict=True):
        if paper is not None:
            ax.plot(paper, place.down, "D", markersize=5.5, markerfacecolor="none", markeredgecolor=theme.quiet)
        if ours is not None:
            if ours.ci95 is not None:
                ax.plot(ours.ci95, (place.down, place.down), color=theme.accent, linewidth=2, solid_capstyle="round")
            ax.plot(ours.value, place.down, "o", markersize=5.5, color=theme.accent)
    ax.margins(x=0.1)
    ax.locator_params(axis="x", nbins=4)
    ax.set_ylim(places[-1].down + 0.7, -0.4)
    ax.set_title(
        drawable(panel.title),
        loc="left",
        fontsize=9.5,
        color=theme.ink,
        family=FONT,
        fontweight="bold",
        parse_math=False,
    )


def _names(ax: Axes, places: Sequence[_Place], theme: Theme) -> None:
    ax.set_yticks(
        [place.down for place in places],
        [drawable(place.name, longest=24) for place in places],
        color=theme.ink,
        fontsize=8.5,
        family=FONT,
        parse_math=False,
    )
    for place in places:
        if place.group:
            ax.annotate(
                drawable(place.group, longest=40),
                (0, place.down - 0.85),
                xycoords=("axes fraction", "data"),
                xytext=(3, 0),
                textcoords="offset points",
                va="center",
                fontsize=8,
                color=theme.quiet,
                family=FONT,
                parse_math=False,
            )


def curve_chart(figure: CurveFigure, theme: Theme) -> Figure:
    """A line for each row that has points, with its 95% intervals as a band, dotted where a guess would be."""
    drawn = [line for line in figure.lines if line.points]
    canvas = Figure(figsize=(6.4, 3.8), layout="constrained")
    ax = canvas.subplots()
    style(ax, theme)
    ax.grid(color=theme.line, linewidth=0.8)
    ax.set_axisbelow(True)
    colours = _COLOURS if theme.paper else _DARK_COLOURS
    if figure.chance is not None:
        ax.axhline(figure.chance, color=theme.quiet, linewidth=1, linestyle=":")
    for number, line in enumerate(drawn):
        _line(ax, line, colours[number % len(colours)])
    ax.set_xlabel(drawable(figure.x), fontsize=9.5, color=theme.ink, family=FONT, parse_math=False)
    ax.set_title(drawable(figure.y), loc="left", fontsize=9.5, color=theme.ink, family=FONT, parse_math=False)
    font = {"family": FONT, "size": 8.5}
    # Below the axes, for bands fill most of them.
    legend = canvas.legend(loc="outside lower left", ncols=2, frameon=False, labelcolor=theme.ink, prop=font)
    for text in legend.get_texts():
        text.set_parse_math(False)
    return canvas


def _line(ax: Axes, line: CurveLine, colour: str) -> None:
    x = [point.x for point in line.points]
    ax.plot(
        x, [p.y for p in line.points], color=colour, linewidth=1.6, marker="o", markersize=4, label=drawable(line.name)
    )
    if all(point.ci95 is not None for point in line.points):
        ends = [point.ci95 for point in line.points if point.ci95 is not None]
        ax.fill_between(x, [low for low, _ in ends], [high for _, high in ends], color=colour, alpha=0.18, linewidth=0)
    if line.mark is not None:
        ax.axvline(line.mark, color=colour, linewidth=1, linestyle="--", alpha=0.6)
