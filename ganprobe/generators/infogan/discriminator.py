"""The discriminator of InfoGAN (Chen et al. 2016, appendix C, the network for SVHN and CelebA). What reads the codes
from its last layer is not part of it: training adds it.

>>> import torch
>>> config = InfoGANDiscriminatorConfig(channels=4)
>>> judgement = InfoGANDiscriminator(config, seed=0).judge(torch.zeros(2, 3, 32, 32), features=["features"])
>>> judgement.logits.shape, judgement.features["features"].shape
(torch.Size([2]), torch.Size([2, 256]))
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final, final, get_args

from torch import Tensor, nn

from ganprobe.generators.base import Discriminator, Judgement
from ganprobe.generators.checks import at_least, check_images, one_of, positive
from ganprobe.generators.infogan.generator import DEVIATION, check_resolution
from ganprobe.generators.layers.initial import fill, normal
from ganprobe.generators.layers.norms import FeatureNorm
from ganprobe.generators.layers.spectral import SpectralLinear, at_least_float32, full_precision
from ganprobe.generators.layers.strided import HalvingLayer

SLOPE: Final = 0.1
WIDTHS: Final = (1, 2, 4)
"""Channels of conv1 to conv3 in multiples of `channels`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoGANDiscriminatorConfig:
    """What an InfoGAN discriminator is made of; JSON-able. norm: after conv2 and conv3. InputError where a field is out
    of range."""

    resolution: int = 32
    channels: int = 64
    norm: FeatureNorm = "batch"
    bn_epsilon: float = 1e-5

    def __post_init__(self) -> None:
        check_resolution(self.resolution)
        at_least(1, channels=self.channels)
        one_of(get_args(FeatureNorm), norm=self.norm)
        positive(bn_epsilon=self.bn_epsilon)

    @property
    def shapes(self) -> tuple[tuple[int, int, int], ...]:
        """What conv1 to conv3 put out."""
        sides = (self.resolution >> number for number in range(1, 4))
        return tuple((width * self.channels, side, side) for width, side in zip(WIDTHS, sides, strict=True))


@final
class InfoGANDiscriminator(Discriminator):
    """Images (N, 3, H, W) in [-1, 1] to logits (N,): convolutions 4 x 4 of stride 2 with leaky ReLUs of slope 0.1, the
    second and third batch normalised, and a linear layer. Weights are normal of deviation 0.02, drawn from `seed`."""

    architecture: ClassVar[str] = "infogan"

    def __init__(self, config: InfoGANDiscriminatorConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config: InfoGANDiscriminatorConfig = config
        widths = (3, *(channels for channels, _, _ in config.shapes))
        self.convs = nn.ModuleList(
            HalvingLayer(*pair, norm=config.norm if number else "none", slope=SLOPE, bn_epsilon=config.bn_epsilon)
            for number, pair in enumerate(pairwise(widths))
        )
        channels, side, _ = config.shapes[-1]
        self.linear = SpectralLinear(channels * side * side, 1, epsilon=None)
        fill(self, seed=seed, draw=normal(DEVIATION))

    @property
    def couples_batch(self) -> bool:
        """By batch normalisation, where that is the norm."""
        return self.config.norm == "batch"

    @property
    def layers(self) -> Mapping[str, tuple[int, ...]]:
        """conv1 to conv3, each with its activation, and "features", conv3 flattened."""
        shapes = {f"conv{number}": shape for number, shape in enumerate(self.config.shapes, 1)}
        channels, side, _ = self.config.shapes[-1]
        return {**shapes, "features": (channels * side * side,)}

    def judged(self, images: Tensor, labels: Tensor | None, wanted: Collection[str], lod: float) -> Judgement:
        check_images(images, self.config.resolution)
        taken = self._layers_of(images)
        with full_precision(taken["features"]):
            logits = self.linear(taken["features"]).squeeze(1)
        return Judgement(logits, {name: taken[name] for name in wanted})

    def features(self, images: Tensor) -> Tensor:
        """conv3 flattened (N, F), at least float32."""
        check_images(images, self.config.resolution)
        return self._layers_of(images)["features"]

    def _layers_of(self, images: Tensor) -> dict[str, Tensor]:
        x, taken = images, {}
        for number, conv in enumerate(self.convs, 1):
            x = taken[f"conv{number}"] = conv(x)
        return {**taken, "features": at_least_float32(x.flatten(1))}
