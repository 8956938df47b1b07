"""The layout of NVlabs' stylegan3: the state dict of its generator, of configurations T, R and between.

A layer's name tells its place, the size of its output and its channels. Which frequencies the layers work with lies in
their filters: those of the published configurations are designed anew and held against the ones in the file. A network
pickle records the numbers themselves.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import torch
from torch import Tensor

from ganprobe.checkpoints.fitting import build_on_meta
from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.pictures import one_mean
from ganprobe.checkpoints.reader.inert_objects import fields_of
from ganprobe.checkpoints.reader.pickled_modules import ARGUMENTS, number_of
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.stylegan3.bands import Bands
from ganprobe.generators.stylegan3.generator import StyleGAN3Config, StyleGAN3Generator

MARKS: Final = (
    "synthesis.input.freqs",
    "synthesis.input.phases",
    "synthesis.input.transform",
    "synthesis.input.weight",
    "mapping.fc0.weight",
    "mapping.w_avg",
)
"""Tensors by which a file is known."""
_LAYER: Final = re.compile(r"synthesis\.(L(\d{1,3})_(\d{1,5})_(\d{1,5}))\.weight")
_TOLERANCE: Final = 1e-5


def matches(shapes: Shapes) -> bool:
    """Whether tensors of these names are of this layout."""
    return all(name in shapes for name in MARKS)


@dataclass(frozen=True, slots=True)
class _Layer:
    """A synthesis layer by its name, with the side of its output and its channels."""

    name: str
    size: int
    channels: int


def layers_of(shapes: Shapes) -> list[_Layer]:
    """In network order, the output layer last. CheckpointError where one is missing, or a name is at odds with its
    tensor."""
    found: dict[int, _Layer] = {}
    for name, shape in shapes.items():
        if told := _LAYER.fullmatch(name):
            found[int(told[2])] = _Layer(told[1], int(told[3]), shape[0])
            if shape[0] != int(told[4]):
                raise CheckpointError(f"{name} has {shape[0]} output channels: expected {told[4]}, as its name says")
    if sorted(found) != list(range(len(found))) or len(found) < 3:
        raise CheckpointError(f"its synthesis layers are {sorted(found)}: expected 0, 1, ... without a gap, at least 3")
    return [found[index] for index in range(len(found))]


def config_of(tensors: Mapping[str, Tensor], shapes: Shapes, recorded: Mapping[str, Any]) -> StyleGAN3Config:
    """The configuration that names, shapes and filters tell, with what a pickle records. CheckpointError where the
    layers are of another configuration."""
    layers = layers_of(shapes)
    first, last = layers[0], layers[-1]
    embedding = shapes.get("mapping.embed.weight")
    w_dim, entering = shapes["mapping.fc0.weight"]
    raising = shapes[f"synthesis.{first.name}.up_filter"][0]
    upsampling = recorded.get("lrelu_upsampling", 2)
    config = StyleGAN3Config(
        resolution=last.size,
        z_dim=entering if embedding is None else entering - embedding[0],
        w_dim=w_dim,
        num_classes=0 if embedding is None else embedding[1],
        mapping_layers=sum(re.fullmatch(r"mapping\.fc\d+\.weight", name) is not None for name in shapes),
        num_layers=len(layers) - 1,
        conv_kernel=shapes[f"synthesis.{first.name}.weight"][2],
        radial_filters=len(shapes.get(f"synthesis.{first.name}.down_filter", ())) == 2,
        filter_size=raising // upsampling,
        **recorded,
    )
    config = _sized(config, layers)
    _check_filters(tensors, config, layers)
    return config


def _sized(config: StyleGAN3Config, layers: Sequence[_Layer]) -> StyleGAN3Config:
    """With the margin and the channels of the layers. CheckpointError where they are irregular."""
    config = replace(config, margin=max(0, layers[0].size - config.bands.sampling_rates[0]) // 2)
    sizes, widths = [layer.size for layer in layers], [layer.channels for layer in layers[:-1]]
    if sizes != list(config.bands.sizes):
        raise CheckpointError(f"its layers are of sizes {sizes}: expected {list(config.bands.sizes)}{_BANDS_ADVICE}")
    config = replace(config, channel_base=_channel_base(widths, config.bands), channel_max=widths[0])
    if widths != list(config.channels):
        raise CheckpointError(f"channels by layer are {widths}: expected {list(config.channels)}{_BANDS_ADVICE}")
    return config


def _channel_base(widths: Sequence[int], bands: Bands) -> int:
    """A base that gives the widths below the widest, where there is one: the last layer's times the resolution, which
    is what it is unless that width was rounded."""
    sides = [2 * cutoff for cutoff in bands.cutoffs[:-1]]
    low = max((width - 0.5) * side for width, side in zip(widths, sides, strict=True))
    high = min(
        ((width + 0.5) * side for width, side in zip(widths, sides, strict=True) if width < widths[0]),
        default=float("inf"),
    )
    likely = round(widths[-1] * sides[-1])
    return likely if low <= likely <= high else round((low + high) / 2 if high < float("inf") else low + 1)


def _check_filters(tensors: Mapping[str, Tensor], config: StyleGAN3Config, layers: Sequence[_Layer]) -> None:
    """CheckpointError where a filter in the file is not the one that the configuration gives."""
    network = build_on_meta(StyleGAN3Generator, config)
    for index, layer in enumerate(layers[:-1]):
        for theirs, ours in (("up_filter", "raising"), ("down_filter", "lowering")):
            name = f"synthesis.{layer.name}.{theirs}"
            designed = network.get_buffer(f"layers.{index}.{ours}")
            if designed.numel() == 1 and name not in tensors:
                continue
            found = tensors[name].float()
            same = found.shape == designed.shape
            if not same or float((found - designed).abs().max()) > _TOLERANCE * float(designed.abs().max()):
                raise CheckpointError(f"{name} is another filter than its configuration gives{_BANDS_ADVICE}")


_BANDS_ADVICE: Final = (
    "; other cutoffs, stopbands or critical layers than the published ones are read from a network pickle (.pkl) only"
)


def convert(tensors: Mapping[str, Tensor], config: StyleGAN3Config, layers: Sequence[_Layer]) -> dict[str, Tensor]:
    """The state dict of `StyleGAN3Generator(config)`."""
    state = {"w_avg": one_mean(tensors["mapping.w_avg"], name="w_avg")}
    for index in range(config.mapping_layers):
        state |= _parts(tensors, f"mapping.fc{index}", f"mapping.{index}", "weight", "bias")
    if config.num_classes:
        state |= _parts(tensors, "mapping.embed", "label_embedding", "weight", "bias")
    state |= _parts(
        tensors, "synthesis.input", "input", "weight", "affine.weight", "affine.bias", "transform", "freqs", "phases"
    )
    for index, layer in enumerate(layers):
        ours = f"layers.{index}" if index < config.num_layers else "to_rgb"
        theirs = f"synthesis.{layer.name}"
        state |= _parts(tensors, theirs, ours, "weight", "bias", "affine.weight", "affine.bias", "magnitude_ema")
    if not torch.equal(state["input.transform"][2], torch.tensor([0.0, 0.0, 1.0])):
        raise CheckpointError("synthesis.input.transform is no affine map: expected a last row of 0, 0, 1")
    return state


def _parts(tensors: Mapping[str, Tensor], theirs: str, ours: str, *parts: str) -> dict[str, Tensor]:
    return {f"{ours}.{part}": tensors[f"{theirs}.{part}"] for part in parts}


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file."""
    return read_as(contents, overrides, {"conv_clamp": (256, "256, the layout's default; no tensor tells")})


