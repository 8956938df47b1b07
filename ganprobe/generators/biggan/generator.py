"""The generator of BigGAN (Brock et al. 2019, "Large scale GAN training for high fidelity natural image synthesis").

>>> import torch
>>> config = BigGANConfig(resolution=32, num_classes=10, channels=16)
>>> generator = BigGANGenerator(config, seed=0).eval()
>>> images = generator.synthesize(torch.randn(4, 128), space="z", labels=torch.tensor([0, 1, 2, 3]))
>>> images.shape
torch.Size([4, 3, 32, 32])
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from types import MappingProxyType
from typing import Final, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.core.errors import InputError
from ganprobe.generators.direct import DirectGenerator
from ganprobe.generators.layers.attention import SelfAttention
from ganprobe.generators.layers.norms import BatchNorm, ConditionalBatchNorm, accumulate_statistics
from ganprobe.generators.layers.prepared import interleaved
from ganprobe.generators.layers.spectral import (
    SpectralConv2d,
    SpectralEmbedding,
    SpectralLayer,
    SpectralLinear,
    SpectralNorm,
    at_least_float32,
    initialise,
)

WIDTHS: Final[Mapping[int, tuple[int, ...]]] = MappingProxyType(
    {
        32: (4, 4, 4, 4),
        64: (16, 16, 8, 4, 2),
        128: (16, 16, 8, 4, 2, 1),
        256: (16, 16, 8, 8, 4, 2, 1),
        512: (16, 16, 8, 8, 4, 2, 1, 1),
    }
)
"""Resolution to the channels at 4, 8, 16, ... pixels, in multiples of `channels` (tables 4 to 6 of the paper; 32 is the
CIFAR-10 network of the authors' PyTorch code, and 64 the 128 network without its last block)."""


def check_attention(attention: tuple[int, ...], resolutions: Sequence[int]) -> None:
    """InputError where attention is asked for at a resolution that no block puts out."""
    if strange := [resolution for resolution in attention if resolution not in resolutions]:
        raise InputError(f"attention must be at resolutions among {list(resolutions)}, got {strange}")


@dataclass(frozen=True, slots=True, kw_only=True)
class BigGANConfig:
    """What a BigGAN generator is made of; every field is JSON-able, and a list read from JSON becomes a tuple again.

    resolution: 32, 64, 128, 256 or 512 pixels. channels: the width of the layer that counts as 1 (`ch` in the paper).
    shared_embedding: blocks take linear functions of one embedding of `shared_dim` numbers; otherwise a table of
    their own per class. hierarchical: z is split evenly over the first linear layer and the blocks, in that order,
    and each block takes its chunk beside the embedding. attention: resolutions whose blocks are followed by
    self-attention. output_bn_epsilon: of the last normalisation, which knows no class. spectral_norm: False for
    weights that are to be used as they are, such as folded ones.
    width_multiples: channels at 4, 8, ... pixels in multiples of `channels`; empty for the published ones (WIDTHS).
    InputError where a field is outside its range.
    """

    resolution: int
    num_classes: int
    channels: int = 64
    z_dim: int = 128
    shared_embedding: bool = False
    shared_dim: int = 128
    hierarchical: bool = False
    attention: tuple[int, ...] = ()
    bn_epsilon: float = 1e-5
    output_bn_epsilon: float = 1e-5
    sn_epsilon: float = 1e-8
    spectral_norm: bool = True
    width_multiples: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "attention", tuple(self.attention))
        object.__setattr__(self, "width_multiples", tuple(self.width_multiples))
        if self.resolution not in WIDTHS:
            raise InputError(f"resolution must be one of {list(WIDTHS)}, got {self.resolution}")
        for name in ("num_classes", "channels", "z_dim", "shared_dim"):
            if getattr(self, name) < 1:
                raise InputError(f"{name} must be at least 1, got {getattr(self, name)}")
        for name in ("bn_epsilon", "output_bn_epsilon", "sn_epsilon"):
            if not getattr(self, name) > 0:
                raise InputError(f"{name} must be positive, got {getattr(self, name)}")
        check_attention(self.attention, self.resolutions)
        self._check_width_multiples()
        self._check_attention_width()
        self._check_chunks()

    def _check_width_multiples(self) -> None:
        given, count = self.width_multiples, len(WIDTHS[self.resolution])
        if given and (len(given) != count or min(given) < 1):
            raise InputError(f"width_multiples must be {count} numbers of at least 1, got {list(given)}")

    def _check_attention_width(self) -> None:
        narrow = [at for at in self.attention if self.widths[self.resolutions.index(at) + 1] < 8]
        if narrow:
            raise InputError(f"attention needs at least 8 channels, has fewer at {narrow}; raise channels")

    def _check_chunks(self) -> None:
        if self.hierarchical and not self.shared_embedding:
            raise InputError("hierarchical latents need shared_embedding=True, got False")
        if self.hierarchical and self.z_dim % self.chunks:
            raise InputError(
                f"z_dim must be a multiple of {self.chunks}, one chunk per block and one for the first layer, "
                f"got {self.z_dim}; use {max(1, self.z_dim // self.chunks) * self.chunks}"
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels at 4, 8, ... pixels."""
        return tuple(width * self.channels for width in self.width_multiples or WIDTHS[self.resolution])

    @property
    def resolutions(self) -> tuple[int, ...]:
        """The resolution after each block: 8, 16, ... pixels."""
        return tuple(8 * 2**number for number in range(len(WIDTHS[self.resolution]) - 1))

    @property
    def chunks(self) -> int:
        """Into how many parts z is split: one, or one per block and one more."""
        return len(WIDTHS[self.resolution]) if self.hierarchical else 1

    @property
    def epsilon(self) -> float | None:
        """What the layers are given: `sn_epsilon`, or None for no spectral normalisation."""
        return self.sn_epsilon if self.spectral_norm else None


def _conditional_norm(config: BigGANConfig, channels: int) -> ConditionalBatchNorm:
    if config.shared_embedding:
        size = config.shared_dim + (config.z_dim // config.chunks if config.hierarchical else 0)
        layers = [SpectralLinear(size, channels, epsilon=config.epsilon, bias=False) for _ in range(2)]
        return ConditionalBatchNorm(channels, *layers, epsilon=config.bn_epsilon)
    tables = [SpectralEmbedding(config.num_classes, channels, epsilon=None) for _ in range(2)]
    return ConditionalBatchNorm(channels, *tables, epsilon=config.bn_epsilon)


@final
class UpBlock(nn.Module):
    """A residual block that doubles the resolution (figure 15b of the paper): (N, in, H, W) to (N, out, 2H, 2W)."""

    def __init__(self, config: BigGANConfig, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.norm1 = _conditional_norm(config, in_channels)
        self.conv1 = SpectralConv2d(in_channels, out_channels, 3, epsilon=config.epsilon, scale="up")
        self.norm2 = _conditional_norm(config, out_channels)
        self.conv2 = SpectralConv2d(out_channels, out_channels, 3, epsilon=config.epsilon)
        self.skip = SpectralConv2d(in_channels, out_channels, 1, epsilon=config.epsilon)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        h = self.conv1(F.relu(self.norm1(x, condition), inplace=True))
        h = self.conv2(F.relu(self.norm2(h, condition), inplace=True))
        # A 1x1 convolution and nearest upsampling commute; in this order it costs a quarter.
        result: Tensor = h.add_(F.interpolate(self.skip(x), scale_factor=2))
        return result


@final
class BigGANGenerator(DirectGenerator):
    """z (N, z_dim) and labels (N,) to images (N, 3, H, W) in [-1, 1].

    Weights are orthogonal, drawn from `seed`. In training batch statistics are used and the running ones move; in
    evaluation the stored ones are used.
    """

    architecture = "biggan"

    def __init__(self, config: BigGANConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config: BigGANConfig = config
        widths, epsilon = config.widths, config.epsilon
        if config.shared_embedding:
            self.shared = SpectralEmbedding(config.num_classes, config.shared_dim, epsilon=None)
        self.linear = SpectralLinear(config.z_dim // config.chunks, 16 * widths[0], epsilon=epsilon)
        self.blocks = nn.ModuleList(UpBlock(config, *pair) for pair in itertools.pairwise(widths))
        self.attention = nn.ModuleDict(
            {
                str(at): SelfAttention(width, epsilon=epsilon)
                for at, width in zip(config.resolutions, widths[1:], strict=True)
                if at in config.attention
            }
        )
        self.output_norm = BatchNorm(widths[-1], epsilon=config.output_bn_epsilon)
        self.output = SpectralConv2d(widths[-1], 3, 3, epsilon=epsilon)
        initialise(self, seed=seed)

    @property
    def num_classes(self) -> int:
        return self.config.num_classes

    def forward(self, z: Tensor, labels: Tensor) -> Tensor:
        """z (N, z_dim) and labels (N,) int64 from 0 to num_classes - 1 to images (N, 3, H, W) in [-1, 1], at least
        float32. Nothing is checked (a look at the labels would hold up an accelerator)."""
        first, conditions = self._conditions(z, labels)
        x = interleaved(self.linear(first).unflatten(1, (-1, 4, 4)))
        for resolution, block, condition in zip(self.config.resolutions, self.blocks, conditions, strict=True):
            x = block(x, condition)
            if resolution in self.config.attention:
                x = self.attention[str(resolution)](x)
        return torch.tanh(at_least_float32(self.output(F.relu(self.output_norm(x), inplace=True))))

    def _conditions(self, z: Tensor, labels: Tensor) -> tuple[Tensor, list[Tensor]]:
        """What the first linear layer takes, and what each block is conditioned on."""
        condition = self.shared(labels) if self.config.shared_embedding else labels
        first, *rest = z.chunk(self.config.chunks, dim=1)
        if not rest:
            return first, [condition] * len(self.blocks)
        return first, [torch.cat([condition, chunk.to(condition.dtype)], dim=1) for chunk in rest]

    def accumulate_standing_statistics(self, batches: Iterable[tuple[Tensor, Tensor]]) -> None:
        """Replace the running statistics by the mean of the statistics of batches of (z, labels), and go to evaluation
        mode (Brock et al. 2019, appendix C.1, which uses 100 batches). InputError where there is no batch."""
        accumulate_statistics(self, (partial(self.forward, z, labels) for z, labels in batches))


@torch.no_grad()
def folded(generator: BigGANGenerator) -> BigGANGenerator:
    """A copy in evaluation mode whose weights are divided by their sigma once for all: the same images without spectral
    normalisation in the network. Its config says spectral_norm=False, so that a checkpoint of it needs no u and holds
    the very weights that are applied, which is what SeFa and other readers of weights want."""
    state = {name: tensor.clone() for name, tensor in generator.state_dict().items()}
    for name, layer in generator.named_modules():
        if isinstance(layer, SpectralLayer) and isinstance(layer.norm, SpectralNorm):
            state[f"{name}.weight"] /= layer.norm.sigma(layer.weight).to(layer.weight.dtype)
            del state[f"{name}.norm.u"]
    with torch.device("meta"):
        copy = BigGANGenerator(replace(generator.config, spectral_norm=False))
    copy.load_state_dict(state, assign=True)
    return copy.eval()
