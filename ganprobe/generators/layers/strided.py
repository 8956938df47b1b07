"""Convolutions 4 x 4 of stride 2, as DCGAN and its descendants use them, their transposes, and layers made of them.

>>> import torch
>>> halve, double = HalvingConv2d(3, 8, epsilon=None), DoublingConv2d(8, 3)
>>> double(halve(torch.zeros(2, 3, 16, 16))).shape
torch.Size([2, 3, 16, 16])

One zero of padding on every side: on images of an even side that is TensorFlow's SAME, for both.
"""

from __future__ import annotations

from typing import final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.generators.layers.norms import FeatureNorm, feature_norm
from ganprobe.generators.layers.spectral import normalisation


@final
class HalvingConv2d(nn.Module):
    """(N, in, H, W) to (N, out, H / 2, W / 2), its weight spectrally normalised where `epsilon` is a number."""

    def __init__(self, in_channels: int, out_channels: int, *, epsilon: float | None, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(out_channels, in_channels, 4, 4))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None
        self.norm = normalisation(out_channels, epsilon)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.norm(self.weight), self.bias, stride=2, padding=1)


@final
class DoublingConv2d(nn.Module):
    """(N, in, H, W) to (N, out, 2H, 2W): the transpose of a convolution. weight: (in, out, 4, 4)."""

    def __init__(self, in_channels: int, out_channels: int, *, bias: bool = True) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(in_channels, out_channels, 4, 4))
        self.bias = nn.Parameter(torch.zeros(out_channels)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        return F.conv_transpose2d(x, self.weight, self.bias, stride=2, padding=1)


@final
class HalvingLayer(nn.Module):
    """The convolution, a norm, a leaky ReLU: (N, in, H, W) to (N, out, H / 2, W / 2). A norm makes a bias idle, so the
    convolution has one only without."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        norm: FeatureNorm,
        slope: float,
        bn_epsilon: float = 1e-5,
        epsilon: float | None = None,
    ) -> None:
        super().__init__()
        self.slope = slope
        self.conv = HalvingConv2d(in_channels, out_channels, epsilon=epsilon, bias=norm == "none")
        self.norm = feature_norm(norm, out_channels, epsilon=bn_epsilon)

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(self.norm(self.conv(x)), self.slope)


@final
class DoublingLayer(nn.Module):
    """The transposed convolution, a norm, a ReLU: (N, in, H, W) to (N, out, 2H, 2W); a bias only without a norm."""

    def __init__(self, in_channels: int, out_channels: int, *, norm: FeatureNorm, bn_epsilon: float = 1e-5) -> None:
        super().__init__()
        self.conv = DoublingConv2d(in_channels, out_channels, bias=norm == "none")
        self.norm = feature_norm(norm, out_channels, epsilon=bn_epsilon)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.norm(self.conv(x)))
