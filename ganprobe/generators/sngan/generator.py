"""The residual generator of SNGAN (Miyato et al. 2018, "Spectral normalization for generative adversarial networks",
appendix B, tables 4 to 6) and, with classes, of cGANs with projection discriminator (Miyato and Koyama 2018, appendix).

>>> import torch
>>> config = SNGANConfig(resolution=32, channels=2, z_dim=16)
>>> SNGANGenerator(config, seed=0).eval()(torch.zeros(4, 16)).shape
torch.Size([4, 3, 32, 32])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, final

from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.generators.checks import at_least, one_of, positive
from ganprobe.generators.direct import DirectGenerator
from ganprobe.generators.layers.initial import fill, glorot
from ganprobe.generators.layers.residual import DecoderPlan, Interpolation, ResidualDecoder, initial_gain

WIDTHS: Final[Mapping[int, tuple[int, ...]]] = MappingProxyType(
    {32: (4, 4, 4, 4), 48: (8, 4, 2, 1), 64: (16, 8, 4, 2, 1), 128: (16, 16, 8, 4, 2, 1)}
)
"""Resolution to channels of the first map and after each block, in multiples of `channels` (32, 48, 128: tables 4 to 6
of the paper; 64: the 128 network without its first block)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SNGANConfig:
    """What an SNGAN generator is made of; JSON-able.

    resolution: 32, 48, 64 or 128. num_classes: 0 for none; otherwise the norms in the blocks have a gain and a bias
    per class. channels: the width that counts as 1 in WIDTHS. interpolation: how blocks enlarge, "nearest" as in the
    authors' code, or "bilinear" as in torch-mimicry's networks. width_multiples: of other networks than WIDTHS has,
    which may then be of other resolutions. InputError where a field is out of range.
    """

    resolution: int = 32
    num_classes: int = 0
    channels: int = 64
    z_dim: int = 128
    interpolation: Interpolation = "nearest"
    bn_epsilon: float = 1e-5
    width_multiples: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "width_multiples", checked_multiples(self.width_multiples, self.resolution))
        at_least(0, num_classes=self.num_classes)
        at_least(1, channels=self.channels, z_dim=self.z_dim)
        one_of(("nearest", "bilinear"), interpolation=self.interpolation)
        positive(bn_epsilon=self.bn_epsilon)

    @property
    def plan(self) -> DecoderPlan:
        """Of the decoder."""
        multiples = self.width_multiples or WIDTHS[self.resolution]
        return DecoderPlan(
            z_dim=self.z_dim,
            side=self.resolution >> (len(multiples) - 1),
            widths=tuple(width * self.channels for width in multiples),
            num_classes=self.num_classes,
            interpolation=self.interpolation,
            bn_epsilon=self.bn_epsilon,
        )


def checked_multiples(given: Sequence[int], resolution: int) -> tuple[int, ...]:
    """The width multiples of a configuration. InputError where none are given for a resolution that WIDTHS has not, and
    where they are not positive or do not fit the resolution."""
    multiples = tuple(given)
    if not multiples:
        one_of(WIDTHS, resolution=resolution)
    elif min(multiples) < 1 or len(multiples) < 2 or resolution % (1 << (len(multiples) - 1)):
        raise InputError(f"width_multiples {multiples} do not fit a resolution of {resolution}")
    return multiples


def first_side(resolution: int) -> int:
    """The side of the first map of a network of WIDTHS."""
    return resolution >> (len(WIDTHS[resolution]) - 1)


@final
class SNGANGenerator(DirectGenerator):
    """z (N, z_dim), and labels (N,) where there are classes, to images (N, 3, H, W) in [-1, 1]. Weights are Glorot's,
    drawn from `seed`."""

    architecture: ClassVar[str] = "sngan"

    def __init__(self, config: SNGANConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config: SNGANConfig = config
        self.trunk = ResidualDecoder(config.plan)
        fill(self, seed=seed, draw=glorot(initial_gain))

    @property
    def num_classes(self) -> int:
        return self.config.num_classes

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images, with the batch's statistics in training mode. Nothing is checked."""
        images: Tensor = self.trunk(z, labels)
        return images
