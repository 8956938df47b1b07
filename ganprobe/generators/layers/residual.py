"""The residual networks of SNGAN (Miyato et al. 2018, appendix B, figure 8 and tables 4 to 6), which SAGAN shares: a
decoder of z to an image and an encoder of an image to logits, and the blocks that they are made of.

>>> import torch
>>> plan = DecoderPlan(z_dim=8, side=4, widths=(16, 16, 8))
>>> ResidualDecoder(plan)(torch.zeros(2, 8)).shape
torch.Size([2, 3, 16, 16])

A convolution followed by average pooling, or preceded by nearest upsampling, is one convolution of stride 2 here, and
1 x 1 convolutions of the skips change places with the resampling: the same functions for fewer products.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.generators.layers.attention import SelfAttention
from ganprobe.generators.layers.norms import BatchNorm, ConditionalBatchNorm
from ganprobe.generators.layers.spectral import (
    SpectralConv2d,
    SpectralEmbedding,
    SpectralLinear,
    at_least_float32,
    full_precision,
)

Interpolation = Literal["nearest", "bilinear"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DecoderPlan:
    """What a decoder is made of. side: of the first map. widths: its channels, and those after each doubling.
    attention: the sides at which self-attention follows. epsilon: of spectral normalisation; None for none."""

    z_dim: int
    side: int
    widths: tuple[int, ...]
    num_classes: int = 0
    interpolation: Interpolation = "nearest"
    attention: tuple[int, ...] = ()
    bn_epsilon: float = 1e-5
    epsilon: float | None = None

    @property
    def sides(self) -> tuple[int, ...]:
        """After each block."""
        return tuple(self.side << number for number in range(1, len(self.widths)))


@dataclass(frozen=True, slots=True, kw_only=True)
class EncoderPlan:
    """What an encoder is made of. sides: of the image, and after each block. widths: channels after each block.
    attention: the sides at which self-attention follows the (first) block. rectified_skip: the skips take what the
    ReLU before the first convolution gives, as they do where that ReLU works in place."""

    sides: tuple[int, ...]
    widths: tuple[int, ...]
    num_classes: int = 0
    attention: tuple[int, ...] = ()
    rectified_skip: bool = False
    epsilon: float

    @property
    def attended(self) -> dict[int, int]:
        """Block (from 0) to the channels of the self-attention that follows it."""
        blocks = [self.sides.index(side, 1) - 1 for side in self.attention]
        return {block: self.widths[block] for block in blocks}


def _norm(plan: DecoderPlan, channels: int) -> BatchNorm | ConditionalBatchNorm:
    if not plan.num_classes:
        return BatchNorm(channels, epsilon=plan.bn_epsilon)
    tables = [SpectralEmbedding(plan.num_classes, channels, epsilon=None) for _ in range(2)]
    return ConditionalBatchNorm(channels, *tables, epsilon=plan.bn_epsilon)


@final
class UpBlock(nn.Module):
    """(N, in, H, W) and labels (N,) where there are classes to (N, out, 2H, 2W)."""

    def __init__(self, plan: DecoderPlan, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.interpolation = plan.interpolation
        fused = plan.interpolation == "nearest"
        self.norm1 = _norm(plan, in_channels)
        self.conv1 = SpectralConv2d(in_channels, out_channels, 3, epsilon=plan.epsilon, scale="up" if fused else "same")
        self.norm2 = _norm(plan, out_channels)
        self.conv2 = SpectralConv2d(out_channels, out_channels, 3, epsilon=plan.epsilon)
        self.skip = SpectralConv2d(in_channels, out_channels, 1, epsilon=plan.epsilon)

    def forward(self, x: Tensor, labels: Tensor | None) -> Tensor:
        h = F.relu(_normalised(self.norm1, x, labels))
        h = self.conv1(h if self.interpolation == "nearest" else self._enlarged(h))
        h = self.conv2(F.relu(_normalised(self.norm2, h, labels)))
        result: Tensor = h + self._enlarged(self.skip(x))
        return result

    def _enlarged(self, x: Tensor) -> Tensor:
        if self.interpolation == "nearest":
            return F.interpolate(x, scale_factor=2)
        return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


def _normalised(norm: nn.Module, x: Tensor, labels: Tensor | None) -> Tensor:
    result: Tensor = norm(x, labels) if isinstance(norm, ConditionalBatchNorm) else norm(x)
    return result


@final
class ResidualDecoder(nn.Module):
    """z (N, z_dim) and labels (N,) where there are classes to images (N, 3, H, W) in [-1, 1], at least float32."""

    def __init__(self, plan: DecoderPlan) -> None:
        super().__init__()
        self.side, self.sides = plan.side, plan.sides
        widths, epsilon = plan.widths, plan.epsilon
        self.linear = SpectralLinear(plan.z_dim, plan.side**2 * widths[0], epsilon=epsilon)
        self.blocks = nn.ModuleList(UpBlock(plan, *pair) for pair in itertools.pairwise(widths))
        attended = {side: widths[plan.sides.index(side) + 1] for side in plan.attention}
        self.attention = nn.ModuleDict(
            {str(side): SelfAttention(width, epsilon=epsilon) for side, width in attended.items()}
        )
        self.output_norm = BatchNorm(widths[-1], epsilon=plan.bn_epsilon)
        self.output = SpectralConv2d(widths[-1], 3, 3, epsilon=epsilon)

    def forward(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        x = self.linear(z).unflatten(1, (-1, self.side, self.side))
        for side, block in zip(self.sides, self.blocks, strict=True):
            x = block(x, labels)
            if str(side) in self.attention:
                x = self.attention[str(side)](x)
        return at_least_float32(self.output(F.relu(self.output_norm(x)))).tanh()


@final
class DownBlock(nn.Module):
    """(N, in, H, W) to (N, out, H, W), or to half the side by average pooling.

    inner: channels between the convolutions. first: no ReLU before them, since the block takes an image.
    rectified_skip: see `EncoderPlan`.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        *,
        inner: int,
        first: bool,
        halve: bool,
        rectified_skip: bool = False,
        epsilon: float,
    ) -> None:
        super().__init__()
        self.first, self.halve, self.rectified_skip = first, halve, rectified_skip
        self.conv1 = SpectralConv2d(in_channels, inner, 3, epsilon=epsilon)
        self.conv2 = SpectralConv2d(inner, out_channels, 3, epsilon=epsilon, scale="down" if halve else "same")
        projected = halve or in_channels != out_channels
        self.skip = SpectralConv2d(in_channels, out_channels, 1, epsilon=epsilon) if projected else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        entering = x if self.first else F.relu(x)
        h = self.conv2(F.relu(self.conv1(entering)))
        # The 1 x 1 convolution of the skip and average pooling commute; in this order it costs a quarter.
        kept = entering if self.rectified_skip else x
        result: Tensor = h + self.skip(F.avg_pool2d(kept, 2) if self.halve else kept)
        return result


