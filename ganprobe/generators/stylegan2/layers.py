"""The layers of StyleGAN2: modulated convolutions and the resampling between resolutions (Karras et al. 2020,
"Analyzing and improving the image quality of StyleGAN", sections 2 and 4.1).

>>> layer = StyledConv(4, 6, resolution=8, w_dim=5, up=True)
>>> layer(torch.zeros(2, 4, 4, 4), layer.affine(torch.zeros(2, 5)), torch.zeros(1, 1, 8, 8)).shape
torch.Size([2, 6, 8, 8])
"""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganprobe.core.errors import InputError
from ganprobe.generators.layers.equalised import RELU_GAIN, EqualLinear, leaky

DEMODULATION_EPSILON = 1e-8
TAPS = (1.0, 3.0, 3.0, 1.0)


def check_taps(taps: Sequence[float]) -> None:
    """InputError unless there are four taps, the same from both ends, whose sum is positive."""
    if len(taps) != 4 or list(taps) != list(reversed(taps)) or not sum(taps) > 0:
        raise InputError(f"the resampling filter must be four symmetric taps of positive sum, got {list(taps)}")


def upsampling_kernel(taps: Sequence[float] = TAPS) -> Tensor:
    """(1, 1, 4, 4): the outer product of the taps, of sum 4, so that zeros put between pixels cost no brightness."""
    # On the CPU whatever device is the default, so that a network built on "meta" has its filter all the same.
    line = torch.tensor(list(taps), dtype=torch.float32, device="cpu")
    return (4 * torch.outer(line, line) / line.sum().square())[None, None]


def upsample(images: Tensor, kernel: Tensor) -> Tensor:
    """(N, C, H, W) to (N, C, 2H, 2W): zeros between the pixels, then the filter of `upsampling_kernel`."""
    channels = images.shape[1]
    return F.conv_transpose2d(
        images, kernel.to(images.dtype).expand(channels, 1, 4, 4), stride=2, padding=1, groups=channels
    )


def demodulation(weight: Tensor, style: Tensor) -> Tensor:
    """weight (O, I, k, k), style (N, I) to (N, O): 1 / the norm of each output's modulated weights (equation 3)."""
    energy = weight.square().sum((2, 3))
    return torch.rsqrt(style.square() @ energy.T + DEMODULATION_EPSILON)


def clamped(x: Tensor, limit: float | None) -> Tensor:
    """x within +-limit; x itself for None."""
    return x if limit is None else x.clamp(-limit, limit)


@final
class StyledConv(nn.Module):
    """One layer of the synthesis network: a 3 x 3 convolution with modulated and demodulated weights, noise, bias,
    leaky ReLU of gain sqrt(2). `resolution` is that of its output; `up` doubles the size.

    Modulating the input and scaling the output is the same as modulating the weights of each sample, and lets the
    whole batch share one convolution.
    """

    noise_const: Tensor
    kernel: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        resolution: int,
        w_dim: int,
        up: bool,
        taps: Sequence[float] = TAPS,
        clamp: float | None = None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(out_channels, in_channels, 3, 3))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.noise_strength = nn.Parameter(torch.zeros(()))
        self.affine = EqualLinear(w_dim, in_channels, gain=1.0)
        nn.init.ones_(self.affine.bias)
        self.register_buffer("noise_const", torch.zeros(resolution, resolution))
        self.register_buffer("kernel", upsampling_kernel(taps), persistent=False)
        self.up, self.clamp = up, clamp

    def forward(self, x: Tensor, style: Tensor, noise: Tensor) -> Tensor:
        """x (N, I, H', W'), style (N, I), noise (N or 1, 1, H, W) to (N, O, H, W)."""
        x = self._convolve(x * style[:, :, None, None]) * demodulation(self.weight, style)[:, :, None, None]
        x = x + noise.to(x.dtype) * self.noise_strength
        return clamped(leaky(x + self.bias[:, None, None]) * RELU_GAIN, self.clamp)

    def _convolve(self, x: Tensor) -> Tensor:
        if not self.up:
            return F.conv2d(x, self.weight, padding=1)
        x = F.conv_transpose2d(x, self.weight.transpose(0, 1), stride=2)
        channels = x.shape[1]
        return F.conv2d(x, self.kernel.to(x.dtype).expand(channels, 1, 4, 4), padding=1, groups=channels)


@final
class ToRGB(nn.Module):
    """A modulated 1 x 1 convolution to three channels, without demodulation."""

    def __init__(self, channels: int, *, w_dim: int, clamp: float | None = None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self.affine = EqualLinear(w_dim, channels, gain=1.0)
        nn.init.ones_(self.affine.bias)
        self.scale = 1 / sqrt(channels)
        self.clamp = clamp

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x (N, C, H, W), style (N, C) to (N, 3, H, W)."""
        return clamped(F.conv2d(x * (style * self.scale)[:, :, None, None], self.weight, self.bias), self.clamp)
