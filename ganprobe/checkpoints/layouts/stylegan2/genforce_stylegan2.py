"""The layout of genforce/genforce's StyleGAN2 and StyleGAN2-ADA: `generator_smooth` (the averaged one) or `generator`.

It is the network of `ganprobe.checkpoints.layouts.stylegan2.nvlabs_stylegan2_ada` under other names. Convolutions scale
their weights by 1 / sqrt(fan in) at run time and mirror the kernels of those that enlarge; the modulation's bias is
stored less 1.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.renamed_tensors import (
    Change,
    Renamed,
    first,
    label_table,
    mirrored,
    only_map,
    plus_one,
    same,
    scaled,
)
from ganprobe.checkpoints.layouts.stylegan.genforce_stylegan import ASSUMED, LABELS, check_one_w
from ganprobe.checkpoints.layouts.stylegan2 import nvlabs_stylegan2_ada as nvlabs_stylegan2
from ganprobe.generators.stylegan2.generator import layer_resolution

EMBEDDING_BIAS = "mapping.embed.bias"


MARKS: Final = (
    "mapping.dense0.weight",
    "truncation.w_avg",
    "synthesis.early_layer.const",
    "synthesis.layer0.weight",
    "synthesis.layer0.noise_strength",
)
"""Tensors by which a file is known."""


def matches(shapes: Shapes) -> bool:
    """Whether tensors of these names and shapes are of this layout."""
    return all(name in shapes for name in MARKS)


def _renamed(name: str) -> tuple[str, Change] | None:
    """The name of a tensor in NVlabs' PyTorch layout, and how it becomes what that name stands for there."""
    if name == "truncation.w_avg":
        return "mapping.w_avg", same
    if name == LABELS:
        return "mapping.embed.weight", label_table
    if name == "synthesis.early_layer.const":
        return "synthesis.b4.const", first
    if found := re.fullmatch(r"mapping\.(dense(\d+)|LabelEmbed)\.(weight|bias)", name):
        return f"mapping.{'embed' if found[2] is None else f'fc{found[2]}'}.{found[3]}", same
    if found := re.fullmatch(r"synthesis\.(layer|output)(\d{1,2})\.(.+)", name):
        index = int(found[2])
        return _renamed_layer(index, found[3]) if found[1] == "layer" else _renamed_output(index, found[3])
    return None


def _renamed_layer(index: int, rest: str) -> tuple[str, Change] | None:
    layer = f"synthesis.b{layer_resolution(index)}.conv{1 - index % 2}"
    names: dict[str, tuple[str, Change]] = _STYLE | {
        "weight": ("weight", _scaled_and_mirrored if index % 2 else scaled),
        "noise_strength": ("noise_strength", same),
        "noise": ("noise_const", only_map),
        "filter.kernel": ("resample_filter", only_map),
    }
    return (f"{layer}.{names[rest][0]}", names[rest][1]) if rest in names else None


def _renamed_output(index: int, rest: str) -> tuple[str, Change] | None:
    names = _STYLE | {"weight": ("weight", same)}
    return (f"synthesis.b{4 << index}.torgb.{names[rest][0]}", names[rest][1]) if rest in names else None


def _scaled_and_mirrored(tensor: Tensor) -> Tensor:
    return mirrored(scaled(tensor))


_STYLE: dict[str, tuple[str, Change]] = {
    "bias": ("bias", same),
    "style.weight": ("affine.weight", same),
    "style.bias": ("affine.bias", plus_one),
}


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file; it takes no overrides. CheckpointError for networks of another architecture
    than skip."""
    check_one_w(contents.shapes)
    joint = {EMBEDDING_BIAS: torch.zeros(contents.shapes[LABELS][1])} if LABELS in contents.shapes else {}
    tensors = Renamed(contents.tensors, _renamed, joint)
    config = replace(nvlabs_stylegan2.config_of(tensors), joint_normalisation=bool(joint))
    return Reading(
        architecture="stylegan2",
        config=config,
        convert=lambda: nvlabs_stylegan2.convert(tensors, config),
        inferred=_EVIDENCE,
        assumed=ASSUMED,
    )


_EVIDENCE = {
    "resolution": "the last of the synthesis.layer*",
    "z_dim": "columns of mapping.dense0.weight, less the label embedding's rows",
    "w_dim": "rows of mapping.dense0.weight",
    "num_classes": "rows of mapping.label_weight, columns of mapping.LabelEmbed.weight; 0 without either",
    "mapping_layers": "number of mapping.dense* layers",
    "channel_base": "channels of the last layer",
    "channel_max": "channels of the first layer",
    "resample_filter": "synthesis.layer1.filter.kernel",
}
