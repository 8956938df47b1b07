"""The layers of StyleGAN3: Fourier features that styles turn and shift, and nonlinearities between two low-pass filters
(Karras et al. 2021, section 3 and appendix D)."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganprobe.generators.layers.equalised import RELU_GAIN, EqualLinear, leaky
from ganprobe.generators.stylegan2.layers import clamped, demodulation
from ganprobe.generators.stylegan3.bands import kaiser_filter, radial_filter

STYLE = 4
"""Numbers of the input's style: cosine and sine of a rotation, and two shifts."""


@final
class FourierInput(nn.Module):
    """Fourier features (N, C, size, size) of a plane that each sample's style turns and shifts, mixed by a matrix.

    Frequencies lie within `bandwidth`, in cycles per image; `rate` samples make an image. transform (3, 3): the user's
    own inverse transformation of the plane, in units of the image; frequencies that it raises beyond the band fade.
    """

    transform: Tensor
    freqs: Tensor
    phases: Tensor

    def __init__(self, channels: int, *, w_dim: int, size: int, rate: float, bandwidth: float) -> None:
        super().__init__()
        self.size, self.rate, self.bandwidth = size, rate, bandwidth
        self.weight = nn.Parameter(torch.zeros(channels, channels))
        self.affine = EqualLinear(w_dim, STYLE, gain=1.0)
        self.register_buffer("transform", torch.eye(3))
        self.register_buffer("freqs", torch.zeros(channels, 2))
        self.register_buffer("phases", torch.zeros(channels))
        self.scale = 1 / sqrt(channels)

    def forward(self, style: Tensor) -> Tensor:
        """style (N, 4) to (N, C, size, size)."""
        turned = style / style[:, :2].norm(dim=1, keepdim=True)
        cosine, sine, across, down = turned.unbind(1)
        rotation = torch.stack([cosine, -sine, sine, cosine], 1).reshape(-1, 2, 2)
        matrix, shift = self.transform[:2, :2], self.transform[:2, 2]
        moved = torch.stack([shift[0] - across, shift[1] - down], 1)
        waves = self.freqs @ rotation @ matrix  # (N, C, 2)
        phases = self.phases + (self.freqs @ rotation @ moved[:, :, None])[:, :, 0]
        features = torch.sin(2 * pi * (self._grid() @ waves.transpose(1, 2)[:, None] + phases[:, None, None]))
        mixed = (features * self._amplitudes(waves)[:, None, None]) @ (self.weight * self.scale).T
        return mixed.permute(0, 3, 1, 2)

    def _amplitudes(self, waves: Tensor) -> Tensor:
        """(N, C): 1 within the band, falling to 0 at half the sampling rate."""
        beyond: Tensor = (waves.norm(dim=2) - self.bandwidth) / (self.rate / 2 - self.bandwidth)
        return (1 - beyond).clamp(0, 1)

    def _grid(self) -> Tensor:
        """(1, size, size, 2): x and y of every sample, in images, the origin in the middle."""
        steps = torch.arange(self.size, device=self.freqs.device, dtype=self.freqs.dtype)
        line = (steps + 0.5 - self.size / 2) / self.rate
        return torch.stack(torch.meshgrid(line, line, indexing="xy"), 2)[None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """What is sampled: side, samples per image, where the passband ends, half the transition band."""

    size: int
    rate: int
    cutoff: float
    half_width: float


@final
class FilteredLayer(nn.Module):
    """A modulated convolution, bias, and a leaky ReLU of gain sqrt(2) at a raised sampling rate, between the filter
    that raises it and the one that lowers it.

    lrelu_upsampling: how much higher that rate is than those of input and output. filter_size: taps of the filters in
    samples of the lower rate. radial: the lowering filter is the same in every direction. clamp: of the leaky ReLU's
    output, None for not at all. magnitude_ema (): mean square of the input, by which it is brought to 1.
    """

    magnitude_ema: Tensor
    raising: Tensor
    lowering: Tensor

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        w_dim: int,
        entering: Signal,
        leaving: Signal,
        kernel: int,
        filter_size: int,
        lrelu_upsampling: int,
        radial: bool,
        clamp: float | None,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(out_channels, in_channels, kernel, kernel))
        self.bias = nn.Parameter(torch.zeros(out_channels))
        self.affine = EqualLinear(w_dim, in_channels, gain=1.0)
        nn.init.ones_(self.affine.bias)
        self.register_buffer("magnitude_ema", torch.ones(()))
        self.clamp = clamp
        rate = max(entering.rate, leaving.rate) * lrelu_upsampling
        self.up, self.down = rate // entering.rate, rate // leaving.rate
        self.register_buffer("raising", _filter(self.up, entering, filter_size, rate, radial=False), persistent=False)
        lowering = _filter(self.down, leaving, filter_size, rate, radial=radial)
        self.register_buffer("lowering", lowering, persistent=False)
        taps = len(self.raising)
        total = (leaving.size - 1) * self.down + 1 - (entering.size + kernel - 1) * self.up + taps + len(lowering) - 2
        # Samples are thought of as the middles of squares (appendix C.3), so that what is left over goes to the end.
        before = (total + self.up) // 2
        self.crop = (taps - 1 - before, taps - self.up - (total - before))

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x (N, I, H, W), style (N, I) to (N, O, H', W')."""
        weight = self.weight * self.weight.square().mean((1, 2, 3), keepdim=True).rsqrt()
        style = style * style.square().mean(1, keepdim=True).rsqrt()
        gain = style * self.magnitude_ema.rsqrt()
        x = F.conv2d(x * gain[:, :, None, None], weight, padding=weight.shape[-1] - 1)
        x = torch.addcmul(self.bias[:, None, None], x, demodulation(weight, style)[:, :, None, None])
        x = clamped(leaky(self._raised(x)) * RELU_GAIN, self.clamp)
        return self._lowered(x)

    def _raised(self, x: Tensor) -> Tensor:
        low, high = self.crop
        padding = max(low, 0)
        if len(self.raising) > 1:
            line = self.raising * self.up
            for shape, stride, edge in (((1, -1), (1, self.up), (0, padding)), ((-1, 1), (self.up, 1), (padding, 0))):
                kernel = line.reshape(1, 1, *shape).expand(x.shape[1], -1, -1, -1)
                x = F.conv_transpose2d(x, kernel, stride=stride, padding=edge, groups=x.shape[1])
        else:
            padding = 0
        rest = (padding - low, padding - high) * 2
        return F.pad(x, rest) if any(rest) else x

    def _lowered(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        if self.lowering.ndim == 2:
            return F.conv2d(x, self.lowering.expand(channels, 1, -1, -1), stride=self.down, groups=channels)
        if len(self.lowering) == 1:
            return x
        for shape, stride in (((1, -1), (1, self.down)), ((-1, 1), (self.down, 1))):
            kernel = self.lowering.reshape(1, 1, *shape).expand(channels, -1, -1, -1)
            x = F.conv2d(x, kernel, stride=stride, groups=channels)
        return x


def _filter(factor: int, kept: Signal, filter_size: int, rate: int, *, radial: bool) -> Tensor:
    """Of a change of the rate by `factor`, which keeps what `kept` keeps."""
    if factor == 1:
        return torch.ones(1, device="cpu")
    design = radial_filter if radial else kaiser_filter
    return design(filter_size * factor, cutoff=kept.cutoff, half_width=kept.half_width, rate=rate)


@final
class OutputLayer(nn.Module):
    """A modulated 1 x 1 convolution to three channels, without demodulation; clamped, as the layers before it are."""

    magnitude_ema: Tensor

    def __init__(self, channels: int, *, w_dim: int, clamp: float | None) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(3, channels, 1, 1))
        self.bias = nn.Parameter(torch.zeros(3))
        self.affine = EqualLinear(w_dim, channels, gain=1.0)
        nn.init.ones_(self.affine.bias)
        self.register_buffer("magnitude_ema", torch.ones(()))
        self.scale, self.clamp = 1 / sqrt(channels), clamp

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        """x (N, C, H, W), style (N, C) to (N, 3, H, W)."""
        gain = style * self.scale * self.magnitude_ema.rsqrt()
        return clamped(F.conv2d(x * gain[:, :, None, None], self.weight, self.bias), self.clamp)
