"""What code of others gives for images: recognised, or refused by name."""

import re
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.samplers.outputs import images_of
from ganprobe.samplers.ranges import check_range, stated_range

PIXELS = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 3, 8, 6), dtype=np.uint8))
FLOATS = PIXELS.float() / 127.5 - 1


def _pictures(mode: str = "RGB") -> list[Image.Image]:
    return [Image.fromarray(each.permute(1, 2, 0).numpy()).convert(mode) for each in PIXELS]


@pytest.mark.parametrize(
    "given",
    [
        FLOATS,
        FLOATS.double(),
        PIXELS,
        FLOATS.numpy(),
        FLOATS.numpy().astype(">f8"),
        PIXELS.numpy(),
        FLOATS.permute(0, 2, 3, 1),
        PIXELS.numpy().transpose(0, 2, 3, 1),
        (FLOATS, torch.zeros(2, 16)),
        (FLOATS, None),
        [FLOATS],
        list(FLOATS),
        tuple(PIXELS),
        list(PIXELS.numpy()),
        {"images": FLOATS, "w": torch.zeros(2, 4)},
        {"image": PIXELS},
        SimpleNamespace(sample=FLOATS),
        SimpleNamespace(images=_pictures(), nsfw=None),
        _pictures(),
        ({"images": FLOATS}, "more"),
    ],
)
def test_what_is_recognised(given: Any) -> None:
    images = images_of(given, 2, "net")
    assert images.dtype == torch.float32
    torch.testing.assert_close(images, FLOATS, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_half_precision(kind: torch.dtype) -> None:
    torch.testing.assert_close(images_of(FLOATS.to(kind), 2, "net"), FLOATS, rtol=0, atol=4e-3)


@pytest.mark.parametrize("given", [FLOATS[:, :1], FLOATS[:, :1].permute(0, 2, 3, 1), _pictures("L")])
def test_grey_is_three_times_the_plane(given: Any) -> None:
    images = images_of(given, 2, "net")
    assert images.shape == (2, 3, 8, 6)
    assert torch.equal(images[:, 0], images[:, 2])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (FLOATS[:1], "gave 1 images of shape .* where 2 were asked for"),
        (torch.zeros(2, 4, 8, 8), "alpha plane"),
        (torch.zeros(2, 8, 8, 4), "alpha plane"),
        (torch.zeros(2, 48), "it is flat"),
        (torch.zeros(2, 8, 8), "N x 1 x H x W"),
        (torch.zeros(3, 8, 8), "may be a single image"),
        (torch.zeros(2, 3, 8, 3), "channels first or last"),
        (torch.zeros(2, 3, 0, 8), "shape"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.int64), "torch.int64 images"),
        (torch.zeros(2, 3, 8, 8, dtype=torch.complex64), "torch.complex64 images"),
        (torch.zeros(2, 3, 8, 8, device="meta"), "the device meta"),
        ([FLOATS[:, :, ::2, ::2], FLOATS], r"several sizes \(4 x 3, 8 x 6\)"),
        ([FLOATS[0], FLOATS[1, :, ::2]], "different sizes or types"),
        ({"x": FLOATS}, "gave a dict of x; .* images or image or sample"),
        (SimpleNamespace(x=FLOATS), "gave a SimpleNamespace"),
        ("words", "gave a str"),
        (None, "gave a NoneType"),
        ([], "gave a list of nothing"),
        ([1, 2], "gave a list of int, int"),
        ([Image.new("F", (4, 4))] * 2, "mode F"),
    ],
)
def test_what_is_refused(given: Any, said: str) -> None:
    with pytest.raises(InputError, match=said) as caught:
        images_of(given, 2, "net")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("range_", [(0, 1), (0, 255)])
def test_a_stated_range(range_: tuple[int, int]) -> None:
    given = PIXELS.float() / 255 * range_[1]
    images = images_of(given, 2, "net", range_)
    torch.testing.assert_close(images, FLOATS, rtol=0, atol=1e-5)
    assert check_range(images, "net", range_) == ()


def test_uint8_has_a_range_of_its_own() -> None:
    assert images_of(PIXELS, 2, "net", (0, 255)).shape == (2, 3, 8, 6)
    with pytest.raises(InputError, match="whose range is 0,255, not 0,1"):
        images_of(PIXELS, 2, "net", (0, 1))


def uniform(low: float, high: float) -> Tensor:
    return torch.rand(64, 3, 4, 4, generator=torch.Generator().manual_seed(0)) * (high - low) + low


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0, 1, r"none of 64 images with a value below 0: .* --output-range .*: 0,1 or -1,1"),
        (0.01, 0.9, "none of 64 images"),
        (0, 255, "floats from .* to 25"),
        (-1, 200, "uint8 was expected"),
        (-500, 500, "uint8 was expected"),
    ],
)
def test_another_range_is_refused(low: float, high: float, said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_range(uniform(low, high), "net", None)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.2, 0.9, "no value of the first 64 images is below 0"),
        (0, 0.3, "no value of the first 64 images is below 0"),
        (0, 3, "no value of the first 64 images is below 0"),
        (-2.1, 2.6, r"\d\d% of the values .* lie outside"),
        (-20, 20, "lie outside"),
    ],
)
def test_a_doubtful_range_is_noted(low: float, high: float, said: str) -> None:
    note, *_ = check_range(uniform(low, high), "net", None)
    assert re.search(said, note)


@pytest.mark.parametrize(("low", "high"), [(-1, 1), (-0.01, 1), (-1.3, 1.3), (-1, 0)])
def test_a_usual_range_needs_no_word(low: float, high: float) -> None:
    assert check_range(uniform(low, high), "net", None) == ()


def test_a_stated_range_holds_against_what_it_looks_like() -> None:
    assert check_range(uniform(0, 1), "net", (-1, 1)) == ()


@pytest.mark.parametrize(
    ("values", "range_", "said"),
    [
        (uniform(-1, 1), (0, 1), "floats from -.* and their range is said to be 0,1"),
        (uniform(0, 255), (0, 1), "said to be 0,1"),
        (uniform(0, 1), (0, 255), "said to be 0,255"),
    ],
)
def test_a_range_that_is_stated_wrongly(values: Tensor, range_: tuple[int, int], said: str) -> None:
    with pytest.raises(InputError, match=said):
        check_range(images_of(values, 64, "net", range_), "net", range_)


def test_where_a_range_is_stated() -> None:
    own = SimpleNamespace(output_range=[0, 1])
    assert stated_range(own, None, "net") == (0, 1)
    assert stated_range(own, (-1, 1), "net") == (-1, 1)
    assert stated_range(SimpleNamespace(), None, "net") is None
    with pytest.raises(InputError, match="output_range is 'uint8'"):
        stated_range(SimpleNamespace(output_range="uint8"), None, "net")


def test_images_that_are_all_the_same_are_noted() -> None:
    (note,) = check_range(uniform(-1, 1)[:1].repeat(64, 1, 1, 1), "net", None)
    assert "all the same" in note
