"""Drawing with matplotlib's Agg canvas, without its global state: exact pixels with text beside them, to PNG."""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from ganprobe.core.errors import InputError

FONT = "DejaVu Sans"
_DPI = 100
_QUIET_INK = "#7d8590"
_LEVEL = 6
"""Of zlib: the highest takes ten times as long, for files that are 2% smaller."""


@dataclass(frozen=True, slots=True)
class Theme:
    """The colours of a chart. paper: None for a clear ground."""

    ink: str
    quiet: str
    line: str
    accent: str
    paper: str | None


LIGHT = Theme(ink="#1b1e23", quiet="#606874", line="#e3e5e9", accent="#3558c8", paper="#ffffff")
DARK = Theme(ink="#e8eaed", quiet="#9ba3ae", line="#33383f", accent="#8fabff", paper=None)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of text on a page: x and y (of its middle) in pixels from the top left corner; size in pixels."""

    text: str
    x: float
    y: float
    size: float = 13
    align: str = "left"


def page(
    width: int, height: int, pictures: Iterable[tuple[NDArray[np.uint8], int, int]], lines: Iterable[Line]
) -> bytes:
    """A PNG of `width` x `height` with RGBA pictures, each with its left and top, drawn pixel for pixel on a clear
    ground, and lines of text in a grey that can be read on white and on black."""
    ground = Image.new("RGBA", (width, height))
    if text := tuple(lines):
        ground = Image.fromarray(_text_layer(width, height, text))
    for picture, left, top in pictures:
        ground.paste(Image.fromarray(picture), (left, top))
    buffer = io.BytesIO()
    ground.save(buffer, "PNG", compress_level=_LEVEL)
    return buffer.getvalue()


def _text_layer(width: int, height: int, lines: Iterable[Line]) -> NDArray[np.uint8]:
    figure = Figure(figsize=(width / _DPI, height / _DPI), dpi=_DPI)
    figure.patch.set_alpha(0.0)
    for line in lines:
        write(figure, line.x / width, 1 - line.y / height, line.text, size=line.size * 72 / _DPI, align=line.align)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.array(canvas.buffer_rgba(), dtype=np.uint8)[:height, :width]  # type: ignore[no-untyped-call]


def write(figure: Figure, x: float, y: float, text: str, *, size: float, align: str) -> None:
    """Text at a place of the figure, (0, 0) bottom left to (1, 1), size in points."""
    figure.text(
        x, y, drawable(text), fontsize=size, ha=align, va="center", color=_QUIET_INK, family=FONT, parse_math=False
    )


def png(figure: Figure, theme: Theme, *, dpi: int = 192) -> bytes:
    """A figure as PNG on the theme's paper."""
    FigureCanvasAgg(figure)
    buffer = io.BytesIO()
    figure.savefig(
        buffer, format="png", dpi=dpi, facecolor=theme.paper or "none", pil_kwargs={"compress_level": _LEVEL}
    )
    return buffer.getvalue()


def pixels_of(data: bytes, *, name: str) -> NDArray[np.uint8]:
    """The (H, W, 4) pixels of a PNG. InputError where it is none."""
    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGBA"))
    except (OSError, SyntaxError) as problem:
        raise InputError(f"the figure {name} cannot be read as PNG ({problem}); write the run again") from problem


def drawable(text: str, *, longest: int = 60) -> str:
    """`text` on one line, cut to `longest` characters, with what the font has no shape for as '?'."""
    known = _shapes()
    line = "".join(c if ord(c) in known else "?" for c in " ".join(text.split()))
    return line if len(line) <= longest else line[: longest - 1] + "…"


@cache
def _shapes() -> frozenset[int]:
    font: Any = font_manager.get_font(font_manager.findfont(FONT))
    return frozenset(font.get_charmap())
