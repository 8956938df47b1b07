"""The exponential moving average of a generator: weights averaged, buffers copied."""

from __future__ import annotations

import copy

import torch
from torch import nn


def decay_at(images: int, batch: int, *, halflife: float, rampup: float) -> float:
    """The share that the average keeps in an update: 0.5 ** (batch / halflife), the half-life, in images, being at
    most rampup * images seen so far (Karras et al. 2020, "Training GANs with limited data", code; section 2 of
    Karras et al. 2018 has the plain form)."""
    effective = min(halflife, rampup * images)
    return 0.5 ** (batch / effective) if effective > 0 else 0.0


def averaged_copy(network: nn.Module) -> nn.Module:
    """A copy in evaluation mode that takes no gradients: the start of an average."""
    return copy.deepcopy(network).eval().requires_grad_(False)


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, decay: float) -> None:
    """average <- decay * average + (1 - decay) * network for every weight; buffers become the network's."""
    for mean, weight in zip(average.parameters(), network.parameters(), strict=True):
        mean.lerp_(weight, 1 - decay)
    for kept, buffer in zip(average.buffers(), network.buffers(), strict=True):
        kept.copy_(buffer)
