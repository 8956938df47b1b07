"""The layout of genforce/interfacegan's StyleGAN: NVlabs' TensorFlow networks converted to a PyTorch state dict.

The network is the paper's and ours. From 128 pixels on the enlarging convolutions are stored as [height, width, in,
out] and meet their kernel mirrored. The truncation in the file, which the original applies unasked, is the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.pictures import one_mean
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.stylegan.generator import StyleGANConfig

_LOD = "synthesis.lod"


MARKS: Final = (
    "mapping.dense0.linear.weight",
    "mapping.dense0.wscale.bias",
    "synthesis.layer0.first_layer",
    "truncation.w_avg",
    "synthesis.output0.conv.weight",
)
"""Tensors by which a file is known."""


def matches(shapes: Shapes) -> bool:
    """Whether tensors of these names and shapes are of this layout."""
    return all(name in shapes for name in MARKS)


def config_of(tensors: Mapping[str, Tensor]) -> StyleGANConfig:
    """The configuration that the shapes tell. CheckpointError where the widths are irregular, or the file is of an
    unfinished training, whose last resolutions are enlarged images."""
    if _LOD in tensors and float(tensors[_LOD]) >= 1:
        raise CheckpointError(f"its level of detail is {float(tensors[_LOD]):g}: expected a network trained to the end")
    outputs = sum(re.fullmatch(r"synthesis\.output\d+\.bias", name) is not None for name in tensors)
    widths = [len(tensors[f"synthesis.layer{2 * step + 1}.epilogue.bias"]) for step in range(outputs)]
    w_dim, z_dim = tensors["truncation.w_avg"].shape[-1], tensors["mapping.dense0.linear.weight"].shape[1]
    config = StyleGANConfig(
        resolution=4 << (outputs - 1),
        z_dim=z_dim,
        w_dim=w_dim,
        mapping_layers=sum(re.fullmatch(r"mapping\.dense\d+\.wscale\.bias", name) is not None for name in tensors),
        channel_base=widths[-1] << outputs,
        channel_max=widths[0],
        progressive=True,
    )
    regular = [config.channels(4 << step) for step in range(outputs)]
    if widths != regular:
        raise CheckpointError(f"channels by resolution are {widths}: expected {regular}")
    return config


def convert(tensors: Mapping[str, Tensor], config: StyleGANConfig) -> dict[str, Tensor]:
    """The state dict of `StyleGANGenerator(config)`."""
    mean = one_mean(tensors["truncation.w_avg"], name="w_avg")
    state = {"const": tensors["synthesis.layer0.first_layer"], "w_avg": mean}
    for index in range(config.mapping_layers):
        state[f"mapping.{index}.weight"] = tensors[f"mapping.dense{index}.linear.weight"]
        state[f"mapping.{index}.bias"] = tensors[f"mapping.dense{index}.wscale.bias"]
    for index in range(config.num_layers):
        state |= _layer(tensors, index)
    for step in range(config.num_layers // 2):
        state[f"to_rgb.{4 << step}.conv.weight"] = tensors[f"synthesis.output{step}.conv.weight"]
        state[f"to_rgb.{4 << step}.bias"] = tensors[f"synthesis.output{step}.bias"]
    return state


def _layer(tensors: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
    ours, theirs = f"layers.{index}", f"synthesis.layer{index}"
    style = f"{theirs}.epilogue.style_mod.dense"
    layer = {
        f"{ours}.bias": tensors[f"{theirs}.epilogue.bias"],
        f"{ours}.noise_strength": tensors[f"{theirs}.epilogue.apply_noise.weight"],
        f"{ours}.noise_const": tensors[f"{theirs}.epilogue.apply_noise.noise"][0, 0],
        f"{ours}.affine.weight": tensors[f"{style}.linear.weight"],
        f"{ours}.affine.bias": tensors[f"{style}.wscale.bias"],
    }
    if f"{theirs}.weight" in tensors:
        layer[f"{ours}.conv.weight"] = tensors[f"{theirs}.weight"].permute(3, 2, 0, 1).flip(2, 3)
    elif index:
        layer[f"{ours}.conv.weight"] = tensors[f"{theirs}.conv.weight"]
    return layer


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file; it takes no overrides."""
    tensors = contents.tensors
    config = config_of(tensors)
    return Reading(
        architecture="stylegan",
        config=config,
        convert=lambda: convert(tensors, config),
        inferred={
            "resolution": "number of synthesis.output* layers",
            "z_dim": "columns of mapping.dense0.linear.weight",
            "w_dim": "size of truncation.w_avg",
            "mapping_layers": "number of mapping.dense* layers",
            "channel_base": "channels of the last layer",
            "channel_max": "channels of the first layer",
        },
        assumed={
            "mapping_lr_multiplier": f"{config.mapping_lr_multiplier:g} in the layout's code; no tensor tells",
            "truncation": "none unless asked for; the original applies its file's psi",
        },
    )
