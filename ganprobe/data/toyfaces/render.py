"""Factors to pictures."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import InputError
from ganprobe.data.toyfaces.canvas import Canvas
from ganprobe.data.toyfaces.face import pose
from ganprobe.data.toyfaces.factors import Factors, factors
from ganprobe.data.toyfaces.features import paint_brows, paint_eyeglasses, paint_eyes, paint_mouth, paint_nose
from ganprobe.data.toyfaces.hair import paint_back_hair, paint_fringe, paint_front_locks
from ganprobe.data.toyfaces.head import paint_backdrop, paint_ears, paint_head, paint_shoulders, paint_wrinkles

DEFAULT_RESOLUTION = 64
MIN_RESOLUTION = 8
_PIXELS_AT_ONCE = 16 * 64 * 64

_LAYERS = (
    paint_backdrop,
    paint_back_hair,
    paint_shoulders,
    paint_ears,
    paint_head,
    paint_wrinkles,
    paint_nose,
    paint_mouth,
    paint_eyes,
    paint_front_locks,
    paint_fringe,
    paint_brows,
    paint_eyeglasses,
)


def render(faces: Factors, *, resolution: int = DEFAULT_RESOLUTION) -> NDArray[np.uint8]:
    """Pictures (N, 3, resolution, resolution), uint8, of the faces; each depends on its own factors alone.

    Raises InputError for a resolution under 8.
    """
    if resolution < MIN_RESOLUTION:
        raise InputError(f"expected a resolution of {MIN_RESOLUTION} or more, got {resolution}; ask for a larger one")
    pictures = np.empty((len(faces), 3, resolution, resolution), np.uint8)
    step = max(1, _PIXELS_AT_ONCE // resolution**2)
    for start in range(0, len(faces), step):
        part = slice(start, start + step)
        pictures[part] = _paint(faces.rows(part), resolution)
    return pictures


def _paint(faces: Factors, resolution: int) -> NDArray[np.uint8]:
    canvas, face = Canvas.blank(len(faces), resolution), pose(faces)
    for layer in _LAYERS:
        layer(canvas, face)
    levels = np.clip(canvas.pixels, 0, 1) * np.float32(255) + np.float32(0.5)
    return levels.astype(np.uint8)


def images(index: range, *, seed: int, resolution: int = DEFAULT_RESOLUTION) -> NDArray[np.uint8]:
    """Pictures `index` (step 1) of the data set under `seed`, (N, 3, resolution, resolution) uint8."""
    return render(factors(index, seed=seed), resolution=resolution)
