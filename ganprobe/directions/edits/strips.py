"""The pictures of an edit: a strip or grid as PNG, or the same as an animation."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.features import to_uint8
from ganprobe.report.figures.canvas import Line, page
from ganprobe.report.records.pictures import GAP, sheet

STRIP_ROWS: Final = 4
STRIP_STRENGTHS: Final = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
FOOT, MARGIN, CAPTION, SIZE = 26, 48, 15, 13
FRAME_MILLISECONDS: Final = 120
VIDEO_MULTIPLE: Final = 2
"""Sides of a video are multiples of it, for its colours have half the resolution."""

Pixels = NDArray[np.uint8]


def pixels_of(images: Tensor) -> Pixels:
    """(rows, columns, 3, H, W) as uint8."""
    pixels: Pixels = to_uint8(images.flatten(0, 1)).cpu().numpy()
    return pixels.reshape(*images.shape)


@dataclass(frozen=True, slots=True)
class Legend:
    """What is written into a picture: below each column its strength, beside each row of a grid its own, and under each
    cell, row by row, its lines."""

    columns: Sequence[float]
    rows: Sequence[float] = ()
    cells: Sequence[Sequence[Sequence[str]]] = field(default=())


def strip_png(images: NDArray[np.uint8], legend: Legend) -> bytes:
    """A PNG of images (rows, columns, 3, H, W)."""
    rows, columns = _checked(images, legend)
    left = MARGIN if legend.rows else 0
    below = CAPTION * max((len(lines) for row in legend.cells for lines in row), default=0)
    tile = sheet(images[0, :1], 1)
    wide, high = tile.shape[1] + GAP, tile.shape[0] + below + GAP
    pictures, lines = [], []
    for row in range(rows):
        for column in range(columns):
            x, y = left + column * wide, row * high
            pictures.append((sheet(images[row, column : column + 1], 1), x, y))
            said = legend.cells[row][column] if legend.cells else ()
            for number, text in enumerate(said):
                top = y + tile.shape[0] + (number + 0.5) * CAPTION
                lines.append(Line(text, x + tile.shape[1] / 2, top, SIZE - 3, "center"))
    foot = rows * high - GAP + FOOT / 2
    for column, strength in enumerate(legend.columns):
        lines.append(Line(_signed(strength), left + column * wide + tile.shape[1] / 2, foot, SIZE, "center"))
    for row, strength in enumerate(legend.rows):
        lines.append(Line(_signed(strength), MARGIN / 2, row * high + tile.shape[0] / 2, SIZE, "center"))
    return page(left + columns * wide - GAP, rows * high - GAP + FOOT, pictures, lines)


def strip_gif(images: NDArray[np.uint8], legend: Legend) -> bytes:
    """A GIF of the same, endless, there and back: one column a frame, the rows side by side."""
    frames = [_frame(images[:, step], len(images)).quantize(256, dither=Image.Dither.NONE) for step in _there(images)]
    _checked(images, legend)
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=frames[1:], duration=FRAME_MILLISECONDS, loop=0, disposal=2
    )
    return buffer.getvalue()


def strip_mp4(images: NDArray[np.uint8], legend: Legend) -> bytes:
    """An MP4 (H.264) of the same, there and back once. CapabilityError without imageio and PyAV."""
    try:
        import av  # noqa: F401 - imageio finds it by itself, and says less where it is missing
        from imageio import v3 as imageio
    except ImportError as problem:
        raise CapabilityError(
            "an .mp4 needs imageio with PyAV: pip install 'ganprobe[video]', or name a .gif"
        ) from problem
    _checked(images, legend)
    frames = np.stack([np.asarray(_frame(images[:, step], len(images), VIDEO_MULTIPLE)) for step in _there(images)])
    written = imageio.imwrite(
        "<bytes>", frames, extension=".mp4", plugin="pyav", codec="libx264", fps=round(1000 / FRAME_MILLISECONDS)
    )
    return bytes(written)


def _there(images: NDArray[np.uint8]) -> list[int]:
    """The columns in the order in which an animation shows them."""
    steps = list(range(images.shape[1]))
    return [*steps, *steps[-2:0:-1]]


def _frame(images: NDArray[np.uint8], columns: int, multiple: int = 1) -> Image.Image:
    """The pictures side by side on white; sides filled up to a `multiple`."""
    drawn = Image.fromarray(sheet(images, columns))
    width, height = (-(-side // multiple) * multiple for side in drawn.size)
    ground = Image.new("RGB", (width, height), "white")
    ground.paste(drawn, mask=drawn.getchannel("A"))
    return ground


def _signed(strength: float) -> str:
    return f"{strength:+.3g}" if strength else "0"


def _checked(images: NDArray[np.uint8], legend: Legend) -> tuple[int, int]:
    if images.dtype != np.uint8 or images.ndim != 5 or images.shape[2] != 3 or 0 in images.shape:
        raise InputError(f"uint8 images rows x steps x 3 x H x W were expected, got {images.dtype} {images.shape}")
    if images.shape[1] != len(legend.columns):
        raise InputError(
            f"{images.shape[1]} steps of images came with {len(legend.columns)} strengths; give one for each"
        )
    if legend.rows and len(legend.rows) != len(images):
        raise InputError(f"{len(images)} rows of images came with {len(legend.rows)} strengths; give one for each")
    return images.shape[0], images.shape[1]