@final
class ResidualEncoder(nn.Module):
    """Images (N, 3, H, W) and labels (N,) where there are classes to logits (N,) and every layer on the way.

    The logit is linear(f) + embedding(label) . f, where f is the last ReLU summed over positions (Miyato and Koyama
    2018, equation 3).
    """

    def __init__(self, plan: EncoderPlan) -> None:
        super().__init__()
        widths, epsilon = plan.widths, plan.epsilon
        self.blocks = nn.ModuleList(
            DownBlock(
                *channels,
                inner=channels[0 if number else 1],
                first=number == 0,
                halve=after < before,
                rectified_skip=plan.rectified_skip,
                epsilon=epsilon,
            )
            for number, (channels, (before, after)) in enumerate(
                zip(itertools.pairwise((3, *widths)), itertools.pairwise(plan.sides), strict=True)
            )
        )
        self.attention = nn.ModuleDict(
            {str(block): SelfAttention(width, epsilon=epsilon) for block, width in plan.attended.items()}
        )
        self.linear = SpectralLinear(widths[-1], 1, epsilon=epsilon)
        self.embedding = SpectralEmbedding(plan.num_classes, widths[-1], epsilon=epsilon) if plan.num_classes else None

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """The layers: "block1", ... as they are put out (after attention); "last", after the final ReLU; "features"."""
        x, taken = images, {}
        for number, block in enumerate(self.blocks):
            x = block(x)
            if str(number) in self.attention:
                x = self.attention[str(number)](x)
            taken[f"block{number + 1}"] = x
        last = at_least_float32(F.relu(x))
        return {**taken, "last": last, "features": last.sum(dim=(2, 3))}

    def logits(self, features: Tensor, labels: Tensor | None) -> Tensor:
        """ "features" (N, F) and labels (N,) where there are classes to logits (N,)."""
        with full_precision(features):
            scores: Tensor = self.linear(features).squeeze(1)
            if self.embedding is not None:
                scores = scores + (self.embedding(labels) * features).sum(dim=1)
            return scores


def encoder_layers(plan: EncoderPlan) -> Mapping[str, tuple[int, ...]]:
    """Name to shape, without N, of what `ResidualEncoder` gives, in network order."""
    maps = [(width, side, side) for width, side in zip(plan.widths, plan.sides[1:], strict=True)]
    blocks = {f"block{number}": shape for number, shape in enumerate(maps, 1)}
    return {**blocks, "last": maps[-1], "features": maps[-1][:1]}


def initial_gain(name: str) -> float:
    """The gain of a weight's Glorot initialisation: sqrt(2) of the convolutions in blocks, 1 elsewhere."""
    return 2**0.5 if name.split(".")[-2] in ("conv1", "conv2") else 1.0
