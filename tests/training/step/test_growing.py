"""The schedule of progressive growing, and real images at a level of detail."""

import pytest
import torch

from ganprobe.core.errors import InputError
from ganprobe.training.recipe.records import Growing
from ganprobe.training.step.growing import check_growing, images_at, level_of_detail

PLAN = Growing(start=16, stabilise=100, fade=50)


@pytest.mark.parametrize(
    ("images", "lod"),
    [(0, 2.0), (100, 2.0), (125, 1.5), (150, 1.0), (250, 1.0), (275, 0.5), (300, 0.0), (10**6, 0.0)],
)
def test_schedule(images, lod):
    assert level_of_detail(images, resolution=64, growing=PLAN) == lod


def test_without_growth_or_fading():
    assert level_of_detail(0, resolution=64, growing=None) == 0.0
    steps = [level_of_detail(n, resolution=32, growing=Growing(start=16, stabilise=10, fade=0)) for n in (0, 9, 10)]
    assert steps == [1.0, 1.0, 0.0]


def test_images_at_a_whole_level_are_box_filtered():
    images = torch.arange(3 * 8 * 8, dtype=torch.float32).view(1, 3, 8, 8)
    assert torch.equal(images_at(images, 0.0), images)
    expected = images.view(1, 3, 2, 4, 2, 4).mean((3, 5))
    torch.testing.assert_close(images_at(images, 2.0), expected)


def test_images_between_levels_fade_linearly():
    images = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    coarse = images_at(images, 1.0).repeat_interleave(2, 2).repeat_interleave(2, 3)
    torch.testing.assert_close(images_at(images, 0.25), 0.75 * images + 0.25 * coarse)
    torch.testing.assert_close(images_at(images, 1 - 1e-6), coarse, rtol=0, atol=1e-5)


@pytest.mark.parametrize("fields", [{"start": 12}, {"start": 2}, {"start": 8, "stabilise": 0, "fade": 0}])
def test_impossible_growth_is_refused(fields):
    with pytest.raises(InputError):
        Growing(**fields)


def test_growth_from_above_the_resolution_is_refused():
    with pytest.raises(InputError, match="power of two from 4 to 64, got 128"):
        check_growing(Growing(start=128), 64)
