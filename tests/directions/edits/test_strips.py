"""The pictures of edits: every pixel in its place, strengths below, frames there and back."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from ganprobe.core.errors import InputError
from ganprobe.directions.edits.strips import CAPTION, FOOT, MARGIN, Legend, strip_gif, strip_mp4, strip_png
from ganprobe.report.records.pictures import GAP

ROWS, STEPS, SIDE = 2, 3, 96
IMAGES = np.random.default_rng(0).integers(0, 256, (ROWS, STEPS, 3, SIDE, SIDE), dtype=np.uint8)
STRENGTHS = (-1.0, 0.0, 1.0)
LEGEND = Legend(STRENGTHS)


def test_rows_are_latents_and_columns_strengths() -> None:
    picture = np.asarray(Image.open(io.BytesIO(strip_png(IMAGES, LEGEND))))
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
    animation = Image.open(io.BytesIO(strip_gif(flat, LEGEND)))
    greys = []
    for frame in range(animation.n_frames):
        animation.seek(frame)
        greys.append(np.asarray(animation.convert("RGB"))[SIDE // 2, SIDE // 2, 0])
    assert np.abs(np.array(greys, int) - [20, 120, 220, 120]).max() <= 2
    assert animation.size == (ROWS * SIDE + GAP, SIDE)
    assert animation.info["loop"] == 0


def test_one_step_is_a_still() -> None:
    assert Image.open(io.BytesIO(strip_gif(IMAGES[:, :1], Legend([0.0])))).n_frames == 1


def test_other_arrays_are_refused() -> None:
    for images in (IMAGES.astype(np.float32), IMAGES[0], IMAGES[:, :0], IMAGES[:, :, :2]):
        with pytest.raises(InputError, match="uint8 images"):
            strip_png(images, LEGEND)
    with pytest.raises(InputError, match="one for each"):
        strip_gif(IMAGES, Legend([0.0]))


def test_a_grid_has_strengths_beside_its_rows() -> None:
    picture = np.asarray(Image.open(io.BytesIO(strip_png(IMAGES, Legend(STRENGTHS, rows=(-1.0, 2.0))))))
    assert picture.shape[1] == MARGIN + STEPS * SIDE + 2 * GAP
    np.testing.assert_array_equal(picture[:SIDE, MARGIN : MARGIN + SIDE, :3].transpose(2, 0, 1), IMAGES[0, 0])
    assert picture[:SIDE, :MARGIN, 3].any()
    assert picture[SIDE + GAP : 2 * SIDE + GAP, :MARGIN, 3].any()


def test_lines_stand_under_their_cells() -> None:
    cells = [[("smile +1.00", "age -2.00")] * STEPS, [()] * STEPS]
    picture = np.asarray(Image.open(io.BytesIO(strip_png(IMAGES, Legend(STRENGTHS, cells=cells)))))
    high = SIDE + 2 * CAPTION + GAP
    assert picture.shape[0] == 2 * high - GAP + FOOT
    np.testing.assert_array_equal(picture[high : high + SIDE, :SIDE, :3].transpose(2, 0, 1), IMAGES[1, 0])
    for line in range(2):
        assert picture[SIDE + line * CAPTION : SIDE + (line + 1) * CAPTION, :SIDE, 3].any()
    assert not picture[high + SIDE : high + SIDE + 2 * CAPTION, :SIDE, 3].any()


def test_a_video_shows_the_frames_there_and_back(tmp_path) -> None:
    imageio = pytest.importorskip("imageio.v3", reason="imageio is not installed")
    pytest.importorskip("av", reason="PyAV is not installed")
    flat = np.zeros_like(IMAGES)
    flat[:] = np.array([20, 120, 220], np.uint8)[None, :, None, None, None]
    (tmp_path / "edit.mp4").write_bytes(strip_mp4(flat, LEGEND))
    frames = imageio.imread(tmp_path / "edit.mp4", plugin="pyav")
    assert frames.shape[1:3] == (SIDE, ROWS * SIDE + GAP)
    assert np.abs(frames[:, SIDE // 2, SIDE // 2, 0].astype(int) - [20, 120, 220, 120]).max() <= 4


def test_rows_of_a_grid_need_their_strengths() -> None:
    with pytest.raises(InputError, match="2 rows of images came with 3 strengths"):
        strip_png(IMAGES, Legend(STRENGTHS, rows=STRENGTHS))
