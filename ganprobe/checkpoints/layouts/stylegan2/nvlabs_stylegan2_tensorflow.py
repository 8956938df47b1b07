"""The layout of NVlabs' StyleGAN2 and StyleGAN2-ADA, TensorFlow pickles, of which Gs is read.

It is the network of `ganprobe.checkpoints.layouts.stylegan2.nvlabs_stylegan2_ada` under other names: dense weights are
stored as [in, out], convolutions as [height, width, in, out] and scaled by 1 / sqrt(fan in) at run time, the kernels of
those that enlarge mirrored; the modulation's bias is stored less 1. Single numbers (the noise strengths) are no arrays
in such a pickle.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import torch
from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.renamed_tensors import (
    Change,
    Renamed,
    channels_first,
    first,
    label_table,
    mirrored,
    only_map,
    plus_one,
    same,
    scaled,
    transposed,
)
from ganprobe.checkpoints.layouts.stylegan2 import nvlabs_stylegan2_ada as nvlabs_stylegan2
from ganprobe.checkpoints.reader.inert_objects import fields_of
from ganprobe.checkpoints.reader.tensorflow_networks import STATIC
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.stylegan2.generator import layer_resolution
from ganprobe.generators.stylegan2.layers import TAPS, upsampling_kernel

LABEL_CONCAT = "mapping/LabelConcat/weight"
_EXPECTED = {
    "mapping_nonlinearity": "lrelu",
    "nonlinearity": "lrelu",
    "normalize_latents": True,
    "architecture": "skip",
    "num_channels": 3,
    "fmap_decay": 1,
}
"""Arguments that another network than ours would have been made with, and the values that ours stands for."""


MARKS: Final = (
    "dlatent_avg",
    "mapping/Dense0/weight",
    "synthesis/4x4/Const/const",
    "synthesis/4x4/Conv/mod_weight",
)
"""Tensors by which a file is known."""


def matches(shapes: Shapes) -> bool:
    """Whether variables of these names are of this layout, of any architecture of its synthesis network."""
    return all(name in shapes for name in MARKS)


def _renamed(name: str) -> tuple[str, Change] | None:
    """The name of a variable in NVlabs' PyTorch layout, and how it becomes what that name stands for there."""
    if name == "dlatent_avg":
        return "mapping.w_avg", same
    if name == LABEL_CONCAT:
        return "mapping.embed.weight", label_table
    if name == "synthesis/4x4/Const/const":
        return "synthesis.b4.const", first
    if found := re.fullmatch(r"mapping/(Dense(\d+)|LabelEmbed)/(weight|bias)", name):
        layer = "embed" if found[2] is None else f"fc{found[2]}"
        return f"mapping.{layer}.{found[3]}", transposed if found[3] == "weight" else same
    if found := re.fullmatch(r"synthesis/noise(\d{1,2})", name):
        index = int(found[1])
        return f"synthesis.b{layer_resolution(index)}.conv{1 - index % 2}.noise_const", only_map
    if found := re.fullmatch(r"synthesis/(\d+)x\d+/(Conv|Conv0_up|Conv1|ToRGB|Skip)/(\w+)", name):
        return _renamed_layer(int(found[1]), found[2], found[3])
    return None


def _renamed_layer(resolution: int, kind: str, rest: str) -> tuple[str, Change] | None:
    layer, weight = {
        "Conv": ("conv1", _plain),
        "Conv0_up": ("conv0", _enlarging),
        "Conv1": ("conv1", _plain),
        "ToRGB": ("torgb", channels_first),
        "Skip": ("skip", channels_first),
    }[kind]
    names: dict[str, tuple[str, Change]] = {
        "weight": ("weight", weight),
        "bias": ("bias", same),
        "mod_weight": ("affine.weight", transposed),
        "mod_bias": ("affine.bias", plus_one),
        "noise_strength": ("noise_strength", same),
    }
    return (f"synthesis.b{resolution}.{layer}.{names[rest][0]}", names[rest][1]) if rest in names else None


def _plain(tensor: Tensor) -> Tensor:
    return scaled(channels_first(tensor))


def _enlarging(tensor: Tensor) -> Tensor:
    return mirrored(_plain(tensor))


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file. CheckpointError for networks of another architecture than skip or
    with other activations."""
    arguments = _arguments(contents.beside)
    _check_arguments(arguments)
    numbers = {"synthesis.b8.conv0.resample_filter": _kernel(arguments.get("resample_kernel", list(TAPS)))}
    for name, value in contents.beside.items():
        if isinstance(value, float) and (found := _renamed(name)) is not None:
            numbers[found[0]] = found[1](torch.tensor(value))
    if joint := LABEL_CONCAT in contents.shapes:
        numbers["mapping.embed.bias"] = torch.zeros(contents.shapes[LABEL_CONCAT][1])
    tensors = Renamed(contents.tensors, _renamed, numbers)
    given = overrides.given()
    rate = _number(arguments, "mapping_lrmul")
    config = nvlabs_stylegan2.config_of(
        tensors,
        conv_clamp=given.get("conv_clamp", _number(arguments, "conv_clamp")),
        mapping_lr_multiplier=nvlabs_stylegan2.MAPPING_LR_MULTIPLIER if rate is None else rate,
    )
    config = replace(config, joint_normalisation=joint)
    return Reading(
        architecture="stylegan2",
        config=config,
        convert=lambda: nvlabs_stylegan2.convert(tensors, config),
        inferred={name: where for name, where in _EVIDENCE.items() if name not in given},
        assumed=_ASSUMED | overrides.said(),
    )


def _arguments(beside: Mapping[str, object]) -> dict[object, object]:
    """The arguments of the network and of its two parts, which take what it was given."""
    merged: dict[object, object] = {}
    for part in ("", "mapping/", "synthesis/"):
        merged |= fields_of(beside.get(f"{part}{STATIC}"))
    return merged


def _check_arguments(arguments: Mapping[object, object]) -> None:
    for name, value in _EXPECTED.items():
        if arguments.get(name, value) != value:
            raise CheckpointError(f"its network was made with another {name} than {value!r}, the only one that is read")


def _kernel(taps: object) -> Tensor:
    """The resampling kernel (4, 4), of sum 4. CheckpointError unless there are four numbers."""
    if not isinstance(taps, list | tuple) or len(taps) != 4 or any(type(tap) not in (int, float) for tap in taps):
        raise CheckpointError("its resample_kernel is not of four taps, the only length that can be read")
    return upsampling_kernel(taps)[0, 0]


def _number(arguments: Mapping[object, object], name: str) -> float | None:
    value = arguments.get(name)
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    raise CheckpointError(f"{name} among the pickle's arguments is no number")


_EVIDENCE = {
    "resolution": "the last synthesis block",
    "z_dim": "rows of mapping/Dense0/weight, less the label embedding's columns",
    "w_dim": "columns of mapping/Dense0/weight",
    "num_classes": "rows of mapping/LabelEmbed/weight or mapping/LabelConcat/weight; 0 without either",
    "mapping_layers": "number of mapping/Dense* layers",
    "mapping_lr_multiplier": "the arguments in the pickle, or their default",
    "channel_base": "channels of the last block",
    "channel_max": "channels of the first block",
    "conv_clamp": "the arguments in the pickle, or their default",
    "resample_filter": "the arguments in the pickle, or their default",
}
_ASSUMED = {"truncation": "none unless asked for; the original applies psi 0.5 to every layer unless told otherwise"}
