"""Transformed images against numpy and against each other, and amounts read back from them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from ganprobe.core.errors import InputError
from ganprobe.directions.methods.steering.transforms import (
    FACTORS,
    blurred,
    check_factors,
    known_error,
    registered,
    transform,
)


def _smooth(n: int = 4, size: int = 32, seed: int = 0) -> torch.Tensor:
    """Smooth random images within [-0.8, 0.8]."""
    noise = np.random.default_rng(seed).standard_normal((n, 3, size, size))
    images = ndimage.gaussian_filter(noise, (0, 0, 2.5, 2.5), mode="wrap")
    return torch.from_numpy(0.8 * images / np.abs(images).max((1, 2, 3), keepdims=True)).float()


def _amounts(n: int, value: float) -> torch.Tensor:
    return torch.full((n,), value)


@pytest.mark.parametrize("factor", FACTORS)
def test_nothing_asked_is_nothing_done(factor: str) -> None:
    images = _smooth()
    same, known = transform(images, factor, _amounts(4, 0.0))
    torch.testing.assert_close(same, images, atol=1e-5, rtol=0)
    assert bool((known == 1).all())


@pytest.mark.parametrize(("factor", "axis"), [("shift_x", 3), ("shift_y", 2)])
@settings(max_examples=20, deadline=None)
@given(pixels=st.integers(-6, 6))
def test_shifts_by_whole_pixels_are_rolls_within_the_known(factor: str, axis: int, pixels: int) -> None:
    images = _smooth()
    moved, known = transform(images, factor, _amounts(4, pixels / 32))
    rolled = images.roll(pixels, axis)
    torch.testing.assert_close(known * moved, known * rolled, atol=1e-5, rtol=0)
    assert int(known[0].sum()) == 32 * (32 - abs(pixels))


def test_a_quarter_turn_is_counter_clockwise() -> None:
    images = _smooth()
    turned, known = transform(images, "rotation", _amounts(4, 90.0))
    torch.testing.assert_close(turned, images.rot90(1, (2, 3)), atol=1e-4, rtol=0)
    assert bool((known == 1).all())


def test_zoom_by_an_octave_shows_the_middle_half() -> None:
    ramp = torch.linspace(-1, 1, 33).expand(1, 3, 33, 33).clone()
    near, known = transform(ramp, "zoom", _amounts(1, 1.0))
    torch.testing.assert_close(near[0, 0, 0], ramp[0, 0, 0] / 2, atol=1e-5, rtol=0)
    assert bool((known == 1).all())
    far, known = transform(ramp, "zoom", _amounts(1, -1.0))
    assert int(known.sum()) == 17 * 17
    torch.testing.assert_close(far[0, 0, 16, 8:25], ramp[0, 0, 16, ::2], atol=1e-5, rtol=0)


def test_light_and_colours_are_added_and_cut() -> None:
    images = _smooth()
    bright, _ = transform(images, "brightness", _amounts(4, 0.5))
    torch.testing.assert_close(bright, (images + 0.5).clamp(max=1))
    green, _ = transform(images, "green", torch.tensor([-0.1, 0.0, 0.1, 0.2]))
    torch.testing.assert_close(green[:, [0, 2]], images[:, [0, 2]])
    torch.testing.assert_close(green[3, 1], images[3, 1] + 0.2)
    torch.testing.assert_close(green[0, 1], images[0, 1] - 0.1)


@pytest.mark.parametrize("factor", FACTORS)
@settings(max_examples=8, deadline=None)
@given(share=st.floats(-1, 1))
def test_an_amount_is_read_back(factor: str, share: float) -> None:
    reach = FACTORS[factor].reach
    before = _smooth(size=48)
    wanted = share * reach * torch.tensor([1.0, -1.0, 0.5, 0.0])
    after, _ = transform(before, factor, wanted)
    found = registered(before, after, factor, reach=reach)
    torch.testing.assert_close(found, wanted, atol=0.012 * reach, rtol=0)


def test_what_comes_from_outside_is_not_compared() -> None:
    images = _smooth()
    moved, known = transform(images, "shift_x", _amounts(4, 0.25))
    spoilt = torch.where(known > 0, moved, torch.full_like(moved, 9.0))
    assert float(known_error(spoilt, moved, known).max()) == 0.0
    expected = (0.3**2) * torch.ones(4)
    torch.testing.assert_close(known_error(moved + 0.3, moved, known), expected, atol=1e-5, rtol=0)


def test_blur_is_scipys() -> None:
    images = _smooth()
    expected = ndimage.gaussian_filter(images.numpy(), (0, 0, 1.5, 1.5), mode="constant", radius=(0, 0, 5, 5))
    np.testing.assert_allclose(blurred(images, 1.5).numpy(), expected, atol=1e-6)


def test_unknown_factors_are_refused() -> None:
    for names, said in [(("zom",), "did you mean 'zoom'"), ((), "at least one"), (("zoom", "zoom"), "distinct")]:
        with pytest.raises(InputError, match=said):
            check_factors(names)
