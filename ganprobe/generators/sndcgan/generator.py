"""The generator of SNDCGAN (Miyato et al. 2018, "Spectral normalization for generative adversarial networks", appendix
B, table 3; sides and norms as in the networks of Lucic et al. 2018).

>>> import torch
>>> config = SNDCGANConfig(resolution=32, channels=8, z_dim=16)
>>> SNDCGANGenerator(config, seed=0).eval()(torch.zeros(4, 16)).shape
torch.Size([4, 3, 32, 32])
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Final, final

from torch import Tensor, nn

from ganprobe.core.errors import InputError
from ganprobe.generators.checks import at_least
from ganprobe.generators.direct import DirectGenerator
from ganprobe.generators.layers.initial import fill, normal
from ganprobe.generators.layers.norms import BatchNorm
from ganprobe.generators.layers.spectral import SpectralConv2d, SpectralLinear, at_least_float32
from ganprobe.generators.layers.strided import DoublingConv2d

DEVIATION: Final = 0.02
"""Of the initial weights."""
BN_EPSILON: Final = 1e-5


@dataclass(frozen=True, slots=True, kw_only=True)
class SNDCGANConfig:
    """What an SNDCGAN generator is made of.

    resolution: a multiple of 8, at least 16. channels: of the layer before the image; the first has eight times as
    many (64 and 512 in the paper). z_dim: latents. InputError where a field is out of range.
    """

    resolution: int = 32
    channels: int = 64
    z_dim: int = 128

    def __post_init__(self) -> None:
        check_resolution(self.resolution)
        at_least(1, channels=self.channels, z_dim=self.z_dim)


def check_resolution(resolution: int) -> None:
    """InputError unless three halvings leave a whole number of at least 2."""
    if resolution < 16 or resolution % 8:
        raise InputError(f"resolution must be a multiple of 8, at least 16, got {resolution}")


@final
class SNDCGANGenerator(DirectGenerator):
    """z (N, z_dim) to images (N, 3, H, W) in [-1, 1]. Weights are normal of deviation 0.02, drawn from `seed`.

    A linear layer to 8c x H/8 x W/8, three transposed convolutions 4 x 4 that double the side (4c, 2c, c channels),
    each layer followed by batch normalisation and ReLU, a convolution 3 x 3 to the image, tanh.
    """

    architecture: ClassVar[str] = "sndcgan"

    def __init__(self, config: SNDCGANConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        c, side = config.channels, config.resolution // 8
        self.linear = SpectralLinear(config.z_dim, 8 * c * side * side, epsilon=None)
        self.first_norm = BatchNorm(8 * c, epsilon=BN_EPSILON)
        widths = ((8 * c, 4 * c), (4 * c, 2 * c), (2 * c, c))
        self.doublings = nn.ModuleList(DoublingConv2d(*pair) for pair in widths)
        self.norms = nn.ModuleList(BatchNorm(after, epsilon=BN_EPSILON) for _, after in widths)
        self.to_rgb = SpectralConv2d(c, 3, 3, epsilon=None)
        fill(self, seed=seed, draw=normal(DEVIATION))

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (N, z_dim) to images, with the batch's statistics in training mode."""
        side = self.config.resolution // 8
        x = self.linear(z).reshape(-1, 8 * self.config.channels, side, side)
        x = self.first_norm(x).relu()
        for double, norm in zip(self.doublings, self.norms, strict=True):
            x = norm(double(x)).relu()
        images = at_least_float32(self.to_rgb(x)).tanh()
        return images
