"""The layout of NVlabs' stylegan2-ada-pytorch: the state dict of its generator, of skip architecture.

The layers are ours under other names. A state dict tells everything but the clamp of activations and the mapping
network's learning-rate multiplier; the arguments that a network pickle records tell these too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import torch
from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.pictures import one_mean
from ganprobe.checkpoints.reader.inert_objects import fields_of
from ganprobe.checkpoints.reader.pickled_modules import ARGUMENTS, number_of
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.layers.equalised import pyramid
from ganprobe.generators.stylegan2.generator import StyleGAN2Config, layer_resolution

MAPPING_LR_MULTIPLIER = 0.01


MARKS: Final = (
    "synthesis.b4.const",
    "synthesis.b4.conv1.affine.weight",
    "mapping.fc0.weight",
    "mapping.w_avg",
    "synthesis.b8.conv0.weight",
)
"""Tensors by which a file is known."""


def matches(shapes: Shapes) -> bool:
    """Whether tensors of these names and shapes are of this layout, of any architecture of its synthesis network."""
    return all(name in shapes for name in MARKS)


def config_of(
    tensors: Mapping[str, Tensor],
    *,
    conv_clamp: float | None = None,
    mapping_lr_multiplier: float = MAPPING_LR_MULTIPLIER,
) -> StyleGAN2Config:
    """The configuration that the shapes tell; CheckpointError where they are of another architecture than skip, or
    irregular."""
    sizes = sorted(
        int(found[1]) for name in tensors if (found := re.fullmatch(r"synthesis\.b(\d+)\.conv1\.bias", name))
    )
    resolution = sizes[-1]
    if sizes != list(pyramid(resolution)):
        raise CheckpointError(f"synthesis blocks are at {sizes}: expected every power of two from 4 on")
    _check_skip(tensors, sizes)
    widths = [len(tensors[f"synthesis.b{size}.conv1.bias"]) for size in sizes]
    embedding = tensors.get("mapping.embed.weight")
    w_dim, entering = tensors["mapping.fc0.weight"].shape
    config = StyleGAN2Config(
        resolution=resolution,
        z_dim=entering if embedding is None else entering - len(embedding),
        w_dim=w_dim,
        num_classes=0 if embedding is None else embedding.shape[1],
        mapping_layers=sum(re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in tensors),
        mapping_lr_multiplier=mapping_lr_multiplier,
        channel_base=widths[-1] * resolution,
        channel_max=widths[0],
        conv_clamp=conv_clamp,
        resample_filter=taps_of(tensors["synthesis.b8.conv0.resample_filter"]),
    )
    regular = [config.channels(size) for size in sizes]
    if widths != regular:
        raise CheckpointError(f"channels by resolution are {widths}: expected {regular}")
    return config


def _check_skip(tensors: Mapping[str, Tensor], sizes: list[int]) -> None:
    residual = any(name.startswith("synthesis.") and ".skip." in name for name in tensors)
    if residual or any(f"synthesis.b{size}.torgb.weight" not in tensors for size in sizes):
        kind = "resnet" if residual else "orig"
        raise CheckpointError(f"its synthesis network is of architecture {kind!r}: only 'skip' can be read")


def taps_of(kernel: Tensor) -> tuple[float, ...]:
    """The taps, scaled to a smallest outer one of 1, whose outer product is proportional to a kernel (k, k).
    CheckpointError where there are none such."""
    line = kernel.double().sum(0)
    if kernel.ndim != 2 or not torch.allclose(torch.outer(line, line) / line.sum(), kernel.double(), atol=1e-6):
        raise CheckpointError(f"a resampling filter of shape {tuple(kernel.shape)} is no outer product of equal taps")
    return tuple(round(float(tap), 6) for tap in line / line[0])


def convert(tensors: Mapping[str, Tensor], config: StyleGAN2Config) -> dict[str, Tensor]:
    """The state dict of `StyleGAN2Generator(config)`."""
    state = {"const": tensors["synthesis.b4.const"], "w_avg": one_mean(tensors["mapping.w_avg"], name="w_avg")}
    for index in range(config.mapping_layers):
        state |= _both(tensors, f"mapping.fc{index}", f"mapping.{index}")
    if config.num_classes:
        state |= _both(tensors, "mapping.embed", "label_embedding")
    for index in range(config.num_layers):
        state |= _layer(tensors, index)
    for size in pyramid(config.resolution):
        state |= _both(tensors, f"synthesis.b{size}.torgb", f"to_rgb.{size}")
        state |= _both(tensors, f"synthesis.b{size}.torgb.affine", f"to_rgb.{size}.affine")
    return state


def _both(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    return {f"{ours}.{part}": tensors[f"{theirs}.{part}"] for part in ("weight", "bias")}


def _layer(tensors: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
    size = layer_resolution(index)
    theirs, ours = f"synthesis.b{size}.conv{1 - index % 2}", f"layers.{index}"
    layer = _both(tensors, theirs, ours) | _both(tensors, f"{theirs}.affine", f"{ours}.affine")
    # A network trained without noise has neither strength nor map.
    layer[f"{ours}.noise_strength"] = tensors.get(f"{theirs}.noise_strength", torch.zeros(())).reshape(())
    layer[f"{ours}.noise_const"] = tensors.get(f"{theirs}.noise_const", torch.zeros(size, size))
    return layer


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file."""
    tensors = contents.tensors
    recorded = recorded_options(contents.beside)
    config = config_of(tensors, **recorded | overrides.given())
    clamp = "none" if config.conv_clamp is None else f"{config.conv_clamp:g}"
    assumed = {
        "conv_clamp": f"{clamp} as given" if overrides.given() else f"{clamp}; no tensor tells",
        "mapping_lr_multiplier": f"{config.mapping_lr_multiplier:g} in the layout's code; no tensor tells",
    }
    told = {name: "the arguments in the pickle" for name in recorded if name not in overrides.given()}
    return Reading(
        architecture="stylegan2",
        config=config,
        convert=lambda: convert(tensors, config),
        inferred=_EVIDENCE | told,
        assumed={name: why for name, why in assumed.items() if name not in told},
    )


