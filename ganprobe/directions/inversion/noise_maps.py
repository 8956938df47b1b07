"""Maps of per-pixel noise that are sought with the latents: kept from carrying the picture, and of unit variance.

>>> import torch
>>> stripes = torch.tensor([1.0, 1.0, -1.0, -1.0]).repeat(16, 4)[None, None]
>>> bool(autocorrelation([stripes]) > 2 * autocorrelation([torch.randn(1, 1, 64, 64)]))
True

Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN" (arXiv 1912.04958), appendix D.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from torch import Tensor
from torch.nn.functional import avg_pool2d

WEIGHT: Final = 1e5
"""Of the autocorrelation, beside a perceptual distance."""
SMALLEST: Final = 8
"""Sides at which no map is halved any more."""


def autocorrelation(maps: Sequence[Tensor]) -> Tensor:
    """(N,) sum over maps (N, 1, H, W), and over their halvings down to 8 pixels, of the squares of the two mean
    products of neighbours, across and down. A halving averages squares of four pixels and keeps the variance."""
    total = maps[0].new_zeros(len(maps[0]))
    for each in maps:
        while True:
            for dim in (2, 3):
                total = total + (each * each.roll(1, dim)).mean((1, 2, 3)).square()
            if min(each.shape[2:]) <= SMALLEST:
                break
            each = 2 * avg_pool2d(each, 2)
    return total


def normalised(each: Tensor) -> Tensor:
    """A map (N, 1, H, W) with mean 0 and variance 1 for each of N."""
    centred = each - each.mean((1, 2, 3), keepdim=True)
    return centred * (centred.square().mean((1, 2, 3), keepdim=True) + 1e-8).rsqrt()
