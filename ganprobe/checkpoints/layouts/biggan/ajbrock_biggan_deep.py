"""The layout of BigGAN-PyTorch (github.com/ajbrock/BigGAN-PyTorch): state dicts of its BigGAN-deep generator.

Every layer of that network takes the class embedding followed by the whole of z, so that no tensor need tell whether z
is hierarchical. Its last batch normalisation always has the epsilon of 1e-5, whatever the others are given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
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
from ganprobe.generators.biggan.deep import BigGANDeepConfig, published_plan
from ganprobe.generators.biggan.generator import WIDTHS

MARKS: Final = (
    "linear.weight",
    "shared.weight",
    "blocks.0.0.conv4.weight",
    "blocks.0.0.bn4.gain.weight",
    "blocks.0.0.bn1.stored_mean",
    "output_layer.2.weight",
)


def matches(shapes: Shapes) -> bool:
    """Whether names and shapes are those of this layout."""
    names = plain_names(shapes)
    return all(mark in names for mark in MARKS)


def config_of(
    tensors: Mapping[str, Tensor], *, bn_epsilon: float = BN_EPSILON, sn_epsilon: float | None = None
) -> BigGANDeepConfig:
    """The configuration that the shapes of the tensors tell; CheckpointError where they tell none. sn_epsilon: None for
    the published one."""
    blocks = sum(re.fullmatch(r"blocks\.\d+\.0\.conv4\.weight", name) is not None for name in tensors)
    found = [tensors[f"blocks.{i}.0.conv1.weight"].shape[1] for i in range(blocks)]
    found.append(tensors[f"blocks.{blocks - 1}.0.conv4.weight"].shape[0])
    resolution, depth, channels = _plan_of(found)
    widths, upsampling = published_plan(resolution, depth=depth)
    classes, shared_dim = tensors["shared.weight"].shape
    return BigGANDeepConfig(
        resolution=resolution,
        num_classes=classes,
        channels=channels,
        z_dim=tensors["linear.weight"].shape[1] - shared_dim,
        shared_dim=shared_dim,
        widths=widths,
        upsampling=upsampling,
        attention=tuple(i + 1 for i in range(blocks) if f"blocks.{i}.1.gamma" in tensors),
        bn_epsilon=bn_epsilon,
        output_bn_epsilon=BN_EPSILON,
        sn_epsilon=published_sn_epsilon(resolution) if sn_epsilon is None else sn_epsilon,
        spectral_norm="linear.u0" in tensors,
    )


def _plan_of(found: list[int]) -> tuple[int, int, int]:
    """Resolution, blocks per resolution and the width that counts as 1, of the network with such widths."""
    blocks = len(found) - 1
    for resolution, published in WIDTHS.items():
        depth, rest = divmod(blocks, len(published) - 1)
        channels = found[-1] // published[-1]
        if not rest and found == [width * channels for width in published_plan(resolution, depth=depth)[0]]:
            return resolution, depth, channels
    raise CheckpointError(
        f"no BigGAN-deep has {blocks} blocks with widths {found}; "
        "only the networks of the BigGAN paper and of BigGAN-PyTorch can be read"
    )


def convert(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the names, and in the shapes, of BigGANDeepGenerator's state dict."""
    return {
        native_name(name, attention_after=lambda block: block + 1): _native_shape(name, tensors[name])
        for name in used_names(tensors)
    }


def _native_shape(name: str, tensor: Tensor) -> Tensor:
    # The native network keeps sets of statistics, of which there is one here.
    statistics = re.search(r"\.(stored|running)_(mean|var)$", name)
    return tensor[None] if statistics else native_shape(name, tensor)


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file."""
    tensors = contents.tensors
    config = config_of(tensors.sketch(), bn_epsilon=overrides.bn_epsilon or BN_EPSILON, sn_epsilon=overrides.sn_epsilon)
    published = {
        "bn_epsilon": f"{config.bn_epsilon:g} in the published script; no tensor tells",
        "sn_epsilon": f"{config.sn_epsilon:g} in the published scripts for such a resolution; no tensor tells",
    }
    fixed = {"output_bn_epsilon": f"{BN_EPSILON:g} always in the layout's code"}
    return Reading(
        architecture="biggan-deep",
        config=config,
        convert=lambda: convert(tensors),
        inferred=_EVIDENCE | {"spectral_norm": "linear.u0 is " + ("there" if config.spectral_norm else "absent")},
        assumed=published | overrides.said() | fixed | assumed_of_statistics(contents.shapes),
    )


_EVIDENCE: Final = {
    "resolution": "number and widths of the blocks",
    "num_classes": "rows of shared.weight",
    "channels": "output channels of the last block",
    "z_dim": "columns of linear.weight less those of shared.weight",
    "shared_dim": "columns of shared.weight",
    "widths": "channels of the blocks",
    "upsampling": "the last of the blocks of equal width, by the number of blocks",
    "attention": "blocks with a gamma",
    "statistics": "stored_mean and stored_var hold one set",
}
