"""The generator of SNDCGAN (Miyato et al. 2018, "Spectral normalization for generative adversarial networks", appendix
B, table 3; sides and norms as in the networks of Lucic et al. 2018).

>>> config = SNDCGANConfig(resolution=32, channels=8, z_dim=16)
>>> SNDCGANGenerator(config, seed=0).eval()(torch.zeros(4, 16)).shape
torch.Size([4, 3, 32, 32])
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Final, final

import torch
from torch import Tensor, nn

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.spaces import SamplerSpec, Space, Truncation
from ganprobe.core.streams import stream
from ganprobe.generators.base import Generator
from ganprobe.generators.layers.norms import BatchNorm

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
        if self.resolution < 16 or self.resolution % 8:
            raise InputError(f"resolution must be a multiple of 8, at least 16, got {self.resolution}")
        if self.channels < 1 or self.z_dim < 1:
            raise InputError(f"channels and z_dim must be at least 1, got {self.channels} and {self.z_dim}")


@final
class SNDCGANGenerator(Generator):
    """z (N, z_dim) to images (N, 3, H, W) in [-1, 1]. Weights are normal of deviation 0.02, drawn from `seed`.

    A linear layer to 8c x H/8 x W/8, three transposed convolutions 4 x 4 that double the side (4c, 2c, c channels),
    each layer followed by batch normalisation and ReLU, a convolution 3 x 3 to the image, tanh.
    """

    architecture: ClassVar[str] = "sndcgan"

    def __init__(self, config: SNDCGANConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        c, side = config.channels, config.resolution // 8
        self.linear = nn.Linear(config.z_dim, 8 * c * side * side)
        self.first_norm = BatchNorm(8 * c, epsilon=BN_EPSILON)
        widths = ((8 * c, 4 * c), (4 * c, 2 * c), (2 * c, c))
        self.doublings = nn.ModuleList(
            nn.ConvTranspose2d(before, after, 4, stride=2, padding=1) for before, after in widths
        )
        self.norms = nn.ModuleList(BatchNorm(after, epsilon=BN_EPSILON) for _, after in widths)
        self.to_rgb = nn.Conv2d(c, 3, 3, padding=1)
        initialise_normal(self, seed=seed)

    @property
    def spec(self) -> SamplerSpec:
        side = self.config.resolution
        return SamplerSpec((3, side, side), 0, {"z": (self.config.z_dim,)})

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """CapabilityError: SNDCGAN has no W."""
        raise CapabilityError("sndcgan has no space 'w'; it has: z")

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        """z (N, z_dim) to images, with the batch's statistics in training mode."""
        side = self.config.resolution // 8
        x = self.linear(z).reshape(-1, 8 * self.config.channels, side, side)
        x = self.first_norm(x).relu()
        for double, norm in zip(self.doublings, self.norms, strict=True):
            x = norm(double(x)).relu()
        images: Tensor = self.to_rgb(x).tanh()
        return images

    def synthesize(
        self,
        latents: Tensor,
        *,
        space: Space,
        labels: Tensor | None = None,
        noise: str | int | Sequence[Tensor] = "const",
        truncation: Truncation = 1.0,
    ) -> Tensor:
        """See Generator. There is neither noise nor W: truncation is of z and no matter of this network."""
        if space != "z":
            raise CapabilityError(f"sndcgan has no space {space!r}; it has: z")
        images: Tensor = self(latents)
        return images


@torch.no_grad()
def initialise_normal(network: nn.Module, *, seed: int) -> None:
    """Fill every weight of more than one axis from N(0, 0.02^2), each from a stream of `seed` and its name, biases with
    zeros; norms are left alone. A network on the meta device is left alone too."""
    for name, weight in network.named_parameters():
        if weight.is_meta:
            continue
        if weight.ndim > 1:
            drawn = stream(seed, "weight", name).standard_normal(tuple(weight.shape)) * DEVIATION
            weight.copy_(torch.from_numpy(drawn))
        elif name.endswith("bias"):
            weight.zero_()
