"""The layout of rosinality's style-based-gan-pytorch: the state dict of its generator (`g_running`).

It differs from the official networks in this, all of which the configuration or the tensors can say: the bias comes
before the blur, AdaIN adds 1e-5 to the variance, the mapping network's learning-rate multiplier is the optimiser's
affair, every weight (noise strengths and output layers too) has a run-time gain of sqrt(2 / fan in), AdaIN's scale has
its 1 in the bias, and from 128 x 128 on the enlarging convolutions are stored transposed, so that their kernels are
mirrored, and averaged over four shifts where ours are summed. A file holds all nine stages, whatever was trained.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import sqrt
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading
from ganprobe.checkpoints.layouts.pictures import check_latents
from ganprobe.core.errors import CheckpointError
from ganprobe.core.streams import normal
from ganprobe.generators.layers.equalised import pixel_norm
from ganprobe.generators.stylegan.generator import StyleGANConfig

STAGE = "generator.progression"
W_AVG_SAMPLES = 4096


MARKS: Final = (
    f"{STAGE}.0.conv1.input",
    "generator.to_rgb.0.conv.weight_orig",
    "style.1.linear.weight_orig",
)
"""Tensors by which a file is known."""


def matches(shapes: Mapping[str, Sequence[int]]) -> bool:
    """Whether tensors of these names and shapes are of this layout."""
    return all(name in shapes for name in MARKS)


def config_of(tensors: Mapping[str, Tensor]) -> StyleGANConfig:
    """The configuration. The trained resolution is that of the last stage whose noise strengths are not all zero: a
    stage that was never trained keeps them at zero. CheckpointError where there is none, or a width is irregular."""
    stages = sum(f"{STAGE}.{i}.conv2.conv.bias" in tensors for i in range(len(tensors)))
    trained = [i for i in range(stages) if any(bool(_noise_weight(tensors, i, half).any()) for half in (1, 2))]
    if not trained or trained[-1] == 0:
        raise CheckpointError(
            f"the noise strengths of all {stages} stages beyond 4 x 4 are zero, so that the trained resolution cannot "
            "be told: expected a trained generator"
        )
    widths = [len(tensors[f"{STAGE}.{i}.conv2.conv.bias"]) for i in range(stages)]
    config = StyleGANConfig(
        resolution=4 << trained[-1],
        z_dim=tensors["style.1.linear.weight_orig"].shape[1],
        w_dim=tensors["style.1.linear.weight_orig"].shape[0],
        mapping_layers=len(_mapping_names(tensors)),
        mapping_lr_multiplier=1.0,
        channel_base=widths[-1] << stages,
        channel_max=widths[0],
        norm_epsilon=1e-5,
        bias_before_blur=True,
        progressive=True,
    )
    regular = [config.channels(4 << i) for i in range(stages)]
    if widths != regular:
        raise CheckpointError(f"channels by stage are {widths}: expected {regular}")
    return config


def convert(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state dict of `StyleGANGenerator(config_of(tensors))`.

    The layout stores neither noise nor the mean of w: the noise buffers are drawn from a stream of seed 0, one map for
    both layers of a stage as the layout has it, and w_avg is the mean over 4096 latents of a stream of seed 0.
    """
    config = config_of(tensors)
    state = {"const": tensors[f"{STAGE}.0.conv1.input"].float()}
    for index, name in enumerate(_mapping_names(tensors)):
        state[f"mapping.{index}.weight"] = tensors[f"{name}.weight_orig"].float()
        state[f"mapping.{index}.bias"] = tensors[f"{name}.bias"].float()
    for stage in range(config.num_layers // 2):
        state |= _to_rgb(tensors, stage)
        for half in (1, 2):
            state |= _layer(tensors, stage, half)
    state["w_avg"] = _mean_w(state, config)
    return state


def _mapping_names(tensors: Mapping[str, Tensor]) -> list[str]:
    found = [match for name in tensors if (match := re.fullmatch(r"style\.(\d+)\.linear\.weight_orig", name))]
    return [f"style.{number}.linear" for number in sorted(int(match[1]) for match in found)]


def _noise_weight(tensors: Mapping[str, Tensor], stage: int, half: int) -> Tensor:
    return tensors[f"{STAGE}.{stage}.noise{half}.weight_orig"].float().flatten()


def _layer(tensors: Mapping[str, Tensor], stage: int, half: int) -> dict[str, Tensor]:
    ours, theirs = f"layers.{2 * stage + half - 1}", f"{STAGE}.{stage}"
    strength = _noise_weight(tensors, stage, half)
    style_bias = tensors[f"{theirs}.adain{half}.style.linear.bias"].float().clone()
    style_bias[: len(strength)] -= 1
    layer = {
        f"{ours}.noise_strength": strength * sqrt(2 / len(strength)),
        f"{ours}.noise_const": torch.from_numpy(
            normal(0, f"rosinality.noise.{stage}", range(1), (4 << stage, 4 << stage), block=1)[0]
        ),
        f"{ours}.affine.weight": tensors[f"{theirs}.adain{half}.style.linear.weight_orig"].float() * sqrt(2),
        f"{ours}.affine.bias": style_bias,
        f"{ours}.bias": torch.zeros_like(strength),
    }
    if stage or half == 2:
        layer |= _convolution(tensors, f"{theirs}.conv{half}", ours)
    return layer


def _convolution(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    for place in ("conv", "1.conv"):
        if f"{theirs}.{place}.weight_orig" in tensors:
            weight = tensors[f"{theirs}.{place}.weight_orig"].float()
            return {f"{ours}.conv.weight": weight, f"{ours}.bias": tensors[f"{theirs}.{place}.bias"].float()}
    transposed = tensors[f"{theirs}.0.weight"].float()
    weight = transposed.transpose(0, 1).flip(2, 3).contiguous() / 4
    return {f"{ours}.conv.weight": weight, f"{ours}.bias": tensors[f"{theirs}.0.bias"].float()}


def _to_rgb(tensors: Mapping[str, Tensor], stage: int) -> dict[str, Tensor]:
    ours, theirs = f"to_rgb.{4 << stage}", f"generator.to_rgb.{stage}.conv"
    return {
        f"{ours}.conv.weight": tensors[f"{theirs}.weight_orig"].float() * sqrt(2),
        f"{ours}.bias": tensors[f"{theirs}.bias"].float(),
    }


def _mean_w(state: Mapping[str, Tensor], config: StyleGANConfig) -> Tensor:
    x = pixel_norm(torch.from_numpy(normal(0, "rosinality.w_avg", range(W_AVG_SAMPLES), (config.z_dim,))))
    for index in range(config.mapping_layers):
        weight = state[f"mapping.{index}.weight"]
        x = F.leaky_relu(F.linear(x, weight * sqrt(2 / weight.shape[1]), state[f"mapping.{index}.bias"]), 0.2)
    return x.mean(0)


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file; it takes no overrides."""
    tensors = contents.tensors
    config = config_of(tensors)
    check_latents(config.z_dim, config.w_dim, config.num_classes, tied=True)
    stages = sum(f"{STAGE}.{i}.conv2.conv.bias" in tensors for i in range(len(tensors)))
    return Reading(
        architecture="stylegan",
        config=config,
        convert=lambda: convert(tensors),
        inferred={
            "resolution": f"the last of {stages} stages whose noise strengths are not zero",
            "z_dim": "columns of style.1.linear.weight_orig",
            "w_dim": "rows of style.1.linear.weight_orig",
            "mapping_layers": "number of style.*.linear layers",
            "channel_base": "channels of the last stage",
            "channel_max": "channels of the first stage",
        },
        assumed={
            "noise_const": "drawn from seed 0, one map a stage; the layout stores none",
            "w_avg": f"the mean over {W_AVG_SAMPLES} latents of seed 0; the layout stores none",
            "norm_epsilon": f"{config.norm_epsilon:g} in the layout's code",
        },
        stages=stages,
    )
