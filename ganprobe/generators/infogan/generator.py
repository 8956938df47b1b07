"""The generator of InfoGAN (Chen et al. 2016, "InfoGAN: Interpretable representation learning by information maximizing
generative adversarial nets", appendix C, the network for SVHN and CelebA).

>>> import torch
>>> config = InfoGANConfig(channels=4, noise=6, categorical=(3,), continuous=1)
>>> generator = InfoGANGenerator(config, seed=0).eval()
>>> z = torch.zeros(2, config.z_dim)
>>> generator(z).shape, generator.codes.read(z).categorical.shape
(torch.Size([2, 3, 32, 32]), torch.Size([2, 1]))
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Final, final

from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.core.errors import InputError
from ganprobe.generators.checks import at_least, positive
from ganprobe.generators.codes import CodeLayout
from ganprobe.generators.direct import DirectGenerator
from ganprobe.generators.layers.initial import fill, normal
from ganprobe.generators.layers.norms import BatchNorm
from ganprobe.generators.layers.spectral import SpectralLinear, at_least_float32
from ganprobe.generators.layers.strided import DoublingConv2d, DoublingLayer

DEVIATION: Final = 0.02
"""Of the initial weights."""
WIDTHS: Final = (7, 4, 2, 1)
"""Channels of the first map and after each doubling but the last, in multiples of `channels`."""


def check_resolution(resolution: int) -> None:
    """InputError unless four halvings leave a whole number of at least 2."""
    if resolution < 32 or resolution % 16:
        raise InputError(f"resolution must be a multiple of 16, at least 32, got {resolution}")


@dataclass(frozen=True, slots=True, kw_only=True)
class InfoGANConfig:
    """What an InfoGAN generator is made of; JSON-able, and a list read from JSON becomes a tuple again.

    resolution: a multiple of 16, at least 32 (32 in the paper). channels: of the map before the image (64 in the
    paper). noise: numbers of z without a meaning. categorical: the number of values of each categorical code;
    continuous: how many continuous codes. The defaults are those for SVHN. InputError where a field is out of range.
    """

    resolution: int = 32
    channels: int = 64
    noise: int = 124
    categorical: tuple[int, ...] = (10, 10, 10, 10)
    continuous: int = 4
    bn_epsilon: float = 1e-5

    def __post_init__(self) -> None:
        object.__setattr__(self, "categorical", tuple(self.categorical))
        check_resolution(self.resolution)
        at_least(1, channels=self.channels)
        positive(bn_epsilon=self.bn_epsilon)
        self.codes  # noqa: B018 - its fields are checked

    @property
    def codes(self) -> CodeLayout:
        """Where the codes lie in z."""
        return CodeLayout(noise=self.noise, categorical=self.categorical, continuous=self.continuous)

    @property
    def z_dim(self) -> int:
        """Numbers of z: noise, then codes."""
        return self.codes.size


@final
class InfoGANGenerator(DirectGenerator):
    """z (N, z_dim), codes included, to images (N, 3, H, W) in [-1, 1]. Weights are normal of deviation 0.02, drawn from
    `seed`.

    A linear layer to 448 x H/16 x W/16 and transposed convolutions 4 x 4 of stride 2, the first two layers batch
    normalised; ReLU, at last tanh.
    """

    architecture: ClassVar[str] = "infogan"

    def __init__(self, config: InfoGANConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config: InfoGANConfig = config
        self.side = config.resolution // 16
        widths = [width * config.channels for width in WIDTHS]
        self.linear = SpectralLinear(config.z_dim, self.side**2 * widths[0], epsilon=None, bias=False)
        self.first_norm = BatchNorm(widths[0], epsilon=config.bn_epsilon)
        self.doublings = nn.Sequential(
            *(
                DoublingLayer(*pair, norm="none" if number else "batch", bn_epsilon=config.bn_epsilon)
                for number, pair in enumerate(pairwise(widths))
            )
        )
        self.output = DoublingConv2d(widths[-1], 3)
        fill(self, seed=seed, draw=normal(DEVIATION))

    @property
    def codes(self) -> CodeLayout:
        """Where the codes lie in z."""
        return self.config.codes

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """Images, with the batch's statistics in training mode; labels play no part."""
        x = self.linear(self.codes.inputs(z)).unflatten(1, (-1, self.side, self.side))
        x = self.doublings(F.relu(self.first_norm(x)))
        return at_least_float32(self.output(x)).tanh()
