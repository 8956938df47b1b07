"""The pictures of edits: every pixel in its place, strengths below, frames there and back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ganprobe.core.errors import InputError
from ganprobe.directions.strips import FOOT, strip_gif, strip_png
from ganprobe.report.pictures import GAP

ROWS, STEPS, SIDE = 2, 3, 96
IMAGES = np.random.default_rng(0).integers(0, 256, (ROWS, STEPS, 3, SIDE, SIDE), dtype=np.uint8)
STRENGTHS = (-1.0, 0.0, 1.0)


def test_rows_are_latents_and_columns_strengths() -> None:
    picture = np.asarray(Image.open(io.BytesIO(strip_png(IMAGES, STRENGTHS))))
    assert picture.shape == (ROWS * SIDE + GAP + FOOT, STEPS * SIDE + 2 * GAP, 4)
    for row in range(ROWS):
        for step in range(STEPS):
            top, left = row * (SIDE + GAP), step * (SIDE + GAP)
            part = picture[top : top + SIDE, left : left + SIDE, :3].transpose(2, 0, 1)
            np.testing.assert_array_equal(part, IMAGES[row, step])
    for step in range(STEPS):
        left = step * (SIDE + GAP)
        assert picture[-FOOT:, left : left + SIDE, 3].any()


def test_the_gif_goes_there_and_back() -> None:
    flat = np.zeros_like(IMAGES)
    flat[:] = np.array([20, 120, 220], np.uint8)[None, :, None, None, None]
    animation = Image.open(io.BytesIO(strip_gif(flat, STRENGTHS)))
    greys = []
    for frame in range(animation.n_frames):
        animation.seek(frame)
        greys.append(np.asarray(animation.convert("RGB"))[SIDE // 2, SIDE // 2, 0])
    assert np.abs(np.array(greys, int) - [20, 120, 220, 120]).max() <= 2
    assert animation.size == (ROWS * SIDE + GAP, SIDE)
    assert animation.info["loop"] == 0


def test_one_step_is_a_still() -> None:
    assert Image.open(io.BytesIO(strip_gif(IMAGES[:, :1], [0.0]))).n_frames == 1


def test_other_arrays_are_refused() -> None:
    for images in (IMAGES.astype(np.float32), IMAGES[0], IMAGES[:, :0], IMAGES[:, :, :2]):
        with pytest.raises(InputError, match="uint8 images"):
            strip_png(images, STRENGTHS)
    with pytest.raises(InputError, match="one for each"):
        strip_gif(IMAGES, [0.0])
