"""Kernels that resample, against the plain formula, in either layout."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from ganprobe.generators.layers.boxed import boxed, turned

LAYOUTS = [torch.contiguous_format, torch.channels_last]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("size", [1, 3])
def test_boxed_is_a_convolution_with_ones_to_the_second_order(size: int, layout: torch.memory_format) -> None:
    kernel = torch.randn(4, 3, size, size, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    box = torch.ones(1, 1, 2, 2, dtype=torch.float64)
    expected = F.conv2d(kernel.flatten(0, 1)[:, None], box, padding=1).view(4, 3, size + 1, size + 1)
    torch.testing.assert_close(boxed(kernel), expected)
    assert torch.autograd.gradgradcheck(lambda k: boxed(k).square(), (kernel,))


@pytest.mark.parametrize("layout", LAYOUTS)
def test_turned_is_mirrored_and_keeps_the_layout(layout: torch.memory_format) -> None:
    kernel = torch.randn(4, 3, 4, 4).to(memory_format=layout)
    assert torch.equal(turned(kernel)[2, 1], kernel[1, 2].flip(0, 1))
    assert turned(kernel).shape == (3, 4, 4, 4)
    if layout is torch.channels_last:
        assert turned(kernel).is_contiguous(memory_format=layout)
