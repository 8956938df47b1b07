"""Transformations of images against slow, plain versions."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ganprobe.training.step.augmentation import colours_changed, cut_out, moved


@pytest.fixture
def images() -> torch.Tensor:
    return torch.randn(5, 3, 8, 6, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("mode", "padding"), [("reflect", "reflect"), ("constant", "constant")])
def test_each_image_moves_by_its_own_amount(images: torch.Tensor, mode: str, padding: str) -> None:
    down, right = torch.tensor([0, 2, -2, 1, -1]), torch.tensor([0, -2, 2, 2, 0])
    mirrored = torch.tensor([False, True, False, True, True])
    found = moved(images, down, right, mirrored, reach=2, mode=mode)
    for row, image in enumerate(images.numpy()):
        framed = np.pad(image, ((0, 0), (2, 2), (2, 2)), mode=padding)  # type: ignore[call-overload]
        top, left = 2 - int(down[row]), 2 - int(right[row])
        window = framed[:, top : top + 8, left : left + 6]
        expected = window[:, :, ::-1] if mirrored[row] else window
        assert np.array_equal(found[row].numpy(), expected)


def test_colours_follow_the_formulas(images: torch.Tensor) -> None:
    brightness, saturation, contrast = (torch.rand(3, 5, generator=torch.Generator().manual_seed(1))).unbind(0)
    found = colours_changed(images, brightness, saturation, contrast)
    for row, image in enumerate(images.double()):
        x = image + brightness[row]
        grey = x.mean(0, keepdim=True)
        x = (x - grey) * saturation[row] + grey
        expected = (x - x.mean()) * contrast[row] + x.mean()
        torch.testing.assert_close(found[row].double(), expected, rtol=0, atol=1e-5)


def test_a_square_is_cut_out_around_its_centre(images: torch.Tensor) -> None:
    found = cut_out(images, torch.tensor([4, 0, 7, 2, 3]), torch.tensor([3, 0, 5, 2, 1]), side=4)
    expected = images.clone()
    for row, (top, left) in enumerate([(2, 1), (-2, -2), (5, 3), (0, 0), (1, -1)]):
        expected[row, :, max(top, 0) : top + 4, max(left, 0) : left + 4] = 0
    assert torch.equal(found, expected)


def test_gradients_pass_through_every_transformation(images: torch.Tensor) -> None:
    x = images.clone().requires_grad_(True)
    numbers = torch.full((5,), 1)
    y = moved(x, numbers, numbers, None, reach=1, mode="constant")
    y = cut_out(colours_changed(y, numbers * 0.1, numbers * 0.5, numbers * 0.5), numbers, numbers, side=2)
    torch.autograd.backward(y.square().sum())
    assert x.grad is not None
    assert x.grad[:, :, 1:-2, 1:-2].abs().min() > 0


def test_reflections_are_those_of_torch(images: torch.Tensor) -> None:
    still = torch.zeros(5, dtype=torch.int64)
    assert torch.equal(moved(images, still, still, None, reach=3, mode="reflect"), images)
    up = moved(images, still - 3, still, None, reach=3, mode="reflect")
    assert torch.equal(up, F.pad(images, (0, 0, 0, 3), mode="reflect")[:, :, 3:])
