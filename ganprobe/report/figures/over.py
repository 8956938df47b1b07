"""Tables whose rows are numbers, drawn as curves over them: one run's, or those of several together."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ganprobe.core.results import Record
from ganprobe.core.tables import DetailTable
from ganprobe.report.figures.canvas import FONT, Theme, drawable
from ganprobe.report.figures.run_style import style
from ganprobe.report.records.details import details_of

Curves = Mapping[str, Mapping[str, DetailTable]]
"""Heading of a panel to the tables drawn in it, by what each is called there."""

_COLOURS = ("#3558c8", "#c8552d", "#2f8f5b", "#8a4fbf", "#b08a1e", "#5c6b7a")
_MOST = 6


def curves_of_run(record: Record) -> Curves:
    """A panel a table."""
    return {detail.heading: {"": detail.table} for detail in details_of(record) if detail.table.over}


def curves_of_runs(runs: Sequence[Record], names: Sequence[str]) -> Curves:
    """A panel for each table that two or more runs have, of the first six runs."""
    panels: dict[str, dict[str, DetailTable]] = {}
    for record, name in list(zip(runs, names, strict=True))[:_MOST]:
        for detail in details_of(record):
            if detail.table.over:
                panels.setdefault(detail.heading, {})[name] = detail.table
    return {heading: tables for heading, tables in panels.items() if len(tables) > 1}


def over_chart(curves: Curves, theme: Theme) -> Figure:
    """The panels one below another, with the 95% intervals as bands."""
    figure = Figure(figsize=(6.8, 2.9 * len(curves)), layout="constrained")
    axes = figure.subplots(len(curves), 1, squeeze=False)[:, 0]
    for ax, (heading, tables) in zip(axes, curves.items(), strict=True):
        style(ax, theme)
        ax.grid(color=theme.line, linewidth=0.8)
        ax.set_axisbelow(True)
        ax.set_title(drawable(heading), loc="left", fontsize=8.5, color=theme.ink, family=FONT, parse_math=False)
        lines = [(name, table, column) for name, table in tables.items() for column in table.columns]
        for (name, table, column), colour in zip(lines, itertools.cycle(_COLOURS)):
            _draw(ax, table, column, ", ".join(filter(None, (name, column))), colour)
        over = next(iter(tables.values())).over
        ax.set_xlabel(drawable(over), fontsize=8, color=theme.quiet, family=FONT, parse_math=False)
        if len(lines) > 1:
            ax.legend(frameon=False, fontsize=8, labelcolor=theme.ink)
    return figure


def _draw(ax: Axes, table: DetailTable, column: str, label: str, colour: str) -> None:
    place = table.columns.index(column)
    points = [
        (float(row), values[place], None if table.ci95 is None else table.ci95[i][place])
        for i, (row, values) in enumerate(zip(table.rows, table.values, strict=True))
        if values[place] is not None
    ]
    x, y = np.array([p[0] for p in points]), np.array([p[1] for p in points], dtype=float)
    ends = np.array([(p[2] or (p[1], p[1])) for p in points], dtype=float)
    ax.fill_between(x, ends[:, 0], ends[:, 1], color=colour, alpha=0.18, linewidth=0)
    ax.plot(x, y, color=colour, linewidth=1.6, marker="o", markersize=3.5, label=drawable(label))
