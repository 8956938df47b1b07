"""How far apart two batches of activations are, stage by stage: the perceptual distance without learnt weights.

>>> a, b = torch.ones(2, 3, 4, 4), -torch.ones(2, 3, 4, 4)
>>> stage_distance([a], [b]).round(decimals=5).tolist()
[4.0, 4.0]

Zhang et al. 2018, "The unreasonable effectiveness of deep features as a perceptual metric", equation 1, with all
weights w_l equal to one.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ganprobe.core.errors import DataError

TINY = 1e-10


def stage_distance(a: Sequence[Tensor], b: Sequence[Tensor]) -> Tensor:
    """(N,) sum over stages of the mean over positions of |u(a) - u(b)|^2, u being the activations (N, C, H, W) divided
    by their norm over channels. Differentiable everywhere, at a = b as well."""
    pairs = [(_unit(x), _unit(y)) for x, y in zip(a, b, strict=True)]
    return torch.stack([(u - v).square().sum(1).mean((1, 2)) for u, v in pairs]).sum(0)


def check_shapes(a: Tensor, b: Tensor) -> None:
    """DataError unless both have one shape."""
    if a.shape != b.shape:
        raise DataError(f"expected two tensors of one shape, got {tuple(a.shape)} and {tuple(b.shape)}")


def _unit(x: Tensor) -> Tensor:
    return x * (x.square().sum(1, keepdim=True) + TINY).rsqrt()
