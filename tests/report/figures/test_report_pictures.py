"""Pictures and figures."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image
from report_fakes import make_pictures, make_record

from ganprobe.core.errors import InputError
from ganprobe.report import RunPictures, run_figures
from ganprobe.report.figures.canvas import drawable, pixels_of
from ganprobe.report.records.pictures import GAP, SIDE, arranged, enlarged, sheet

RNG = np.random.default_rng(0)


def test_every_pixel_of_a_small_picture_is_a_square_of_the_sheet() -> None:
    images = RNG.integers(0, 256, (6, 3, 32, 32), np.uint8)
    page = sheet(images, 3)
    scale = SIDE // 32
    assert page.shape == (2 * SIDE + GAP, 3 * SIDE + 2 * GAP, 4)
    for i, image in enumerate(images):
        top, left = i // 3 * (SIDE + GAP), i % 3 * (SIDE + GAP)
        for y in range(scale):
            tile = page[top + y : top + SIDE : scale, left : left + SIDE : scale]
            np.testing.assert_array_equal(tile[..., :3], image.transpose(1, 2, 0))
            assert (tile[..., 3] == 255).all()
    assert (page[SIDE : SIDE + GAP] == 0).all()


def test_the_png_holds_the_sheet_pixel_for_pixel() -> None:
    pictures = RunPictures(samples=RNG.integers(0, 256, (8, 3, 64, 64), np.uint8))
    assert pictures.samples is not None
    data = run_figures(make_record(), pictures)["samples"]
    with Image.open(io.BytesIO(data)) as image:
        np.testing.assert_array_equal(np.asarray(image), sheet(*arranged(pictures.samples, None)))


def test_labels_stand_beside_their_rows() -> None:
    plain = pixels_of(run_figures(make_record(), RunPictures(samples=make_pictures().samples))["samples"], name="x")
    labelled = pixels_of(run_figures(make_record(), make_pictures())["samples"], name="x")
    margin = labelled.shape[1] - (4 * SIDE + 3 * GAP)
    assert margin > 0
    assert plain.shape[2] == 4
    for row in range(3):
        centre = row * (SIDE + GAP) + SIDE // 2
        assert labelled[centre - 12 : centre + 12, :margin, 3].any()
        assert not labelled[centre + 20 : centre + 45, :margin, 3].any()


def test_a_strip_has_a_row_for_each_walk() -> None:
    strip = pixels_of(run_figures(make_record(), make_pictures())["interpolation"], name="x")
    assert strip.shape[:2] == (2 * SIDE + GAP, 5 * SIDE + 4 * GAP)


def test_large_pictures_are_reduced_in_proportion() -> None:
    assert enlarged(np.zeros((3, 256, 512), np.uint8), 96).shape == (48, 96, 3)


@pytest.mark.parametrize(("n", "columns"), [(64, 8), (16, 4), (24, 6), (100, 10), (37, 7), (1, 1)])
def test_grids_fill_their_rows_where_they_can(n: int, columns: int) -> None:
    assert arranged(np.zeros((n, 3, 4, 4), np.uint8), None)[1] == columns


def test_figures_of_path_lengths_come_for_light_and_dark_pages() -> None:
    figures = run_figures(make_record(), make_pictures())
    light, dark = (pixels_of(figures[name], name=name) for name in ("path_lengths", "path_lengths_dark"))
    assert light.shape == dark.shape
    assert light[0, 0].tolist() == [255, 255, 255, 255]
    assert dark[0, 0, 3] == 0


def test_lengths_that_cannot_be_drawn_are_left_out() -> None:
    distances = {"ppl_z_end": np.zeros(10), "ppl_w_end": np.array([np.nan, 1.0])}
    assert run_figures(make_record(), RunPictures(distances=distances)) == {}
    assert "path_lengths" in run_figures(make_record(), RunPictures(distances={"ppl_w_end": np.full(5, 2.0)}))


@pytest.mark.parametrize(
    "wrong",
    [
        {"samples": np.zeros((4, 3, 8, 8), np.float32)},
        {"samples": np.zeros((4, 8, 8, 3), np.uint8)},
        {"samples": np.zeros((0, 3, 8, 8), np.uint8)},
        {"interpolation": np.zeros((4, 3, 8, 8), np.uint8)},
        {"samples": np.zeros((4, 3, 8, 8), np.uint8), "sample_labels": ("a", "b", "c")},
        {"sample_labels": ("a",)},
    ],
)
def test_wrong_pictures_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        RunPictures(**wrong)  # type: ignore[arg-type]


def test_text_that_the_font_lacks_is_drawn_as_question_marks() -> None:
    assert drawable("a\u4e00\nb") == "a? b"
    assert drawable("abcdef", longest=4) == "abc…"


def test_a_broken_figure_is_named() -> None:
    with pytest.raises(InputError, match="figure samples"):
        pixels_of(b"not a picture", name="samples")