def read_as(contents: Contents, overrides: Overrides, defaults: Mapping[str, tuple[Any, str]]) -> Reading:
    """A reading of a file of these names, by whatever project. defaults: field to the value that no tensor tells, and
    why it is assumed."""
    tensors, layers = contents.tensors, layers_of(contents.shapes)
    recorded = recorded_fields(contents.beside, layers[0].name)
    assumed = {name: value for name, (value, _) in defaults.items()}
    config = config_of(tensors, contents.shapes, assumed | recorded | overrides.given())
    why = {name: said for name, (_, said) in defaults.items()} | {
        name: f"{getattr(config, name):g}, the layout's default; no tensor tells"
        for name in ("mapping_lr_multiplier", "output_scale")
    }
    return Reading(
        architecture="stylegan3",
        config=config,
        convert=lambda: convert(tensors, config, layers),
        inferred={**_EVIDENCE, **dict.fromkeys(recorded, "the network in the pickle")},
        assumed={name: said for name, said in why.items() if name not in recorded} | overrides.said(),
    )


def recorded_fields(beside: Mapping[str, object], first: str) -> dict[str, Any]:
    """Fields that no tensor tells, from the network in a pickle: from the numbers that its modules keep and, of the
    stopbands, from the arguments that it was made with; nothing where there are none. first: layer 0. CheckpointError
    where one is no number."""
    if number_of(beside, "synthesis.num_layers") is None:
        return {}
    layer = f"synthesis.{first}"
    places = {
        "num_critical": "synthesis.num_critical",
        "output_scale": "synthesis.output_scale",
        "first_cutoff": "synthesis.input.bandwidth",
        "conv_clamp": f"{layer}.conv_clamp",
        "mapping_lr_multiplier": "mapping.fc0.bias_gain",
    }
    found: dict[str, Any] = {field: number_of(beside, place) for field, place in places.items()}
    raised, entering = (number_of(beside, f"{layer}.{name}") for name in ("tmp_sampling_rate", "in_sampling_rate"))
    found["lrelu_upsampling"] = raised // entering if type(raised) is type(entering) is int else None
    arguments = fields_of(beside.get(ARGUMENTS))
    inner = fields_of(arguments.get("synthesis_kwargs")) or arguments
    found |= {name: inner[name] for name in ("first_stopband", "last_stopband_rel") if name in inner}
    for name, value in found.items():
        if type(value) not in (int, float) and not (value is None and name == "conv_clamp"):
            raise CheckpointError(f"{name} of the network in the pickle is no number")
    return found


_EVIDENCE: Final = {
    "resolution": "size of the last layer, in its name",
    "z_dim": "columns of mapping.fc0.weight, less the label embedding's rows",
    "w_dim": "rows of mapping.fc0.weight",
    "num_classes": "columns of mapping.embed.weight; 0 where it is absent",
    "mapping_layers": "number of mapping.fc* layers",
    "channel_base": "channels of the last layers",
    "channel_max": "channels of the first layer",
    "num_layers": "number of synthesis.L* layers, less the output layer",
    "margin": "size of the first layer, in its name",
    "conv_kernel": "kernels of the first layer",
    "radial_filters": "axes of the first layer's down_filter",
    "filter_size": "taps of the first layer's up_filter",
    "num_critical": "the filters, which are those of these bands",
    "first_cutoff": "the filters, which are those of these bands",
}
