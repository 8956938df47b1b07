"""The picture: a band a room, its folders and modules in it from importers to imported, and arcs between the bands."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, pairwise
from textwrap import wrap
from typing import Final

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch, PathPatch
from matplotlib.path import Path as Curve

from benchmarks.architecture.imports import Edge, Folder, Part, rooms_from_above
from benchmarks.architecture.ranks import Node, Placed, needed, placed

WIDTH: Final = 14.8
HEAD, MARGIN, ARCS, TITLE, GAP, PADDING = 0.85, 0.25, 1.25, 2.5, 0.14, 0.16
"""In inches, as all lengths here: above the first band, around all, what the arcs and a band's title take, between two
bands, and inside one."""
CHIP_WIDTH, CHIP_HEIGHT, SLOT, LANE = 1.2, 0.23, 0.31, 0.13
"""Of the box of a module or folder; the height that one takes, and that a line passing by takes."""
COLUMN: Final = 1.5
"""From one column to the next, where there is room for it."""
INK, QUIET, LINE, GROUND = "#1b1e23", "#606874", "#a3acb8", "#ffffff"
COLOURS: Final = (
    "#3b4252",
    "#3558c8",
    "#5b4fc4",
    "#8a3fb0",
    "#b03a86",
    "#bf3f4f",
    "#b8622a",
    "#93751c",
    "#5c8026",
    "#1f8a5b",
    "#16858a",
    "#22719e",
    "#4f6d8f",
    "#7a5236",
    "#5d6470",
)
FONT = {"family": "DejaVu Sans", "parse_math": False}


@dataclass(frozen=True, slots=True)
class Band:
    """A room with its drawing, from `top` on, in inches from the picture's upper edge."""

    room: Folder
    inside: Placed
    colour: str
    top: float

    @property
    def height(self) -> float:
        return max(0.62, *map(_stack, self.inside.columns)) + 2 * PADDING

    @property
    def column(self) -> float:
        """From one column to the next."""
        return min(COLUMN, (WIDTH - 2 * MARGIN - ARCS - TITLE) / len(self.inside.columns))

    @property
    def middle(self) -> float:
        return self.top + self.height / 2


def drawn(folders: Sequence[Folder]) -> bytes:
    """The rooms of `architecture` as SVG. ValueError where imports go in a circle: that cannot be drawn from above to
    below."""
    package = folders[0]
    bands = _bands({folder.name: folder for folder in folders}, rooms_from_above(package))
    height = bands[-1].top + bands[-1].height + MARGIN
    figure = Figure(figsize=(WIDTH, height), facecolor=GROUND)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set(xlim=(0, WIDTH), ylim=(height, 0))
    axes.axis("off")
    _heading(axes, package)
    for band in bands:
        _draw_band(axes, band)
    _draw_arcs(axes, {band.room.name: band for band in bands}, package.imports)
    return _svg(figure)


def _bands(folders: Mapping[str, Folder], rooms: Sequence[str]) -> list[Band]:
    found, top = list[Band](), HEAD
    for room, colour in zip(map(folders.__getitem__, rooms), cycle(COLOURS), strict=False):
        found.append(Band(room, placed([part.name for part in room.parts], room.imports), colour, top))
        top += found[-1].height + GAP
    return found


def _stack(column: Sequence[Node]) -> float:
    return sum(SLOT if isinstance(node, str) else LANE for node in column)


def _heading(axes: Axes, package: Folder) -> None:
    axes.text(MARGIN, 0.36, "ganprobe", fontsize=17, weight="bold", color=INK, va="center", **FONT)
    said = (
        f"{package.modules} modules. Imports go downwards from room to room (arcs), and within a room to the right; "
        "full boxes are folders, with how many modules they hold."
    )
    axes.text(MARGIN, 0.64, said, fontsize=9, color=QUIET, va="center", **FONT)


def _draw_band(axes: Axes, band: Band) -> None:
    left = MARGIN + ARCS
    box = FancyBboxPatch(
        (left, band.top),
        WIDTH - left - MARGIN,
        band.height,
        boxstyle="round,pad=0,rounding_size=0.09",
        facecolor=_tint(band.colour, 0.07),
        edgecolor=_tint(band.colour, 0.35),
        linewidth=0.8,
    )
    axes.add_patch(box)
    _label(axes, band, left + 0.15)
    places = _places(band, left + TITLE)
    for line in band.inside.lines:
        _draw_line(axes, [places[node] for node in line])
    for part in band.room.parts:
        _draw_chip(axes, part, places[part.name], band.colour)


