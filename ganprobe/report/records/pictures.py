"""The pictures of a run as arrays, and their arrangement in sheets that can be looked at.

>>> import numpy as np
>>> pictures = RunPictures(samples=np.zeros((6, 3, 32, 32), np.uint8))
>>> sheet(*arranged(pictures.samples, rows=None)).shape  # 2 rows of 3, each picture drawn 96 pixels wide
(196, 296, 4)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganprobe.core.errors import InputError

Pixels = NDArray[np.uint8]
SIDE = 96
GAP = 4


@dataclass(frozen=True, slots=True, eq=False)
class RunPictures:
    """What a report shows beside the numbers; whatever is None is left out.

    samples: (N, 3, H, W) uint8, in the order of their indices. sample_labels: one name per row of a class-conditional
    grid, which then has N / len(sample_labels) columns. interpolation: (rows, steps, 3, H, W) uint8, walked in
    `interpolation_space`. distances: metric name to (pairs,) path lengths. captions: for any of "samples",
    "interpolation" and "path_lengths", in place of the usual caption. InputError for other shapes.
    """

    samples: Pixels | None = None
    sample_labels: tuple[str, ...] | None = None
    interpolation: Pixels | None = None
    interpolation_space: str = "z"
    distances: Mapping[str, NDArray[np.floating[Any]]] | None = None
    captions: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        _check(self.samples, "samples", 4)
        _check(self.interpolation, "interpolation", 5)
        rows = len(self.sample_labels or ())
        if rows and (self.samples is None or len(self.samples) % rows):
            had = "none" if self.samples is None else len(self.samples)
            raise InputError(f"samples must fill {rows} labelled rows evenly, got {had}; give a multiple of {rows}")


def _check(images: Pixels | None, name: str, ndim: int) -> None:
    if images is None:
        return
    if images.dtype != np.uint8 or images.ndim != ndim or images.shape[-3] != 3 or 0 in images.shape:
        leading = "N x 3 x H x W" if ndim == 4 else "rows x steps x 3 x H x W"
        raise InputError(f"{name} must be uint8, {leading} and not empty, got {images.dtype} of shape {images.shape}")


def arranged(images: Pixels, rows: int | None) -> tuple[Pixels, int]:
    """`images` with a number of columns: those of `rows` full rows, or the divisor of N nearest to a pleasant shape."""
    n = len(images)
    if rows:
        return images, n // rows
    wanted = min(12.0, max(3.0, (1.4 * n) ** 0.5))
    divisors = [columns for columns in range(3, 13) if n % columns == 0]
    return images, min(divisors, key=lambda columns: abs(columns - wanted), default=min(n, round(wanted)))


def sheet(images: Pixels, columns: int, *, side: int = SIDE) -> Pixels:
    """Images (N, 3, H, W) in rows of `columns`, small ones enlarged: (height, width, 4) uint8 RGBA, the gaps clear."""
    drawn = np.stack([enlarged(image, side) for image in images])
    n, height, width, _ = drawn.shape
    rows = -(-n // columns)
    step_y, step_x = height + GAP, width + GAP
    page = np.zeros((rows * step_y - GAP, columns * step_x - GAP, 4), np.uint8)
    for i, picture in enumerate(drawn):
        top, left = i // columns * step_y, i % columns * step_x
        page[top : top + height, left : left + width, :3] = picture
        page[top : top + height, left : left + width, 3] = 255
    return page


def enlarged(image: Pixels, side: int) -> Pixels:
    """(3, H, W) as (h, w, 3) with a longer edge of about `side`: small images by a whole factor, each pixel a square,
    so that nothing is seen that the generator did not draw; large ones reduced by Lanczos' filter."""
    pixels = np.ascontiguousarray(image.transpose(1, 2, 0))
    longer = max(pixels.shape[:2])
    factor = round(side / longer)
    if factor >= 1:
        return pixels.repeat(factor, axis=0).repeat(factor, axis=1)
    size = (max(1, pixels.shape[1] * side // longer), max(1, pixels.shape[0] * side // longer))
    return np.asarray(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))
