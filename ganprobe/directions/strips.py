"""The pictures of an edit: a strip or grid as PNG, or the same as an animation."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganprobe.core.errors import InputError
from ganprobe.report.canvas import Line, page
from ganprobe.report.pictures import GAP, sheet

FOOT = 26
FRAME_MILLISECONDS = 120


def strip_png(images: NDArray[np.uint8], strengths: Sequence[float]) -> bytes:
    """A PNG of images (rows, steps, 3, H, W): one latent a row, one strength a column, written below."""
    rows, steps = _checked(images, strengths)
    drawn = sheet(images.reshape(rows * steps, *images.shape[2:]), steps)
    height, width = drawn.shape[:2]
    column = (width + GAP) / steps
    lines = [
        Line(f"{strength:+.3g}" if strength else "0", (i + 0.5) * column - GAP / 2, height + FOOT / 2, 13, "center")
        for i, strength in enumerate(strengths)
    ]
    return page(width, height + FOOT, [(drawn, 0, 0)], lines)


def strip_gif(images: NDArray[np.uint8], strengths: Sequence[float]) -> bytes:
    """A GIF of the same, endless, there and back: one strength a frame, the latents side by side."""
    rows, steps = _checked(images, strengths)
    there = [_frame(images[:, step], rows) for step in range(steps)]
    frames = [*there, *there[-2:0:-1]]
    buffer = io.BytesIO()
    frames[0].save(
        buffer, "GIF", save_all=True, append_images=frames[1:], duration=FRAME_MILLISECONDS, loop=0, disposal=2
    )
    return buffer.getvalue()


def _frame(images: NDArray[np.uint8], columns: int) -> Image.Image:
    drawn = Image.fromarray(sheet(images, columns))
    ground = Image.new("RGB", drawn.size, "white")
    ground.paste(drawn, mask=drawn.getchannel("A"))
    return ground.quantize(256, dither=Image.Dither.NONE)


def _checked(images: NDArray[np.uint8], strengths: Sequence[float]) -> tuple[int, int]:
    if images.dtype != np.uint8 or images.ndim != 5 or images.shape[2] != 3 or 0 in images.shape:
        raise InputError(f"uint8 images rows x steps x 3 x H x W were expected, got {images.dtype} {images.shape}")
    if images.shape[1] != len(strengths):
        raise InputError(f"{images.shape[1]} steps of images came with {len(strengths)} strengths; give one for each")
    return images.shape[0], images.shape[1]
