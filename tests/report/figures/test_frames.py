"""Frames of a page fit in it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from directions_fakes import all_frames, frames, numbers, strips
from PIL import Image

from ganprobe.core.errors import InputError
from ganprobe.report.figures.frames import MOST_BYTES, encoded
from ganprobe.report.folders.directions import found_report
from ganprobe.report.records.directions import Frames


def noise(count: int, *, side: int, seed: int = 0) -> list[Frames]:
    """What compresses worst."""
    images = np.random.default_rng(seed).integers(0, 256, (4, 13, 3, side, side), np.uint8)
    return [Frames(strengths=tuple(np.linspace(-3, 3, 13).tolist()), images=images) for _ in range(count)]


def test_a_small_set_is_shown_in_full() -> None:
    (found,) = encoded([frames()])
    assert len(found.pictures) == 4
    assert found.strengths == frames().strengths
    assert found.small
    with Image.open(io.BytesIO(found.pictures[1][12])) as image:
        assert image.format == "WEBP"
        drawn = np.asarray(image.convert("RGB"), int).mean()
    assert abs(drawn - frames().images[1, 12].mean()) < 3


def test_all_samples_of_an_edit_are_shown() -> None:
    (found,) = encoded([frames(rows=9, strengths=3)])
    assert len(found.pictures) == 9


def test_large_pictures_are_reduced() -> None:
    (found,) = encoded([frames(side=300, rows=1, strengths=3)])
    assert (found.width, found.height, found.small) == (256, 256, False)


def test_the_worst_pictures_fit_in_what_there_is() -> None:
    found = encoded(noise(4, side=40), most_bytes=60_000)
    assert sum(len(picture) for each in found for row in each.pictures for picture in row) <= 60_000
    assert all(0.0 in each.strengths and each.strengths[0] == -3 and each.strengths[-1] == 3 for each in found)
    assert found[0].pictures[0][0] == found[3].pictures[0][0]


def test_the_strengths_of_a_grid_and_odd_numbers_of_steps_stay() -> None:
    grid = Frames(strengths=(-1.0, 1.0), images=frames(rows=6, strengths=2).images, rows=tuple("abcdef"))
    (found,) = encoded([grid])
    assert (len(found.pictures), found.strengths) == (6, (-1.0, 1.0))


@pytest.mark.slow
def test_a_page_of_many_large_directions_stays_under_15_mb() -> None:
    said = numbers(tuple(f"n{i}" for i in range(50)))
    page = found_report(said, all_frames(said, side=256, seed=1), strips(said))["report.html"]
    assert len(page) < 15_000_000
    assert MOST_BYTES * 4 / 3 < 13_000_000


@pytest.mark.parametrize("images", [np.zeros((1, 2, 3, 4, 4)), np.zeros((1, 3, 3, 4, 4), np.uint8)])
def test_other_shapes_are_refused(images: np.ndarray) -> None:
    with pytest.raises(InputError):
        Frames(strengths=(0.0, 1.0), images=images)
