"""The generator of Progressive GAN (Karras et al. 2018, "Progressive growing of GANs for improved quality, stability,
and variation", table 2).

>>> import torch
>>> config = ProGANConfig(resolution=16, z_dim=8, channel_base=64, channel_max=8, progressive=True)
>>> generator = ProGANGenerator(config, seed=0)
>>> [generator(torch.ones(2, 8), lod=lod).shape[-1] for lod in (0, 0.5, 1)]
[16, 16, 8]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.generators.checks import at_least
from ganprobe.generators.direct import DirectGenerator
from ganprobe.generators.layers.equalised import (
    RELU_GAIN,
    EqualConv2d,
    Resample,
    check_pyramid,
    initialise,
    leaky,
    pixel_norm,
    pyramid,
    split_lod,
    upsample,
)
from ganprobe.generators.stylegan.generator import ToRGB


@dataclass(frozen=True, slots=True, kw_only=True)
class ProGANConfig:
    """The shape of a Progressive GAN generator; JSON-able.

    resolution: a power of two, at least 8. num_classes: 0 for none; otherwise the class, one-hot, joins z.
    normalize_latents: pixel norm of z. channel_base, channel_max: a layer at resolution r has
    min(2 * channel_base / r, channel_max) channels. progressive: whether the lower resolutions have output layers too,
    so that `lod` may exceed 0. dense_bias: the first layer has a bias for each of its numbers, not for each channel.
    InputError where a field is out of range.
    """

    resolution: int
    z_dim: int = 512
    num_classes: int = 0
    normalize_latents: bool = True
    channel_base: int = 8192
    channel_max: int = 512
    progressive: bool = False
    dense_bias: bool = False

    def __post_init__(self) -> None:
        check_pyramid(self.resolution, z_dim=self.z_dim, channel_base=self.channel_base, channel_max=self.channel_max)
        at_least(0, num_classes=self.num_classes)

    def channels(self, resolution: int) -> int:
        """Feature maps at `resolution`."""
        return max(1, min(2 * self.channel_base // resolution, self.channel_max))


@final
class NormedLayer(nn.Module):
    """Convolution 3 x 3 (of doubled maps where it is asked for), bias, leaky ReLU, pixel norm."""

    def __init__(self, entering: int, leaving: int, *, resample: Resample = "none") -> None:
        super().__init__()
        self.conv = EqualConv2d(entering, leaving, 3, resample=resample)
        self.bias = nn.Parameter(torch.zeros(leaving))

    def forward(self, x: Tensor) -> Tensor:
        return pixel_norm(leaky(self.conv(x, self.bias)))


@final
class FirstLayer(nn.Module):
    """z (N, size) to (N, leaving, 4, 4): dense, with one bias a channel (or one a number), leaky ReLU, pixel norm. Its
    gain is a quarter of what the others have, as in the authors' code."""

    def __init__(self, size: int, leaving: int, *, dense_bias: bool = False) -> None:
        super().__init__()
        self.dense = EqualConv2d(size, 16 * leaving, 1, gain=RELU_GAIN / 4)
        self.bias = nn.Parameter(torch.zeros((leaving, 4, 4) if dense_bias else leaving))

    def forward(self, z: Tensor) -> Tensor:
        maps = self.dense(z[..., None, None]).reshape(len(z), -1, 4, 4)
        bias = self.bias if self.bias.ndim == 3 else self.bias[:, None, None]
        return pixel_norm(leaky(maps + bias.to(maps.dtype)))


@final
class ProGANGenerator(DirectGenerator):
    """z (N, z_dim), and labels (N,) where there are classes, to images (N, 3, H, W), about [-1, 1]. No image depends on
    another. `seed` decides the initial weights."""

    architecture: ClassVar[str] = "progan"

    def __init__(self, config: ProGANConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config: ProGANConfig = config
        channels, sizes = config.channels, pyramid(config.resolution)
        self.first = FirstLayer(config.z_dim + config.num_classes, channels(4), dense_bias=config.dense_bias)
        self.blocks = nn.ModuleDict({"4": NormedLayer(channels(4), channels(4))})
        for r in sizes[1:]:
            self.blocks[str(r)] = nn.Sequential(
                NormedLayer(channels(r // 2), channels(r), resample="up"), NormedLayer(channels(r), channels(r))
            )
        shown = sizes if config.progressive else (config.resolution,)
        self.to_rgb = nn.ModuleDict({str(r): ToRGB(channels(r)) for r in shown})
        initialise(self, seed)

    @property
    def num_classes(self) -> int:
        return self.config.num_classes

    def forward(self, z: Tensor, labels: Tensor | None = None, *, lod: float = 0.0) -> Tensor:
        """Images (N, 3, R, R) of size R = resolution / 2**floor(lod), at least float32; between integers an image fades
        over from the next coarser network."""
        halvings, fade = split_lod(lod, self.config.resolution, self.config.progressive)
        resolution = self.config.resolution >> halvings
        x = before = self.first(self._entering(z, labels))
        for size in pyramid(resolution):
            before, x = x, self.blocks[str(size)](x)
        image: Tensor = self.to_rgb[str(resolution)](x)
        if fade:
            image = torch.lerp(image, upsample(self.to_rgb[str(resolution // 2)](before)), fade)
        return image.to(self.first.bias.dtype)

    def _entering(self, z: Tensor, labels: Tensor | None) -> Tensor:
        if labels is not None and self.config.num_classes:
            z = torch.cat([z, F.one_hot(labels, self.config.num_classes).to(z.dtype)], 1)
        return pixel_norm(z) if self.config.normalize_latents else z
