"""The layout of StudioGAN's BigGAN-deep (github.com/POSTECH-CVLab/PyTorch-StudioGAN).

Blocks of the backbone `big_resnet_deep_legacy` drop channels on their skips, as the paper's do; those of
`big_resnet_deep_studiogan` project them. Spectrally normalised weights are divided once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.residual.studiogan_residual import MULTIPLES
from ganprobe.checkpoints.layouts.studiogan_names import (
    BN_EPSILON,
    READABLE,
    attention_after,
    block_numbers,
    check_no_codes,
    native_name,
    widths_of,
)
from ganprobe.checkpoints.layouts.studiogan_settings import check_settings, read_settings, told_by
from ganprobe.checkpoints.layouts.torch_spectral import EVIDENCE, applied, plain_shapes
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.biggan.deep import BigGANDeepConfig

MARKS: Final = (
    "linear0.weight",
    "shared.weight",
    "blocks.0.0.conv2d4.weight",
    "blocks.0.0.bn1.bn.running_mean",
    "blocks.0.0.bn4.gain.weight",
    "conv2d5.weight",
)
"""Tensors by which a file is known (or `weight_orig`)."""


def matches(shapes: Shapes) -> bool:
    """Whether names are those of this layout."""
    plain = plain_shapes(shapes)
    return all(mark in plain for mark in MARKS)


def config_of(shapes: Shapes, *, bn_epsilon: float = BN_EPSILON) -> BigGANDeepConfig:
    """The configuration that names and shapes tell; CheckpointError where they are irregular."""
    check_no_codes(shapes)
    plain = plain_shapes(shapes)
    numbers = block_numbers(plain, "conv2d4")
    widths = widths_of(plain, numbers, "conv2d4")
    resolution, channels, multiples, upsampling = _plan_of(widths)
    classes, shared_dim = plain["shared.weight"]
    return BigGANDeepConfig(
        resolution=resolution,
        num_classes=classes,
        channels=channels,
        z_dim=plain["linear0.weight"][1] - shared_dim,
        shared_dim=shared_dim,
        widths=multiples,
        upsampling=upsampling,
        attention=tuple(attention_after(plain, numbers).values()),
        bn_epsilon=bn_epsilon,
        output_bn_epsilon=bn_epsilon,
        spectral_norm=False,
        projection="blocks.0.0.conv2d0.weight" in plain,
    )


def _plan_of(found: Sequence[int]) -> tuple[int, int, tuple[int, ...], tuple[bool, ...]]:
    """Resolution, the width that counts as 1, widths in it, and which blocks double: the last of each resolution's."""
    blocks = len(found) - 1
    for resolution, published in MULTIPLES.items():
        *before, last = published
        depth, rest = divmod(blocks, len(before))
        channels = found[-1] // last
        widths = (*(width for width in before for _ in range(depth)), last)
        if not rest and depth and list(found) == [width * channels for width in widths]:
            return resolution, channels, widths, ((False,) * (depth - 1) + (True,)) * len(before)
    raise CheckpointError(f"no BigGAN-deep of StudioGAN has {blocks} blocks with widths {list(found)}")


def convert(tensors: Mapping[str, Tensor], shapes: Shapes) -> dict[str, Tensor]:
    """The state dict of `BigGANDeepGenerator` of `config_of`."""
    plain = plain_shapes(shapes)
    numbers = block_numbers(plain, "conv2d4")
    attention = attention_after(plain, numbers)
    return {native_name(name, numbers=numbers, attention=attention): _native(tensors, name) for name in plain}


def _native(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    value = applied(tensors, name)
    if name.endswith(".sigma"):
        return value.reshape(())
    # The native network keeps sets of statistics, of which there is one here.
    return value[None] if re.search(r"\.running_(mean|var)$", name) else value


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file and of the configuration beside it."""
    tensors, shapes = contents.tensors, contents.shapes
    config = config_of(shapes, bn_epsilon=overrides.bn_epsilon or BN_EPSILON)
    kind = "studiogan" if config.projection else "legacy"
    settings = read_settings(contents.path.parent, f"big_resnet_deep_{kind}")
    check_settings(settings, READABLE)
    activation = {"activation": f"ReLU, {told_by(settings)}"}
    return Reading(
        architecture="biggan-deep",
        config=config,
        convert=lambda: convert(tensors, shapes),
        inferred=_EVIDENCE | (activation if settings else {}),
        assumed={"bn_epsilon": f"{BN_EPSILON:g} in the layout's code; no tensor tells"}
        | overrides.said()
        | ({} if settings else activation),
    )


_EVIDENCE: Final = {
    "resolution": "number and widths of the blocks",
    "num_classes": "rows of shared.weight",
    "channels": "output channels of the last block",
    "z_dim": "columns of linear0.weight less those of shared.weight",
    "upsampling": "the last of the blocks of each resolution",
    "attention": "blocks with a sigma",
    "projection": "blocks.0.0.conv2d0.weight is there or not",
    "spectral_norm": EVIDENCE,
}
