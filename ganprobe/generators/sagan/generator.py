"""The generator of SAGAN (Zhang et al. 2019, "Self-attention generative adversarial networks", section 5): SNGAN's with
spectral normalisation and self-attention.

>>> import torch
>>> config = SAGANConfig(resolution=32, channels=2, z_dim=16)
>>> SAGANGenerator(config, seed=0).eval()(torch.zeros(4, 16)).shape
torch.Size([4, 3, 32, 32])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, final

from torch import Tensor

from ganprobe.generators.checks import at_least, check_attention, one_of, positive
from ganprobe.generators.direct import DirectGenerator
from ganprobe.generators.layers.initial import fill, glorot
from ganprobe.generators.layers.residual import DecoderPlan, Interpolation, ResidualDecoder, initial_gain
from ganprobe.generators.sngan.generator import WIDTHS, checked_multiples

ATTENTION: Final[Mapping[int, int]] = MappingProxyType({32: 16, 48: 24, 64: 32, 128: 32})
"""Resolution to the side at which self-attention follows unless told otherwise (128: the paper's feat32)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SAGANConfig:
    """What a SAGAN generator is made of; JSON-able, and a list read from JSON becomes a tuple again.

    Fields as in `SNGANConfig`. attention: the sides at which self-attention follows a block; None for ATTENTION, () for
    none. sn_epsilon: the floor of the norms in spectral normalisation; None for weights that are used as they are,
    since they were divided before. InputError where a field is out of range.
    """

    resolution: int = 32
    num_classes: int = 0
    channels: int = 64
    z_dim: int = 128
    attention: tuple[int, ...] | None = None
    interpolation: Interpolation = "nearest"
    bn_epsilon: float = 1e-5
    sn_epsilon: float | None = 1e-12
    width_multiples: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "width_multiples", checked_multiples(self.width_multiples, self.resolution))
        at_least(0, num_classes=self.num_classes)
        at_least(1, channels=self.channels, z_dim=self.z_dim)
        one_of(("nearest", "bilinear"), interpolation=self.interpolation)
        positive(bn_epsilon=self.bn_epsilon)
        if self.sn_epsilon is not None:
            positive(sn_epsilon=self.sn_epsilon)
        attention = (
            (ATTENTION.get(self.resolution, self.resolution // 4),) if self.attention is None else tuple(self.attention)
        )
        object.__setattr__(self, "attention", attention)
        plan = self.plan
        check_attention(attention, dict(zip(plan.sides, plan.widths[1:], strict=True)))

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
            attention=self.attention or (),
            bn_epsilon=self.bn_epsilon,
            epsilon=self.sn_epsilon,
        )


@final
class SAGANGenerator(DirectGenerator):
    """z (N, z_dim), and labels (N,) where there are classes, to images (N, 3, H, W) in [-1, 1]. Weights are Glorot's,
    drawn from `seed`; attention starts with no say (gamma 0)."""

    architecture: ClassVar[str] = "sagan"

    def __init__(self, config: SAGANConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config: SAGANConfig = config
        self.trunk = ResidualDecoder(config.plan)
        fill(self, seed=seed, draw=glorot(initial_gain))

    @property
    def num_classes(self) -> int:
        return self.config.num_classes

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images, with the batch's statistics in training mode. Nothing is checked."""
        images: Tensor = self.trunk(z, labels)
        return images
