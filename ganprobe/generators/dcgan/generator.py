"""The generator of DCGAN (Radford et al. 2016, "Unsupervised representation learning with deep convolutional generative
adversarial networks", section 3), in the widely used form with kernels of 4 x 4.

>>> import torch
>>> config = DCGANConfig(resolution=32, channels=4, z_dim=10)
>>> DCGANGenerator(config, seed=0).eval()(torch.zeros(2, 10)).shape
torch.Size([2, 3, 32, 32])
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.core.errors import InputError
from ganprobe.generators.checks import at_least, positive
from ganprobe.generators.direct import DirectGenerator
from ganprobe.generators.layers.initial import fill, normal
from ganprobe.generators.layers.norms import BatchNorm
from ganprobe.generators.layers.spectral import SpectralLinear, at_least_float32
from ganprobe.generators.layers.strided import DoublingConv2d, DoublingLayer

DEVIATION: Final = 0.02
"""Of the initial weights (section 4 of the paper)."""


def halvings(resolution: int) -> int:
    """From the resolution down to 4 pixels. InputError unless it is a power of two from 16 to 1024."""
    if resolution not in (16, 32, 64, 128, 256, 512, 1024):
        raise InputError(f"resolution must be a power of two from 16 to 1024, got {resolution}")
    return resolution.bit_length() - 3


@dataclass(frozen=True, slots=True, kw_only=True)
class DCGANConfig:
    """What a DCGAN generator is made of; JSON-able.

    resolution: a power of two, at least 16 (64 in the paper). num_classes: 0 for none; otherwise the class, one-hot,
    joins z (Mirza and Osindero 2014). channels: of the map before the image; it doubles with each halving of the side.
    InputError where a field is out of range.
    """

    resolution: int = 64
    num_classes: int = 0
    channels: int = 64
    z_dim: int = 100
    bn_epsilon: float = 1e-5

    def __post_init__(self) -> None:
        halvings(self.resolution)
        at_least(0, num_classes=self.num_classes)
        at_least(1, channels=self.channels, z_dim=self.z_dim)
        positive(bn_epsilon=self.bn_epsilon)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels at 4, 8, ... pixels, up to half the resolution."""
        return tuple(self.channels << step for step in reversed(range(halvings(self.resolution))))


@final
class DCGANGenerator(DirectGenerator):
    """z (N, z_dim), and labels (N,) where there are classes, to images (N, 3, H, W) in [-1, 1]. Weights are normal of
    deviation 0.02, drawn from `seed`.

    A linear layer to 4 x 4, then transposed convolutions 4 x 4 of stride 2, each but the last followed by batch
    normalisation and ReLU; tanh.
    """

    architecture: ClassVar[str] = "dcgan"

    def __init__(self, config: DCGANConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config: DCGANConfig = config
        widths = config.widths
        self.linear = SpectralLinear(config.z_dim + config.num_classes, 16 * widths[0], epsilon=None, bias=False)
        self.first_norm = BatchNorm(widths[0], epsilon=config.bn_epsilon)
        self.doublings = nn.Sequential(
            *(DoublingLayer(*pair, norm="batch", bn_epsilon=config.bn_epsilon) for pair in pairwise(widths))
        )
        self.output = DoublingConv2d(widths[-1], 3)
        fill(self, seed=seed, draw=normal(DEVIATION))

    @property
    def num_classes(self) -> int:
        return self.config.num_classes

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images, with the batch's statistics in training mode. Nothing is checked."""
        if labels is not None and self.config.num_classes:
            z = torch.cat([z, F.one_hot(labels, self.config.num_classes).to(z.dtype)], 1)
        x = F.relu(self.first_norm(self.linear(z).unflatten(1, (-1, 4, 4))))
        return at_least_float32(self.output(self.doublings(x))).tanh()