def _label(axes: Axes, band: Band, left: float) -> None:
    lines = wrap(band.room.about.rstrip("."), 40)[:4]
    top = band.middle - 0.075 * (len(lines) + 1)
    axes.text(left, top, band.room.name, fontsize=12, weight="bold", color=band.colour, va="center", **FONT)
    for at, line in enumerate(lines, 1):
        axes.text(left, top + 0.06 + 0.145 * at, line, fontsize=7, color=QUIET, va="center", **FONT)


def _places(band: Band, left: float) -> dict[Node, tuple[float, float]]:
    """The middle of each node's left edge."""
    found: dict[Node, tuple[float, float]] = {}
    for at, column in enumerate(band.inside.columns):
        y = band.middle - _stack(column) / 2
        for node in column:
            step = SLOT if isinstance(node, str) else LANE
            found[node] = left + at * band.column, y + step / 2
            y += step
    return found


def _draw_line(axes: Axes, points: Sequence[tuple[float, float]]) -> None:
    for at, ((x, y), (far, low)) in enumerate(pairwise(points)):
        start = x + CHIP_WIDTH
        bend = (far - start) / 2
        if at:
            axes.plot([x, start], [y, y], color=LINE, linewidth=0.7, zorder=1, solid_capstyle="round")
        curve = Curve([(start, y), (start + bend, y), (far - bend, low), (far, low)], [1, 4, 4, 4])
        axes.add_patch(PathPatch(curve, fill=False, edgecolor=LINE, linewidth=0.7, zorder=1, capstyle="round"))


def _draw_chip(axes: Axes, part: Part, place: tuple[float, float], colour: str) -> None:
    x, y = place
    box = FancyBboxPatch(
        (x, y - CHIP_HEIGHT / 2),
        CHIP_WIDTH,
        CHIP_HEIGHT,
        boxstyle="round,pad=0,rounding_size=0.05",
        facecolor=colour if part.is_folder else GROUND,
        edgecolor=colour,
        linewidth=0.8,
        zorder=3,
    )
    axes.add_patch(box)
    ink = GROUND if part.is_folder else INK
    axes.text(x + 0.07, y, part.name, fontsize=7.5, color=ink, va="center", zorder=4, **FONT)
    if part.is_folder:
        right = x + CHIP_WIDTH - 0.07
        axes.text(right, y, str(part.modules), fontsize=7, color=ink, va="center", ha="right", zorder=4, **FONT)


def _draw_arcs(axes: Axes, bands: Mapping[str, Band], imports: Mapping[Edge, int]) -> None:
    """An arc from each room to what it imports, wider where more modules do; those that a longer way makes superfluous
    are faint."""
    edges = {edge: many for edge, many in imports.items() if set(edge) <= bands.keys()}
    strong = needed(edges)
    right = MARGIN + ARCS
    tall = max(bands[b].top - bands[a].top for a, b in edges)
    for (a, b), many in sorted(edges.items(), key=lambda item: item[0] in strong):
        start, end = bands[a].middle + 0.1, bands[b].middle - 0.1
        reach = 0.35 + (ARCS - 0.25) * (end - start) / tall
        curve = Curve([(right, start), (right - reach, start), (right - reach, end), (right, end)], [1, 4, 4, 4])
        axes.add_patch(
            PathPatch(
                curve,
                fill=False,
                edgecolor=bands[a].colour,
                linewidth=0.6 + 0.35 * many**0.5,
                alpha=0.75 if (a, b) in strong else 0.2,
                zorder=2,
            )
        )
        if (a, b) in strong:
            axes.plot([right - 0.075, right], [end - 0.04, end], color=bands[a].colour, linewidth=1.1, zorder=3)
            axes.plot([right - 0.075, right], [end + 0.04, end], color=bands[a].colour, linewidth=1.1, zorder=3)


def _tint(colour: str, share: float) -> tuple[float, float, float]:
    """`share` of the colour on white."""
    red, green, blue = (1 - share * (1 - value) for value in matplotlib.colors.to_rgb(colour))
    return red, green, blue


def _svg(figure: Figure) -> bytes:
    """Without dates and random names, so that the same drawing is the same bytes."""
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "ganprobe", "svg.fonttype": "path"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None}, facecolor=GROUND)
    return b"\n".join(line.rstrip() for line in buffer.getvalue().splitlines()) + b"\n"
