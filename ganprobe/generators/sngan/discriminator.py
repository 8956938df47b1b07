"""The residual discriminator of SNGAN (Miyato et al. 2018, appendix B, tables 4 to 6), with classes that of the
projection discriminator (Miyato and Koyama 2018).

>>> import torch
>>> config = SNGANDiscriminatorConfig(resolution=32, channels=4)
>>> judgement = SNGANDiscriminator(config, seed=0).judge(torch.zeros(2, 3, 32, 32), features=["block2"])
>>> judgement.logits.shape, judgement.features["block2"].shape
(torch.Size([2]), torch.Size([2, 8, 8, 8]))
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, final

from torch import Tensor

from ganprobe.generators.base import Discriminator, Judgement
from ganprobe.generators.checks import at_least, check_images, check_labels_given, one_of, positive
from ganprobe.generators.layers.initial import fill, glorot
from ganprobe.generators.layers.residual import EncoderPlan, ResidualEncoder, encoder_layers, initial_gain

WIDTHS: Final[Mapping[int, tuple[int, ...]]] = MappingProxyType(
    {32: (2, 2, 2, 2), 48: (1, 2, 4, 8, 16), 64: (1, 2, 4, 8, 16), 128: (1, 2, 4, 8, 16, 16)}
)
"""Resolution to the channels that each block puts out, in multiples of `channels`."""
HALVINGS: Final[Mapping[int, int]] = MappingProxyType({32: 2, 48: 4, 64: 5, 128: 5})
"""How many blocks, from the first on, halve the side."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SNGANDiscriminatorConfig:
    """What an SNGAN discriminator is made of; JSON-able, fields as in `SNGANConfig`.

    num_classes: 0 for logits without a class. rectified_skip: the skips of all blocks but the first take what the ReLU
    gives and not what it takes, as they do in torch-mimicry's networks, where it works in place; False for the paper's.
    """

    resolution: int = 32
    num_classes: int = 0
    channels: int = 64
    rectified_skip: bool = False
    sn_epsilon: float = 1e-12

    def __post_init__(self) -> None:
        one_of(WIDTHS, resolution=self.resolution)
        at_least(0, num_classes=self.num_classes)
        at_least(1, channels=self.channels)
        positive(sn_epsilon=self.sn_epsilon)

    @property
    def plan(self) -> EncoderPlan:
        """Of the encoder."""
        return EncoderPlan(
            sides=sides(self.resolution),
            widths=tuple(width * self.channels for width in WIDTHS[self.resolution]),
            num_classes=self.num_classes,
            rectified_skip=self.rectified_skip,
            epsilon=self.sn_epsilon,
        )


def sides(resolution: int) -> tuple[int, ...]:
    """Of the image, and after each block of a network of WIDTHS."""
    return tuple(resolution >> min(number, HALVINGS[resolution]) for number in range(len(WIDTHS[resolution]) + 1))


@final
class SNGANDiscriminator(Discriminator):
    """Images (N, 3, H, W) in [-1, 1], with labels where there are classes, to logits (N,). Every layer is spectrally
    normalised; weights are Glorot's, drawn from `seed`."""

    architecture: ClassVar[str] = "sngan"

    def __init__(self, config: SNGANDiscriminatorConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config: SNGANDiscriminatorConfig = config
        self.trunk = ResidualEncoder(config.plan)
        fill(self, seed=seed, draw=glorot(initial_gain))

    @property
    def layers(self) -> Mapping[str, tuple[int, ...]]:
        """block1, block2, ... as they are put out; "last": after the final ReLU; "features": its sum over positions."""
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
