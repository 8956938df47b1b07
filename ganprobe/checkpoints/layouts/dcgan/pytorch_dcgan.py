"""The layout of the DCGAN in PyTorch's examples and tutorial (github.com/pytorch/examples, `netG_epoch_*.pth`): one
nn.Sequential of transposed convolutions, batch normalisations and activations.

z goes in as (N, z_dim, 1, 1) there; the first transposed convolution is then our linear layer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Final

import torch
from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.dcgan.generator import DCGANConfig

MARKS: Final = ("main.0.weight", "main.1.running_mean", "main.3.weight", "main.4.running_mean", "main.6.weight")
"""Tensors by which a file is known."""
BN_EPSILON: Final = 1e-5
_STEP: Final = 3


def matches(shapes: Shapes) -> bool:
    """Whether names and shapes are of this layout. Its discriminator has a weight and no statistics in place 1."""
    if not all(name in shapes for name in MARKS) or "main.0.bias" in shapes:
        return False
    first, norm = shapes["main.0.weight"], shapes["main.1.running_mean"]
    return len(first) == 4 and tuple(first[2:]) == (4, 4) and norm == (first[1],)


def convolutions(shapes: Shapes) -> list[str]:
    """The names of the transposed convolutions, in network order. CheckpointError where they are not one in three."""
    weights = {name: shape for name, shape in shapes.items() if len(shape) == 4}
    found = sorted(int(told[1]) for name in weights if (told := re.fullmatch(r"main\.(\d{1,3})\.weight", name)))
    if found != list(range(0, _STEP * len(found), _STEP)) or len(found) != len(weights):
        raise CheckpointError(
            f"its convolutions are at places {found}: expected every third, as where a batch normalisation and a ReLU "
            "follow each"
        )
    return [f"main.{place}.weight" for place in found]


def config_of(shapes: Shapes, *, bn_epsilon: float = BN_EPSILON) -> DCGANConfig:
    """The configuration that names and shapes tell; CheckpointError where they are irregular."""
    names = convolutions(shapes)
    sizes = [shapes[name] for name in names]
    channels = sizes[-1][0]
    config = DCGANConfig(resolution=4 << (len(names) - 1), channels=channels, z_dim=sizes[0][0], bn_epsilon=bn_epsilon)
    widths = [size[1] for size in sizes[:-1]]
    if widths != list(config.widths) or any(before[1] != after[0] for before, after in pairwise(sizes)):
        raise CheckpointError(f"its channels are {widths}: expected {list(config.widths)}, halved at each doubling")
    return config


def convert(tensors: Mapping[str, Tensor], shapes: Shapes, config: DCGANConfig) -> dict[str, Tensor]:
    """The state dict of `DCGANGenerator(config)`."""
    first, *doublings, last = convolutions(shapes)
    state = {"linear.weight": tensors[first].flatten(1).T.contiguous(), **_norm(tensors, 1, "first_norm")}
    for index, name in enumerate(doublings):
        state[f"doublings.{index}.conv.weight"] = tensors[name]
        state |= _norm(tensors, _STEP * (index + 1) + 1, f"doublings.{index}.norm")
    colours = shapes[last][1]
    bias = last.replace("weight", "bias")
    return state | {"output.weight": tensors[last], "output.bias": tensors.get(bias, torch.zeros(colours))}


def _norm(tensors: Mapping[str, Tensor], place: int, ours: str) -> dict[str, Tensor]:
    theirs = f"main.{place}"
    learnt = {f"{ours}.gain": tensors[f"{theirs}.weight"], f"{ours}.bias": tensors[f"{theirs}.bias"]}
    statistics = ("running_mean", "running_var")
    return learnt | {f"{ours}.statistics.{name}": tensors[f"{theirs}.{name}"] for name in statistics}


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file."""
    tensors, shapes = contents.tensors, contents.shapes
    config = config_of(shapes, bn_epsilon=overrides.bn_epsilon or BN_EPSILON)
    return Reading(
        architecture="dcgan",
        config=config,
        convert=lambda: convert(tensors, shapes, config),
        inferred={
            "resolution": "number of transposed convolutions",
            "channels": "input channels of the last one",
            "z_dim": "input channels of the first one",
        },
        assumed={
            "bn_epsilon": f"{BN_EPSILON:g} in the layout's code; no tensor tells",
            "activations": "ReLU, and tanh at the end, as in the layout's code; no tensor tells",
        }
        | overrides.said(),
    )
