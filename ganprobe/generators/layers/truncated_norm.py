"""Batch normalisation whose statistics depend on the truncation of z: a table of them, one row per threshold.

A truncated z gives other activations than a whole one. The published BigGAN-deep (Brock et al. 2019) therefore comes
with statistics for 51 thresholds from 0 to 1. A table of one row is plain batch normalisation.

>>> interpolation_weights(0.3, 3)
[0.4, 0.6, 0.0]
>>> interpolation_weights(0.3, 3, swapped=True)
[0.6, 0.4, 0.0]
"""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.generators.layers.norms import MOMENTUM
from ganprobe.generators.layers.spectral import SpectralLinear


def interpolation_weights(truncation: float, count: int, *, swapped: bool = False) -> list[float]:
    """The weights, of sum 1, of `count` rows that stand for 0, 1 / (count - 1), ..., 1, at a truncation from 0 to 1.

    swapped: between two rows, give each the weight that is due to the other, as the pytorch-pretrained-BigGAN package
    does (its position on the grid, rounding included, is computed in the same way here).
    """
    weights = [0.0] * count
    fraction, below = math.modf(truncation / (1.0 / (count - 1))) if count > 1 else (0.0, 0.0)
    if swapped and fraction:
        fraction = 1 - fraction
    weights[int(below)] += 1 - fraction
    weights[min(int(below) + 1, count - 1)] += fraction
    return weights


@final
class TruncationStatistics(nn.Module):
    """x (N, C, H, W), gain and bias that broadcast to (N, C) to gain * (x - mean) / sqrt(var + epsilon) + bias.

    In evaluation mean and variance are the rows of the two tables (count, C), averaged by `weights` (count,). In
    training they are the batch's, and the last row, of the whole z, moves by momentum 0.1.
    """

    running_mean: Tensor
    running_var: Tensor

    def __init__(self, channels: int, *, count: int, epsilon: float) -> None:
        super().__init__()
        self.epsilon = epsilon
        self.register_buffer("running_mean", torch.zeros(count, channels))
        self.register_buffer("running_var", torch.ones(count, channels))

    def forward(self, x: Tensor, gain: Tensor, bias: Tensor, weights: Tensor) -> Tensor:
        if self.training:
            mean, var = self.running_mean[-1], self.running_var[-1]
            x = F.batch_norm(x, mean, var, training=True, momentum=MOMENTUM, eps=self.epsilon)
        else:
            gain = gain * torch.rsqrt(weights @ self.running_var + self.epsilon)
            bias = bias - gain * (weights @ self.running_mean)
        return torch.addcmul(bias[..., None, None].to(x.dtype), x, gain[..., None, None].to(x.dtype))


@final
class TruncatedBatchNorm(nn.Module):
    """TruncationStatistics with one learnt gain and bias per channel."""

    def __init__(self, channels: int, *, count: int, epsilon: float) -> None:
        super().__init__()
        self.statistics = TruncationStatistics(channels, count=count, epsilon=epsilon)
        self.gain = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor, weights: Tensor) -> Tensor:
        result: Tensor = self.statistics(x, self.gain[None], self.bias[None], weights)
        return result


@final
class ConditionalTruncatedBatchNorm(nn.Module):
    """TruncationStatistics whose gain is 1 + gain(condition) and whose bias is bias(condition), each (N, C)."""

    def __init__(
        self, channels: int, gain: SpectralLinear, bias: SpectralLinear, *, count: int, epsilon: float
    ) -> None:
        super().__init__()
        self.statistics = TruncationStatistics(channels, count=count, epsilon=epsilon)
        self.gain = gain
        self.bias = bias

    def forward(self, x: Tensor, condition: Tensor, weights: Tensor) -> Tensor:
        result: Tensor = self.statistics(x, 1 + self.gain(condition), self.bias(condition), weights)
        return result
