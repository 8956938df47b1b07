"""The discriminator of SNDCGAN (Miyato et al. 2018, appendix B, table 3): seven convolutions and a linear layer, all
spectrally normalised.

>>> config = SNDCGANDiscriminatorConfig(resolution=32, channels=8)
>>> discriminator = SNDCGANDiscriminator(config, seed=0)
>>> judgement = discriminator.judge(torch.zeros(4, 3, 32, 32), features=["conv5"])
>>> judgement.logits.shape, judgement.features["conv5"].shape
(torch.Size([4]), torch.Size([4, 32, 8, 8]))
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.generators.base import Discriminator, Judgement
from ganprobe.generators.checks import at_least, check_images, positive
from ganprobe.generators.layers.initial import fill, normal
from ganprobe.generators.layers.spectral import (
    SpectralLinear,
    SpectralNorm,
    at_least_float32,
    full_precision,
)
from ganprobe.generators.sndcgan.generator import DEVIATION, check_resolution

SLOPE: Final = 0.1
WIDTHS: Final = (1, 2, 2, 4, 4, 8, 8)
"""Channels of conv1 to conv7 in multiples of `channels`; every second one is 4 x 4 and halves the side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SNDCGANDiscriminatorConfig:
    """What an SNDCGAN discriminator is made of; fields as in `SNDCGANConfig`. channels: of conv1 (64 in the paper).
    sn_epsilon: the floor of the norms in spectral normalisation."""

    resolution: int = 32
    channels: int = 64
    sn_epsilon: float = 1e-12

    def __post_init__(self) -> None:
        check_resolution(self.resolution)
        at_least(1, channels=self.channels)
        positive(sn_epsilon=self.sn_epsilon)

    @property
    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """What conv1 to conv7 put out."""
        sides = (self.resolution >> ((number + 1) // 2) for number in range(len(WIDTHS)))
        return tuple((width * self.channels, side, side) for width, side in zip(WIDTHS, sides, strict=True))


@final
class _Layer(nn.Module):
    """A spectrally normalised convolution, 3 x 3 of stride 1 or 4 x 4 of stride 2, and a leaky ReLU of slope 0.1."""

    def __init__(self, before: int, after: int, *, halve: bool, epsilon: float) -> None:
        super().__init__()
        size = 4 if halve else 3
        self.stride = 2 if halve else 1
        self.weight = nn.Parameter(torch.zeros(after, before, size, size))
        self.bias = nn.Parameter(torch.zeros(after))
        self.norm = SpectralNorm(after, epsilon=epsilon)

    def forward(self, x: Tensor) -> Tensor:
        return F.leaky_relu(F.conv2d(x, self.norm(self.weight), self.bias, stride=self.stride, padding=1), SLOPE)


@final
class SNDCGANDiscriminator(Discriminator):
    """Images (N, 3, H, W) in [-1, 1] to logits (N,). Weights are normal of deviation 0.02, drawn from `seed`."""

    architecture: ClassVar[str] = "sndcgan"

    def __init__(self, config: SNDCGANDiscriminatorConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        widths = (3, *(channels for channels, _, _ in config.shapes))
        self.convs = nn.ModuleList(
            _Layer(before, after, halve=number % 2 == 1, epsilon=config.sn_epsilon)
            for number, (before, after) in enumerate(pairwise(widths))
        )
        channels, side, _ = config.shapes[-1]
        self.linear = SpectralLinear(channels * side * side, 1, epsilon=config.sn_epsilon)
        fill(self, seed=seed, draw=normal(DEVIATION))

    @property
    def layers(self) -> Mapping[str, tuple[int, ...]]:
        """conv1 to conv7, each with its activation, and "features", conv7 flattened."""
        shapes = {f"conv{number}": shape for number, shape in enumerate(self.config.shapes, 1)}
        channels, side, _ = self.config.shapes[-1]
        return {**shapes, "features": (channels * side * side,)}

    def judged(self, images: Tensor, labels: Tensor | None, wanted: Collection[str], lod: float) -> Judgement:
        taken = self._layers_of(images)
        with full_precision(taken["features"]):
            logits = self.linear(taken["features"]).squeeze(1)
        return Judgement(logits, {name: taken[name] for name in wanted})

    def features(self, images: Tensor) -> Tensor:
        """conv7 flattened (N, F), at least float32."""
        return self._layers_of(images)["features"]

    def _layers_of(self, images: Tensor) -> dict[str, Tensor]:
        check_images(images, self.config.resolution)
        x, taken = images, {}
        for number, conv in enumerate(self.convs, 1):
            x = taken[f"conv{number}"] = conv(x)
        return {**taken, "features": at_least_float32(x.flatten(1))}
