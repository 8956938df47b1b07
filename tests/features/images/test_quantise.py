"""Float images to uint8: known values, the round trip, and what is refused."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ganprobe.core.errors import DataError
from ganprobe.features.images.quantise import to_uint8


def test_known_values() -> None:
    given_values = [-9.0, -1.0, 0.0, 1.0, 9.0, 2 / 255 - 1]
    assert to_uint8(torch.tensor(given_values).view(1, 1, 1, -1)).flatten().tolist() == [0, 0, 128, 255, 255, 1]


def test_every_level_comes_back() -> None:
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    assert torch.equal(to_uint8(levels.float() / 127.5 - 1), levels)


@given(st.floats(-3, 3, width=32))
def test_rounds_half_up(value: float) -> None:
    level = int(to_uint8(torch.full((1, 1, 1, 1), value)))
    exact = (min(max(value, -1.0), 1.0) + 1) * 127.5
    assert abs(level - exact) <= 0.5 + 1e-4
    assert level in {math.floor(exact + 0.5 - 1e-4), math.floor(exact + 0.5 + 1e-4)}


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_float_types(dtype: torch.dtype) -> None:
    images = torch.linspace(-1, 1, 64, dtype=dtype).view(1, 1, 8, 8)
    assert torch.equal(to_uint8(images), to_uint8(images.float()))


@pytest.mark.parametrize("images", [torch.zeros(3, 4, 4), torch.zeros(1, 3, 4, 4, dtype=torch.uint8)])
def test_refuses_what_is_no_float_image(images: torch.Tensor) -> None:
    with pytest.raises(DataError, match="expected float images"):
        to_uint8(images)
