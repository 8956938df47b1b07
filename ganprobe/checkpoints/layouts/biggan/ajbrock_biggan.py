"""The layout of BigGAN-PyTorch (github.com/ajbrock/BigGAN-PyTorch): state dicts of its BigGAN generator.

z is laid out as [first linear, block 0, block 1, ...] where it is hierarchical; a block is conditioned on the class
embedding followed by its chunk.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading
from ganprobe.checkpoints.layouts.biggan.ajbrock_names import (
    BN_EPSILON,
    assumed_of_statistics,
    native_name,
    native_shape,
    plain_names,
    published_sn_epsilon,
    used_names,
)
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.biggan.generator import WIDTHS, BigGANConfig

MARKS: Final = (
    "linear.weight",
    "blocks.0.0.conv1.weight",
    "blocks.0.0.conv_sc.weight",
    "blocks.0.0.bn1.gain.weight",
    "blocks.0.0.bn1.stored_mean",
    "output_layer.2.weight",
)
_RENAMES: Final = ((r"^blocks\.(\d+)\.0\.conv_sc\.", r"blocks.\1.skip."),)


def matches(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether names and shapes are those of this layout (BigGAN-deep, whose blocks have four convolutions, is not)."""
    names = plain_names(shapes)
    return all(mark in names for mark in MARKS) and "blocks.0.0.conv3.weight" not in names


def config_of(
    tensors: Mapping[str, Tensor], *, bn_epsilon: float = BN_EPSILON, sn_epsilon: float | None = None
) -> BigGANConfig:
    """The configuration that the shapes of the tensors tell; CheckpointError where they tell none. sn_epsilon: None for
    the published one."""
    blocks = _count_blocks(tensors)
    resolution = 4 * 2**blocks
    channels = _channels(tensors, resolution)
    shared = "shared.weight" in tensors
    gain = tensors["blocks.0.0.bn1.gain.weight"]
    chunk = gain.shape[1] - tensors["shared.weight"].shape[1] if shared else 0
    first, entering = tensors["linear.weight"].shape[1], tensors["linear.weight"].shape[0] // 16
    if not shared and gain.shape[1] != entering:
        raise CheckpointError(
            f"its first block is conditioned on {gain.shape[1]} numbers and shared.weight is absent: the embedding of "
            "its classes was lost in a conversion; convert the original again, with its labels"
        )
    if chunk not in (0, first):
        raise CheckpointError(
            f"expected blocks conditioned on the class embedding and {first} numbers of z, got {chunk} beside it; "
            "only the networks of the BigGAN paper can be read"
        )
    return BigGANConfig(
        resolution=resolution,
        num_classes=tensors["shared.weight"].shape[0] if shared else gain.shape[0],
        channels=channels,
        z_dim=first * (blocks + 1) if chunk else first,
        shared_embedding=shared,
        shared_dim=tensors["shared.weight"].shape[1] if shared else 128,
        hierarchical=chunk > 0,
        attention=tuple(8 * 2**i for i in range(blocks) if f"blocks.{i}.1.gamma" in tensors),
        bn_epsilon=bn_epsilon,
        sn_epsilon=published_sn_epsilon(resolution) if sn_epsilon is None else sn_epsilon,
        spectral_norm="linear.u0" in tensors,
    )


def _count_blocks(tensors: Mapping[str, Tensor]) -> int:
    return sum(re.fullmatch(r"blocks\.\d+\.0\.conv1\.weight", name) is not None for name in tensors)


def _channels(tensors: Mapping[str, Tensor], resolution: int) -> int:
    """The width that counts as 1, checked against the width of every block."""
    if resolution not in WIDTHS:
        raise CheckpointError(f"expected a BigGAN of resolution {', '.join(map(str, WIDTHS))}, got {resolution}")
    multiples = WIDTHS[resolution]
    blocks = [tensors[f"blocks.{i}.0.conv1.weight"].shape[0] for i in range(len(multiples) - 1)]
    found = (tensors["linear.weight"].shape[0] // 16, *blocks)
    channels = found[-1] // multiples[-1]
    if found != tuple(multiple * channels for multiple in multiples):
        raise CheckpointError(
            f"expected widths in the proportions {multiples} at resolution {resolution}, got {found}; "
            "only the networks of the BigGAN paper can be read"
        )
    return channels


def convert(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the names, and in the shapes, of BigGANGenerator's state dict."""
    return {
        native_name(name, attention_after=lambda block: 8 * 2**block, renames=_RENAMES): native_shape(
            name, tensors[name]
        )
        for name in used_names(tensors)
    }


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file."""
    tensors = contents.tensors
    config = config_of(tensors.sketch(), **overrides.given())
    published = {
        "bn_epsilon": f"{config.bn_epsilon:g} in the published scripts; no tensor tells",
        "sn_epsilon": f"{config.sn_epsilon:g} in the script published for {config.resolution} pixels; no tensor tells",
    }
    return Reading(
        architecture="biggan",
        config=config,
        convert=lambda: convert(tensors),
        inferred=_evidence(config),
        assumed=published | overrides.said() | assumed_of_statistics(contents.shapes),
    )


def _evidence(config: BigGANConfig) -> dict[str, str]:
    blocks = len(config.resolutions)
    return {
        "resolution": f"{blocks} blocks, each doubling 4 pixels",
        "num_classes": "rows of shared.weight" if config.shared_embedding else "rows of blocks.0.0.bn1.gain.weight",
        "channels": "output channels of the last block",
        "z_dim": "columns of linear.weight" + f", times {config.chunks} chunks" * config.hierarchical,
        "shared_embedding": "shared.weight is " + ("there" if config.shared_embedding else "absent"),
        "hierarchical": "columns of blocks.0.0.bn1.gain.weight against shared_dim",
        "attention": "blocks with a gamma",
        "spectral_norm": "linear.u0 is " + ("there" if config.spectral_norm else "absent"),
    }
