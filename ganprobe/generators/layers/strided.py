"""Convolutions 4 x 4 of stride 2, as DCGAN and its descendants use them, and their transposes.

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