def recorded_options(beside: Mapping[str, object]) -> dict[str, Any]:
    """What no tensor tells, from a network pickle: from the numbers that its modules keep, or from the arguments that
    it was made with; nothing where there are none. StyleGAN3's project writes networks of this layout too, with other
    defaults and arguments. CheckpointError where they are those of a network that ours is not."""
    arguments = beside.get(ARGUMENTS)
    if not isinstance(arguments, Mapping):
        return {}
    mapping = fields_of(arguments.get("mapping_kwargs"))
    synthesis = {**arguments, **fields_of(arguments.get("synthesis_kwargs"))}
    for said in (synthesis, mapping):
        if said.get("activation", "lrelu") != "lrelu":
            raise CheckpointError("its activation is not 'lrelu', the only one that can be read")
    options: dict[str, Any] = {"conv_clamp": synthesis.get("conv_clamp")}
    options["mapping_lr_multiplier"] = mapping.get("lr_multiplier", MAPPING_LR_MULTIPLIER)
    kept = {"conv_clamp": "synthesis.b4.conv1.conv_clamp", "mapping_lr_multiplier": "mapping.fc0.bias_gain"}
    options = {name: number_of(beside, kept[name], otherwise=value) for name, value in options.items()}
    for name, value in options.items():
        if type(value) not in (int, float) and not (value is None and name == "conv_clamp"):
            raise CheckpointError(f"{name} among the pickle's arguments is no number")
    return options


_EVIDENCE = {
    "resolution": "the last synthesis block",
    "z_dim": "columns of mapping.fc0.weight, less the label embedding's rows",
    "w_dim": "rows of mapping.fc0.weight",
    "num_classes": "columns of mapping.embed.weight; 0 where it is absent",
    "mapping_layers": "number of mapping.fc* layers",
    "channel_base": "channels of the last block",
    "channel_max": "channels of the first block",
    "resample_filter": "synthesis.b8.conv0.resample_filter",
}
