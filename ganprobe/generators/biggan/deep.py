"""The generator of BigGAN-deep (Brock et al. 2019, appendix B, figure 16 and tables 7 to 9).

>>> import torch
>>> config = BigGANDeepConfig(resolution=32, num_classes=10, channels=8)
>>> generator = BigGANDeepGenerator(config, seed=0).eval()
>>> images = generator.synthesize(torch.randn(4, 128), space="z", labels=torch.tensor([0, 1, 2, 3]))
>>> images.shape
torch.Size([4, 3, 32, 32])
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NoReturn, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.spaces import SamplerSpec, Space, Truncation
from ganprobe.generators.base import Generator, resolve_noise
from ganprobe.generators.biggan.generator import WIDTHS
from ganprobe.generators.direct import checked_labels
from ganprobe.generators.layers.attention import SelfAttention
from ganprobe.generators.layers.spectral import (
    SpectralConv2d,
    SpectralEmbedding,
    SpectralLinear,
    at_least_float32,
    initialise,
)
from ganprobe.generators.layers.truncated_norm import (
    ConditionalTruncatedBatchNorm,
    TruncatedBatchNorm,
    interpolation_weights,
)

BOTTLENECK: Final = 4
"""By how much the channels are reduced inside a block."""


def published_plan(resolution: int, *, depth: int = 2) -> tuple[tuple[int, ...], tuple[bool, ...]]:
    """The widths and the upsampling (see BigGANDeepConfig) of the published networks: `depth` blocks per resolution,
    of which the last doubles it and narrows. InputError for a resolution without such a network."""
    if resolution not in WIDTHS:
        raise InputError(f"resolution must be one of {list(WIDTHS)} unless widths are given, got {resolution}")
    *before, last = WIDTHS[resolution]
    widths = tuple(width for width in before for _ in range(depth))
    return (*widths, last), ((False,) * (depth - 1) + (True,)) * len(before)


@dataclass(frozen=True, slots=True, kw_only=True)
class BigGANDeepConfig:
    """What a BigGAN-deep generator is made of; every field is JSON-able, and a list out of JSON becomes a tuple again.

    channels: the width that counts as 1 (`ch` in the paper). shared_dim: numbers of the class embedding. widths:
    channels before each block and after the last, in multiples of `channels`; upsampling: for each block whether it
    doubles the resolution, which starts at 4 pixels; both empty for the published network of `resolution`. attention:
    after how many blocks self-attention follows, (8,) in the published networks of 128 pixels and more. bn_epsilon,
    output_bn_epsilon: in the blocks, and before the last convolution. spectral_norm: False for weights that are to be
    used as they are, such as folded ones. statistics: rows of each table of batch statistics, which stand for
    truncations from 0 to 1; with one row, truncation plays no part. swapped_interpolation: between two rows, weight
    each by what is due to the other. projection: the skip of each block is a 1 x 1 convolution, where the paper's
    drops channels. InputError where a field is outside its range.
    """

    resolution: int
    num_classes: int
    channels: int = 128
    z_dim: int = 128
    shared_dim: int = 128
    widths: tuple[int, ...] = ()
    upsampling: tuple[bool, ...] = ()
    attention: tuple[int, ...] = ()
    bn_epsilon: float = 1e-5
    output_bn_epsilon: float = 1e-5
    sn_epsilon: float = 1e-6
    spectral_norm: bool = True
    statistics: int = 1
    swapped_interpolation: bool = False
    projection: bool = False

    def __post_init__(self) -> None:
        for name in ("widths", "upsampling", "attention"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if not self.widths and not self.upsampling:
            widths, upsampling = published_plan(self.resolution)
            object.__setattr__(self, "widths", widths)
            object.__setattr__(self, "upsampling", upsampling)
        for name in ("num_classes", "channels", "z_dim", "shared_dim", "statistics"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("bn_epsilon", "output_bn_epsilon", "sn_epsilon"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be positive, got {getattr(self, name)}")
        self._check_plan()
        self._check_attention()

    def _check_plan(self) -> None:
        blocks = len(self.upsampling)
        if not blocks or len(self.widths) != blocks + 1:
            raise InputError(f"{blocks} blocks need {blocks + 1} widths and at least one block, got {self.widths}")
        if 4 << sum(map(bool, self.upsampling)) != self.resolution:
            raise InputError(f"{sum(self.upsampling)} doublings of 4 pixels do not make {self.resolution}")
        if any(after > before or after < 1 for before, after in itertools.pairwise(self.widths)):
            raise InputError(f"widths must be positive and never rise, since channels are only dropped: {self.widths}")
        if self.channels * self.widths[-2] < BOTTLENECK:
            raise InputError(f"every block needs at least {BOTTLENECK} channels to reduce; raise channels")

    def _check_attention(self) -> None:
        if len(set(self.attention)) < len(self.attention):
            raise InputError(f"attention must follow each number of blocks at most once, got {self.attention}")
        for after in self.attention:
            if not 0 <= after <= len(self.upsampling):
                raise InputError(f"attention must follow 0 to {len(self.upsampling)} blocks, got {after}")
            if self.channels * self.widths[after] < 8:
                raise InputError(f"attention needs at least 8 channels, has fewer after {after} blocks; raise channels")

    @property
    def condition_dim(self) -> int:
        """Numbers of what each block is conditioned on: the class embedding, then z."""
        return self.shared_dim + self.z_dim

    @property
    def epsilon(self) -> float | None:
        """What the layers are given: `sn_epsilon`, or None for no spectral normalisation."""
        return self.sn_epsilon if self.spectral_norm else None


def _conditional_norm(config: BigGANDeepConfig, channels: int) -> ConditionalTruncatedBatchNorm:
    size, epsilon = config.condition_dim, config.epsilon
    gain, bias = (SpectralLinear(size, channels, epsilon=epsilon, bias=False) for _ in range(2))
    return ConditionalTruncatedBatchNorm(channels, gain, bias, count=config.statistics, epsilon=config.bn_epsilon)


@final
class BottleneckBlock(nn.Module):
    """A residual block of four convolutions on a quarter of the channels, whose skip drops the channels that are too
    many (figure 16b of the paper): (N, in, H, W) to (N, out, H, W), or twice that height and width."""

    def __init__(self, config: BigGANDeepConfig, in_channels: int, out_channels: int, *, doubling: bool) -> None:
        super().__init__()
        self.out_channels, self.doubling = out_channels, doubling
        inner, epsilon = in_channels // BOTTLENECK, config.epsilon
        self.norm1 = _conditional_norm(config, in_channels)
        self.conv1 = SpectralConv2d(in_channels, inner, 1, epsilon=epsilon)
        self.norm2 = _conditional_norm(config, inner)
        self.conv2 = SpectralConv2d(inner, inner, 3, epsilon=epsilon, scale="up" if doubling else "same")
        self.norm3 = _conditional_norm(config, inner)
        self.conv3 = SpectralConv2d(inner, inner, 3, epsilon=epsilon)
        self.norm4 = _conditional_norm(config, inner)
        self.conv4 = SpectralConv2d(inner, out_channels, 1, epsilon=epsilon)
        self.skip = SpectralConv2d(in_channels, out_channels, 1, epsilon=epsilon) if config.projection else None

    def forward(self, x: Tensor, condition: Tensor, weights: Tensor) -> Tensor:
        h = self.conv1(F.relu(self.norm1(x, condition, weights)))
        h = self.conv2(F.relu(self.norm2(h, condition, weights)))
        h = self.conv3(F.relu(self.norm3(h, condition, weights)))
        h = self.conv4(F.relu(self.norm4(h, condition, weights)))
        kept = x[:, : self.out_channels] if self.skip is None else self.skip(x)
        result: Tensor = h + (F.interpolate(kept, scale_factor=2) if self.doubling else kept)
        return result


@final
class BigGANDeepGenerator(Generator):
    """z (N, z_dim) and labels (N,) to images (N, 3, H, W) in [-1, 1].

    Weights are orthogonal, drawn from `seed`. In training batch statistics are used and the running ones, of the whole
    z, move; in evaluation the stored ones are used.
    """

    architecture = "biggan-deep"

    def __init__(self, config: BigGANDeepConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config: BigGANDeepConfig = config
        widths, epsilon = [width * config.channels for width in config.widths], config.epsilon
        self.shared = SpectralEmbedding(config.num_classes, config.shared_dim, epsilon=None)
        self.linear = SpectralLinear(config.condition_dim, 16 * widths[0], epsilon=epsilon)
        self.blocks = nn.ModuleList(
            BottleneckBlock(config, *pair, doubling=doubling)
            for pair, doubling in zip(itertools.pairwise(widths), config.upsampling, strict=True)
        )
        self.attention = nn.ModuleDict(
            {str(after): SelfAttention(widths[after], epsilon=epsilon) for after in config.attention}
        )
        self.output_norm = TruncatedBatchNorm(widths[-1], count=config.statistics, epsilon=config.output_bn_epsilon)
        self.output = SpectralConv2d(widths[-1], 3, 3, epsilon=epsilon)
        initialise(self, seed=seed)

    @property
    def spec(self) -> SamplerSpec:
        """Images of config.resolution, its classes, and z alone."""
        size = self.config.resolution
        return SamplerSpec(
            image_shape=(3, size, size), num_classes=self.config.num_classes, spaces={"z": (self.config.z_dim,)}
        )

    def forward(self, z: Tensor, labels: Tensor, truncation: float = 1.0) -> Tensor:
        """z (N, z_dim) and labels (N,) int64 from 0 to num_classes - 1 to images (N, 3, H, W) in [-1, 1], at least
        float32, with the statistics of a truncation from 0 to 1. Nothing is checked (a look at the labels would hold up
        an accelerator)."""
        weights = self._statistics_weights(truncation)
        embedding = self.shared(labels)
        condition = torch.cat([embedding, z.to(embedding.dtype)], dim=1)
        x = self._attended(self.linear(condition).unflatten(1, (-1, 4, 4)), 0)
        for count, block in enumerate(self.blocks, start=1):
            x = self._attended(block(x, condition, weights), count)
        return torch.tanh(at_least_float32(self.output(F.relu(self.output_norm(x, weights)))))

    def _statistics_weights(self, truncation: float) -> Tensor:
        config, like = self.config, self.output_norm.statistics.running_mean
        weights = interpolation_weights(truncation, config.statistics, swapped=config.swapped_interpolation)
        return torch.tensor(weights, dtype=like.dtype, device=like.device)

    def _attended(self, x: Tensor, count: int) -> Tensor:
        if count not in self.config.attention:
            return x
        result: Tensor = self.attention[str(count)](x)
        return result

    def map(self, z: Tensor, labels: Tensor | None = None) -> NoReturn:
        """CapabilityError: there is no W."""
        raise CapabilityError("BigGAN-deep has no W: it maps z to images directly; ask for space z")

    def synthesize(
        self,
        latents: Tensor,
        *,
        space: Space,
        labels: Tensor | None = None,
        noise: str | int | Sequence[Tensor] = "const",
        truncation: Truncation = 1.0,
    ) -> Tensor:
        """z (N, z_dim) with labels (N,) int64 to images (N, 3, H, W), float32 in [-1, 1].

        truncation: that of the z, more than 0 and at most 1, which selects the batch statistics; z stays as it is.
        noise plays no part, since there are no noise inputs. CapabilityError for a space other than z, and for a
        truncation other than 1 where there is one set of statistics; InputError for a truncation out of range, and for
        latents or labels that are missing, misshapen or out of range.
        """
        if space != "z":
            raise CapabilityError(f"BigGAN-deep has no space {space!r}: it maps z to images; ask for space 'z'")
        psi = _checked_truncation(truncation, self.config.statistics)
        resolve_noise(noise, [], len(latents))
        if latents.ndim != 2 or latents.shape[1] != self.config.z_dim:
            raise InputError(f"z must be of shape N x {self.config.z_dim}, got {tuple(latents.shape)}")
        return self.forward(
            latents, checked_labels(labels, len(latents), self.config.num_classes, of="BigGAN-deep"), psi
        )


def _checked_truncation(truncation: Truncation, statistics: int) -> float:
    psi = truncation[0] if isinstance(truncation, tuple) else truncation
    if psi == 1.0:
        return 1.0
    if statistics == 1:
        raise CapabilityError(
            f"this BigGAN-deep has batch statistics of the whole z alone, got truncation={truncation}; "
            "truncate z when drawing: ganprobe.load(..., truncation=threshold)"
        )
    if isinstance(truncation, tuple):
        raise CapabilityError(f"BigGAN-deep truncates all layers alike, got truncation={truncation}; give one number")
    if not 0 < psi <= 1:
        raise InputError(f"truncation must be more than 0 and at most 1, got {truncation}")
    return psi
