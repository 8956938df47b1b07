"""The look that all charts share."""

from __future__ import annotations

from matplotlib.axes import Axes

from ganprobe.report.figures.canvas import FONT, Theme


def style(ax: Axes, theme: Theme) -> None:
    """A ground line, quiet ticks, nothing else."""
    ax.set_facecolor("none")
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.spines["bottom"].set_color(theme.line)
    ax.tick_params(axis="both", which="both", length=0, labelsize=8.5, labelcolor=theme.quiet, labelfontfamily=FONT)
