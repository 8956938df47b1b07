"""The discriminator that grows with its images (Karras et al. 2018, "Progressive growing of GANs for improved quality,
stability, and variation", table 2 and sections 2 to 4): what Progressive GAN's and StyleGAN's have in common.

Abstract: the networks say whether the maps are blurred before they are halved.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ganprobe.core.errors import InputError
from ganprobe.generators.base import Discriminator, Judgement
from ganprobe.generators.layers.equalised import (
    Blur,
    EqualConv2d,
    EqualLinear,
    Resample,
    check_pyramid,
    initialise,
    leaky,
    minibatch_stddev,
    pyramid,
    split_lod,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GrowingDiscriminatorConfig:
    """The shape of a growing discriminator; JSON-able.

    resolution: a power of two, at least 8. num_classes: 0 without labels. channel_base, channel_max: a layer at
    resolution r has min(2 * channel_base / r, channel_max) channels. progressive: whether the lower resolutions have
    input layers too, so that `lod` may exceed 0.

    minibatch_group: images that share a minibatch standard deviation (fewer where the batch is not divisible by it).
    """

    resolution: int
    num_classes: int = 0
    channel_base: int = 8192
    channel_max: int = 512
    minibatch_group: int = 4
    progressive: bool = False

    def __post_init__(self) -> None:
        check_pyramid(
            self.resolution,
            channel_base=self.channel_base,
            channel_max=self.channel_max,
            minibatch_group=self.minibatch_group,
        )
        if self.num_classes < 0:
            raise InputError(f"num_classes must be 0 (no labels) or more, got {self.num_classes}")

    def channels(self, resolution: int) -> int:
        """Feature maps at `resolution`."""
        return max(1, min(2 * self.channel_base // resolution, self.channel_max))


@final
class ConvLayer(nn.Module):
    """Convolution (of blurred maps where it is asked for), bias, leaky ReLU."""

    def __init__(
        self, entering: int, leaving: int, kernel: int, *, resample: Resample = "none", blurred: bool = False
    ) -> None:
        super().__init__()
        self.blur = Blur() if blurred else None
        self.conv = EqualConv2d(entering, leaving, kernel, resample=resample)
        self.bias = nn.Parameter(torch.zeros(leaving))

    def forward(self, x: Tensor) -> Tensor:
        return leaky(self.conv(x if self.blur is None else self.blur(x), self.bias))


class GrowingDiscriminator(Discriminator):
    """Abstract: images to one logit each. `seed` decides the initial weights, on any device alike."""

    blurred: ClassVar[bool]
    config: GrowingDiscriminatorConfig

    def __init__(self, config: GrowingDiscriminatorConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        channels = config.channels
        sizes = pyramid(config.resolution)
        seen = sizes if config.progressive else (config.resolution,)
        self.from_rgb = nn.ModuleDict({str(r): ConvLayer(3, channels(r), 1) for r in seen})
        self.blocks = nn.ModuleDict(
            {
                str(r): nn.Sequential(
                    ConvLayer(channels(r), channels(r), 3),
                    ConvLayer(channels(r), channels(r // 2), 3, resample="down", blurred=self.blurred),
                )
                for r in reversed(sizes[1:])
            }
        )
        self.last_conv = ConvLayer(channels(4) + 1, channels(4), 3)
        self.dense = EqualLinear(channels(4) * 16, channels(2))
        self.output = EqualLinear(channels(2), max(1, config.num_classes), gain=1.0)
        initialise(self, seed)

    @property
    def couples_batch(self) -> bool:
        """By the minibatch standard deviation."""
        return self.config.minibatch_group > 1

    @property
    def layers(self) -> Mapping[str, tuple[int, ...]]:
        """By resolution, "64x64" to "8x8": what the block that begins there takes; "4x4": what the last layers take;
        "features": the hidden dense layer."""
        sizes = {f"{r}x{r}": (self.config.channels(r), r, r) for r in reversed(pyramid(self.config.resolution))}
        return {**sizes, "features": (self.config.channels(2),)}

    def judged(self, images: Tensor, labels: Tensor | None, wanted: Collection[str], lod: float) -> Judgement:
        """images (N, 3, R, R) with R = resolution / 2**floor(lod). With classes the network has a logit for each, and
        the label's is the answer. Layers above the level of detail are not there yet: InputError."""
        if self.config.num_classes and labels is None:
            raise InputError(f"this discriminator has {self.config.num_classes} classes: labels of shape (N,) expected")
        taken: dict[str, Tensor] = {}
        x = self._trunk(images, lod, taken)
        taken["features"] = self._head(x, self.config.minibatch_group)
        logits: Tensor = self.output(taken["features"])
        if labels is not None and self.config.num_classes:
            logits = logits.gather(1, labels[:, None])
        if missing := [name for name in wanted if name not in taken]:
            raise InputError(
                f"layer {missing[0]!r} takes no images at level of detail {lod:g}; wait until it has grown"
            )
        return Judgement(logits[:, 0].to(self.output.weight.dtype), {name: taken[name] for name in wanted})

    def features(self, images: Tensor) -> Tensor:
        """The penultimate activations (N, F) at full resolution. Every image is a minibatch group of its own here, so
        that its features do not depend on the batch it comes in."""
        return self._head(self._trunk(images, 0.0, {}), 1).to(self.output.weight.dtype)

    def _trunk(self, images: Tensor, lod: float, taken: dict[str, Tensor]) -> Tensor:
        """To what the last layers take; `taken` is given each layer on the way."""
        halvings, fade = split_lod(lod, self.config.resolution, self.config.progressive)
        resolution = self.config.resolution >> halvings
        if tuple(images.shape[1:]) != (3, resolution, resolution):
            raise InputError(
                f"images must be N x 3 x {resolution} x {resolution} at lod {lod:g}, got {tuple(images.shape)}"
            )
        x: Tensor = self.from_rgb[str(resolution)](images)
        taken[f"{resolution}x{resolution}"] = x
        for size in reversed(pyramid(resolution)[1:]):
            x = self.blocks[str(size)](x)
            if fade and size == resolution:
                x = torch.lerp(x, self.from_rgb[str(size // 2)](F.avg_pool2d(images, 2)).to(x.dtype), fade)
            taken[f"{size // 2}x{size // 2}"] = x
        return x

    def _head(self, x: Tensor, group: int) -> Tensor:
        return leaky(self.dense(self.last_conv(minibatch_stddev(x, group)).flatten(1)))
