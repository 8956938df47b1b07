"""The discriminator of SAGAN (Zhang et al. 2019, section 5): SNGAN's with self-attention.

>>> import torch
>>> config = SAGANDiscriminatorConfig(resolution=32, channels=4)
>>> SAGANDiscriminator(config, seed=0)(torch.zeros(2, 3, 32, 32)).shape
torch.Size([2])
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, final

from torch import Tensor

from ganprobe.generators.base import Discriminator, Judgement
from ganprobe.generators.checks import (
    at_least,
    check_attention,
    check_images,
    check_labels_given,
    one_of,
    positive,
)
from ganprobe.generators.layers.initial import fill, glorot
from ganprobe.generators.layers.residual import EncoderPlan, ResidualEncoder, encoder_layers, initial_gain
from ganprobe.generators.sngan.discriminator import WIDTHS, sides

ATTENTION: Final[Mapping[int, int]] = MappingProxyType({32: 8, 48: 12, 64: 16, 128: 32})
"""Resolution to the side at which self-attention follows unless told otherwise: after the second block."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SAGANDiscriminatorConfig:
    """What a SAGAN discriminator is made of; JSON-able, fields as in `SNGANDiscriminatorConfig`. attention: the sides
    at which self-attention follows the first block that puts them out; None for ATTENTION, () for none."""

    resolution: int = 32
    num_classes: int = 0
    channels: int = 64
    attention: tuple[int, ...] | None = None
    rectified_skip: bool = False
    sn_epsilon: float = 1e-12

    def __post_init__(self) -> None:
        one_of(WIDTHS, resolution=self.resolution)
        at_least(0, num_classes=self.num_classes)
        at_least(1, channels=self.channels)
        positive(sn_epsilon=self.sn_epsilon)
        attention = (ATTENTION[self.resolution],) if self.attention is None else tuple(self.attention)
        object.__setattr__(self, "attention", attention)
        found = reversed(list(zip(sides(self.resolution)[1:], self.widths, strict=True)))
        check_attention(attention, dict(found))

    @property
    def widths(self) -> tuple[int, ...]:
        """The channels that each block puts out."""
        return tuple(width * self.channels for width in WIDTHS[self.resolution])

    @property
    def plan(self) -> EncoderPlan:
        """Of the encoder."""
        return EncoderPlan(
            sides=sides(self.resolution),
            widths=self.widths,
            num_classes=self.num_classes,
            attention=self.attention or (),
            rectified_skip=self.rectified_skip,
            epsilon=self.sn_epsilon,
        )


@final
class SAGANDiscriminator(Discriminator):
    """Images (N, 3, H, W) in [-1, 1], with labels where there are classes, to logits (N,). Every layer is spectrally
    normalised; weights are Glorot's, drawn from `seed`."""

    architecture: ClassVar[str] = "sagan"

    def __init__(self, config: SAGANDiscriminatorConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config: SAGANDiscriminatorConfig = config
        self.trunk = ResidualEncoder(config.plan)
        fill(self, seed=seed, draw=glorot(initial_gain))

    @property
    def layers(self) -> Mapping[str, tuple[int, ...]]:
        """block1, block2, ... as they are put out (after attention); "last": after the final ReLU; "features": its sum
        over positions."""
        return encoder_layers(self.config.plan)

    def judged(self, images: Tensor, labels: Tensor | None, wanted: Collection[str], lod: float) -> Judgement:
        check_images(images, self.config.resolution)
        check_labels_given(labels, self.config.num_classes)
        taken = self.trunk(images)
        return Judgement(self.trunk.logits(taken["features"], labels), {name: taken[name] for name in wanted})

    def features(self, images: Tensor) -> Tensor:
        """The layer "features" (N, F): the last ReLU, summed over positions."""
        check_images(images, self.config.resolution)
        features: Tensor = self.trunk(images)["features"]
        return features
