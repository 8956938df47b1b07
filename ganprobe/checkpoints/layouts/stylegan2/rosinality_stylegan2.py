"""The layout of rosinality's stylegan2-pytorch: `g_ema` of its checkpoints, with `latent_avg` or `args` beside it.

The network is ours; its convolutions multiply their weights by 1 / sqrt(fan in) at run time, which demodulation undoes
but for its epsilon, so that the factor is folded into the weights. Files of the project's first weeks have no noise
buffers, and files of its training have no mean of w.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import sqrt
from typing import Final

import torch
from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.pictures import check_latents, one_mean
from ganprobe.checkpoints.layouts.stylegan2.nvlabs_stylegan2_ada import taps_of
from ganprobe.core.errors import CheckpointError
from ganprobe.core.streams import normal
from ganprobe.generators.layers.equalised import RELU_GAIN, pixel_norm, pyramid
from ganprobe.generators.stylegan2.generator import StyleGAN2Config, layer_resolution

W_AVG_SAMPLES = 4096


MARKS: Final = (
    "input.input",
    "conv1.conv.modulation.weight",
    "to_rgb1.conv.weight",
    "style.1.weight",
    "convs.0.conv.weight",
)
"""Tensors by which a file is known."""


def matches(shapes: Shapes) -> bool:
    """Whether tensors of these names and shapes are of this layout."""
    return all(name in shapes for name in MARKS)


def config_of(tensors: Mapping[str, Tensor]) -> StyleGAN2Config:
    """The configuration that the shapes tell; CheckpointError where the widths are irregular."""
    outputs = sum(re.fullmatch(r"to_rgbs\.\d+\.bias", name) is not None for name in tensors)
    sizes = [4 << step for step in range(outputs + 1)]
    widths = [len(tensors["conv1.activate.bias"])]
    widths += [len(tensors[f"convs.{2 * step + 1}.activate.bias"]) for step in range(outputs)]
    w_dim, z_dim = tensors["style.1.weight"].shape
    config = StyleGAN2Config(
        resolution=sizes[-1],
        z_dim=z_dim,
        w_dim=w_dim,
        mapping_layers=sum(re.fullmatch(r"style\.\d+\.weight", name) is not None for name in tensors),
        channel_base=widths[-1] * sizes[-1],
        channel_max=widths[0],
        resample_filter=taps_of(tensors["convs.0.conv.blur.kernel"]),
    )
    regular = [config.channels(size) for size in sizes]
    if widths != regular:
        raise CheckpointError(f"channels by resolution are {widths}: expected {regular}")
    return config


def convert(
    tensors: Mapping[str, Tensor], config: StyleGAN2Config, latent_avg: Tensor | None = None
) -> dict[str, Tensor]:
    """The state dict of `StyleGAN2Generator(config)`.

    latent_avg: (w_dim,), or None for the mean over 4096 latents of a stream of seed 0. Absent noise buffers are
    drawn from streams of seed 0.
    """
    state = {"const": tensors["input.input"][0]}
    for index in range(config.mapping_layers):
        for part in ("weight", "bias"):
            state[f"mapping.{index}.{part}"] = tensors[f"style.{index + 1}.{part}"]
    for index in range(config.num_layers):
        state |= _layer(tensors, index)
    for step, size in enumerate(pyramid(config.resolution)):
        state |= _output(tensors, f"to_rgbs.{step - 1}" if step else "to_rgb1", f"to_rgb.{size}")
    state["w_avg"] = _mean_w(state, config) if latent_avg is None else latent_avg
    return state


def _layer(tensors: Mapping[str, Tensor], index: int) -> dict[str, Tensor]:
    theirs, ours, size = f"convs.{index - 1}" if index else "conv1", f"layers.{index}", layer_resolution(index)
    weight = tensors[f"{theirs}.conv.weight"][0]
    return {
        f"{ours}.weight": weight / sqrt(weight[0].numel()),
        f"{ours}.bias": tensors[f"{theirs}.activate.bias"],
        f"{ours}.affine.weight": tensors[f"{theirs}.conv.modulation.weight"],
        f"{ours}.affine.bias": tensors[f"{theirs}.conv.modulation.bias"],
        f"{ours}.noise_strength": tensors[f"{theirs}.noise.weight"].reshape(()),
        f"{ours}.noise_const": _noise(tensors, index, size),
    }


def _noise(tensors: Mapping[str, Tensor], index: int, size: int) -> Tensor:
    if f"noises.noise_{index}" in tensors:
        return tensors[f"noises.noise_{index}"][0, 0]
    return torch.from_numpy(normal(0, f"rosinality2.noise.{index}", range(1), (size, size), block=1)[0])


def _output(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    return {
        f"{ours}.weight": tensors[f"{theirs}.conv.weight"][0],
        f"{ours}.bias": tensors[f"{theirs}.bias"].reshape(-1),
        f"{ours}.affine.weight": tensors[f"{theirs}.conv.modulation.weight"],
        f"{ours}.affine.bias": tensors[f"{theirs}.conv.modulation.bias"],
    }


def _mean_w(state: Mapping[str, Tensor], config: StyleGAN2Config) -> Tensor:
    x = pixel_norm(torch.from_numpy(normal(0, "rosinality2.w_avg", range(W_AVG_SAMPLES), (config.z_dim,))))
    for index in range(config.mapping_layers):
        weight, bias = (state[f"mapping.{index}.{part}"].float() for part in ("weight", "bias"))
        rate = config.mapping_lr_multiplier
        x = torch.nn.functional.linear(x, weight * (rate / sqrt(weight.shape[1])), bias * rate)
        x = torch.nn.functional.leaky_relu(x, 0.2) * RELU_GAIN
    return x.mean(0)


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file; it takes no overrides."""
    tensors, mean = contents.tensors, contents.loose.get("latent_avg")
    config = config_of(tensors)
    check_latents(config.z_dim, config.w_dim, config.num_classes, tied=True)
    mean = None if mean is None else one_mean(mean, name="latent_avg")
    rate = config.mapping_lr_multiplier
    assumed = {"mapping_lr_multiplier": f"{rate:g} in the layout's code; no tensor tells"}
    if mean is None:
        assumed["w_avg"] = f"the mean over {W_AVG_SAMPLES} latents of seed 0; the file has no latent_avg"
    if "noises.noise_0" not in tensors:
        assumed["noise_const"] = "drawn from seed 0; the file has no noise buffers"
    return Reading(
        architecture="stylegan2",
        config=config,
        convert=lambda: convert(tensors, config, mean),
        inferred=_EVIDENCE,
        assumed=assumed,
    )


_EVIDENCE = {
    "resolution": "number of to_rgbs",
    "z_dim": "columns of style.1.weight",
    "w_dim": "rows of style.1.weight",
    "mapping_layers": "number of style.* layers",
    "channel_base": "channels of the last layer",
    "channel_max": "channels of the first layer",
    "resample_filter": "convs.0.conv.blur.kernel",
}
