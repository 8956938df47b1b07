"""The discriminator of BigGAN (Brock et al. 2019, tables 4 to 6; figure 15c): residual, with projection conditioning.

>>> import torch
>>> config = BigGANDiscriminatorConfig(resolution=32, num_classes=10, channels=16)
>>> discriminator = BigGANDiscriminator(config, seed=0)
>>> discriminator(torch.zeros(4, 3, 32, 32), torch.tensor([0, 1, 2, 3])).shape
torch.Size([4])
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import ClassVar, Final, final

from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.core.errors import InputError
from ganprobe.generators.base import Discriminator, Judgement
from ganprobe.generators.biggan.generator import check_attention
from ganprobe.generators.checks import check_images, check_labels_given
from ganprobe.generators.layers.attention import SelfAttention
from ganprobe.generators.layers.residual import DownBlock
from ganprobe.generators.layers.spectral import (
    SpectralEmbedding,
    SpectralLinear,
    at_least_float32,
    full_precision,
    initialise,
)

WIDTHS: Final[Mapping[int, tuple[int, ...]]] = MappingProxyType(
    {
        32: (4, 4, 4, 4),
        64: (1, 2, 4, 8, 16),
        128: (1, 2, 4, 8, 16, 16),
        256: (1, 2, 4, 8, 8, 16, 16),
        512: (1, 1, 2, 4, 8, 8, 16, 16),
    }
)
"""Resolution to the channels that each block puts out, in multiples of `channels`."""
_FINAL: Final = MappingProxyType({32: 8, 64: 4, 128: 4, 256: 4, 512: 4})


@dataclass(frozen=True, slots=True, kw_only=True)
class BigGANDiscriminatorConfig:
    """What a BigGAN discriminator is made of; JSON-able, and a list read from JSON becomes a tuple again.

    resolution: 32, 64, 128, 256 or 512 pixels; blocks halve it down to 4 (32: to 8, and two more keep that, as in the
    CIFAR-10 network of the authors' PyTorch code). num_classes: 0 for logits without a class. channels: the width that
    counts as 1. attention: resolutions whose first block is followed by self-attention. InputError where a field is
    out of range.
    """

    resolution: int
    num_classes: int
    channels: int = 64
    attention: tuple[int, ...] = ()
    sn_epsilon: float = 1e-8

    def __post_init__(self) -> None:
        object.__setattr__(self, "attention", tuple(self.attention))
        if self.resolution not in WIDTHS:
            raise InputError(f"resolution must be one of {list(WIDTHS)}, got {self.resolution}")
        if self.channels < 1 or self.num_classes < 0:
            raise InputError(
                f"channels must be at least 1 and num_classes at least 0, got {self.channels} and {self.num_classes}"
            )
        if not self.sn_epsilon > 0:
            raise InputError(f"sn_epsilon must be positive, got {self.sn_epsilon}")
        check_attention(self.attention, self.resolutions)
        if narrow := [at for at in self.attention if self.widths[self.resolutions.index(at)] < 8]:
            raise InputError(f"attention needs at least 8 channels, has fewer at {narrow}; raise channels")

    @property
    def widths(self) -> tuple[int, ...]:
        """The channels that each block puts out."""
        return tuple(width * self.channels for width in WIDTHS[self.resolution])

    @property
    def resolutions(self) -> tuple[int, ...]:
        """The resolution that each block puts out."""
        halved = (self.resolution // 2 ** (number + 1) for number in range(len(WIDTHS[self.resolution])))
        return tuple(max(size, _FINAL[self.resolution]) for size in halved)


@final
class BigGANDiscriminator(Discriminator):
    """Images (N, 3, H, W) in [-1, 1], with labels, to logits (N,).

    Every layer is spectrally normalised; weights are orthogonal, drawn from `seed`. The logit is
    linear(f) + embedding(label) . f of the features f (Miyato and Koyama 2018).
    """

    architecture: ClassVar[str] = "biggan"

    def __init__(self, config: BigGANDiscriminatorConfig, *, seed: int = 0) -> None:
        super().__init__()
        self.config = config
        widths, epsilon = config.widths, config.sn_epsilon
        sizes = (config.resolution, *config.resolutions)
        self.blocks = nn.ModuleList(
            DownBlock(
                channels,
                width,
                inner=width,
                first=number == 0,
                halve=sizes[number + 1] < sizes[number],
                epsilon=epsilon,
            )
            for number, (channels, width) in enumerate(zip((3, *widths[:-1]), widths, strict=True))
        )
        self.attention = nn.ModuleDict(
            {str(at): SelfAttention(widths[config.resolutions.index(at)], epsilon=epsilon) for at in config.attention}
        )
        self.linear = SpectralLinear(widths[-1], 1, epsilon=epsilon)
        if config.num_classes:
            self.embedding = SpectralEmbedding(config.num_classes, widths[-1], epsilon=epsilon)
        initialise(self, seed=seed)

    @property
    def layers(self) -> Mapping[str, tuple[int, ...]]:
        """block1, block2, ... as they are put out (after attention); "last": after the final ReLU, before the sum over
        positions; "features": that sum."""
        sizes = zip(self.config.widths, self.config.resolutions, strict=True)
        blocks = {f"block{number}": (width, side, side) for number, (width, side) in enumerate(sizes, 1)}
        last = self.config.widths[-1]
        side = self.config.resolutions[-1]
        return {**blocks, "last": (last, side, side), "features": (last,)}

    def judged(self, images: Tensor, labels: Tensor | None, wanted: Collection[str], lod: float) -> Judgement:
        check_images(images, self.config.resolution)
        check_labels_given(labels, self.config.num_classes)
        taken = self._layers_of(images)
        return Judgement(self.logits(taken["features"], labels), {name: taken[name] for name in wanted})

    def features(self, images: Tensor) -> Tensor:
        """Images (N, 3, H, W) to features (N, F) of at least float32: the last ReLU, summed over positions."""
        return self._layers_of(images)["features"]

    def _layers_of(self, images: Tensor) -> dict[str, Tensor]:
        x, taken = images, {}
        for number, block in enumerate(self.blocks):
            x = block(x)
            at = self.config.resolutions[number]
            if at in self.config.attention and self.config.resolutions.index(at) == number:
                x = self.attention[str(at)](x)
            taken[f"block{number + 1}"] = x
        last = at_least_float32(F.relu(x))
        return {**taken, "last": last, "features": last.sum(dim=(2, 3))}

    def logits(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        """Features (N, F) and labels (N,) int64 to logits (N,). InputError where the labels are missing."""
        check_labels_given(labels, self.config.num_classes)
        with full_precision(features):
            scores: Tensor = self.linear(features).squeeze(1)
            if self.config.num_classes:
                scores = scores + (self.embedding(labels) * features).sum(dim=1)
            return scores
