"""Adaptive instance normalisation (Karras et al. 2019, equation 1), by what is fastest for the maps' device and layout.

>>> x = torch.randn(2, 3, 4, 4)
>>> adaptive_instance_norm(x, torch.zeros(2, 6)).mean((2, 3)).abs().max() < 1e-6
tensor(True)
"""

from __future__ import annotations

from typing import Any, cast

import torch
import torch.nn.functional as F
from torch import Tensor

from ganprobe.generators.layers.prepared import is_interleaved


def adaptive_instance_norm(x: Tensor, style: Tensor, epsilon: float = 1e-8) -> Tensor:
    """x (N, C, H, W) normalised over H, W, times 1 + style[:, :C], plus style[:, C:], for style (N, 2C). Statistics
    are float32 or wider, the result has the dtype of x.

    Batch norm and group norm over one sample of N * C channels are the same function. On a CPU group norm takes half as
    long; batch norm takes maps narrower than the statistics. Maps with channels last stay so on a CPU, where the
    convolutions around want them; where they are interleaved (`layers/prepared.py`), `x` is written over.
    """
    n, channels, height, width = x.shape
    wide = style if style.dtype == torch.float64 else style.float()
    scale, shift = wide[:, :channels] + 1, wide[:, channels:]
    on_cpu = x.device.type == "cpu" and x.dtype == wide.dtype
    if on_cpu and is_interleaved(x):
        return _instance_norm_(x, scale, shift, epsilon)
    if on_cpu and not x.is_contiguous() and x.is_contiguous(memory_format=torch.channels_last):
        return cast(Tensor, _ChannelsLastNorm.apply(x, scale, shift, epsilon))
    flat, gain, bias = x.reshape(1, n * channels, height, width), scale.reshape(-1), shift.reshape(-1)
    if on_cpu:
        normalised = F.group_norm(flat, n * channels, gain, bias, eps=epsilon)
    else:
        normalised = F.batch_norm(flat, None, None, gain, bias, training=True, momentum=0.0, eps=epsilon)
    return normalised.reshape(n, channels, height, width)


def _instance_norm_(x: Tensor, scale: Tensor, shift: Tensor, epsilon: float) -> Tensor:
    """The same in place. What rounding leaves of the mean is taken off too: of maps that are constant, as before
    training, nothing must be left for the division to enlarge."""
    positions = _positions(x.contiguous(memory_format=torch.channels_last))
    positions.sub_(positions.mean(1, keepdim=True))
    left = positions.mean(1)
    variance = positions.square().mean(1).sub_(left.square()).clamp_min_(0)
    scale = scale * torch.rsqrt(variance + epsilon)
    torch.addcmul((shift - left * scale)[:, None], positions, scale[:, None], out=positions)
    return _maps(positions, x)


class _ChannelsLastNorm(torch.autograd.Function):
    """The same with gradients, in few passes over memory: what torch records of the single operations takes half as
    long again, and its own norms copy to another layout."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, scale: Tensor, shift: Tensor, epsilon: float) -> Tensor:
        centred, root = _centred(x, epsilon)
        ctx.epsilon = epsilon
        ctx.save_for_backward(x, scale, centred, root)
        return _maps(torch.addcmul(shift[:, None], centred, scale[:, None] * root), x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor, None]:
        x, scale, centred, root = ctx.saved_tensors
        if torch.is_grad_enabled():  # To be differentiated again: as functions of x.
            centred, root = _centred(x, ctx.epsilon)
        gradient = _positions(gradients[0].contiguous(memory_format=torch.channels_last))
        total = gradient.sum(1, keepdim=True)
        along = (gradient * centred).sum(1, keepdim=True) * root
        factor, count = scale[:, None] * root, centred.shape[1]
        rest = torch.addcmul(factor * total / -count, centred, factor * root * along / -count)
        entering = rest.addcmul(gradient, factor) if torch.is_grad_enabled() else rest.addcmul_(gradient, factor)
        return _maps(entering, x), along[:, 0], total[:, 0], None


def _centred(x: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """x less its mean, (N, H * W, C), and one over its deviation, (N, 1, C)."""
    positions = _positions(x)
    centred = positions - positions.mean(1, keepdim=True)
    return centred, torch.rsqrt(centred.square().mean(1, keepdim=True) + epsilon)


def _positions(maps: Tensor) -> Tensor:
    """Maps (N, C, H, W) with channels last as (N, H * W, C)."""
    return maps.permute(0, 2, 3, 1).flatten(1, 2)


def _maps(positions: Tensor, like: Tensor) -> Tensor:
    """(N, H * W, C) as maps of the shape of `like`, with channels last."""
    n, channels, height, width = like.shape
    return positions.view(n, height, width, channels).permute(0, 3, 1, 2)
