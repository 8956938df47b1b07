"""The exponential moving average of a generator: weights averaged, buffers copied."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn

N = TypeVar("N", bound=nn.Module)


def decay_at(images: int, batch: int, *, halflife: float, rampup: float) -> float:
    """The share that the average keeps in an update: 0.5 ** (batch / halflife), the half-life, in images, being at
    most rampup * images seen so far (Karras et al. 2020, "Training GANs with limited data", code; section 2 of
    Karras et al. 2018 has the plain form). A half-life of 0 keeps nothing."""
    effective = min(halflife, rampup * images)
    return 0.5 ** (batch / effective) if effective > 0 else 0.0


def averaged_copy(network: N) -> N:
    """A copy in evaluation mode that takes no gradients: the start of an average."""
    return copy.deepcopy(network).eval().requires_grad_(False)


@torch.no_grad()
def update_average(average: nn.Module, network: nn.Module, share: Tensor) -> None:
    """average <- average + share * (network - average) for every weight, share (); buffers become the network's."""
    means = [mean.detach() for mean in average.parameters()]
    weights = [weight.detach() for weight in network.parameters()]
    if share.device.type == "cpu":  # In one pass; on a GPU it would be a launch for every weight.
        torch._foreach_lerp_(means, weights, [share] * len(means))
    else:
        moves = torch._foreach_sub(weights, means)
        torch._foreach_mul_(moves, share)
        torch._foreach_add_(means, moves)
    kept, buffers = list(average.buffers()), list(network.buffers())
    if kept:
        torch._foreach_copy_(kept, buffers)
