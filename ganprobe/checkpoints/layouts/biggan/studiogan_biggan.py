"""The layout of StudioGAN's BigGAN (github.com/POSTECH-CVLab/PyTorch-StudioGAN, backbone `big_resnet`).

Its networks are those of the BigGAN paper with hierarchical z, but for the widths at 64 pixels and an epsilon of 1e-4
in batch normalisation. Spectral normalisation is PyTorch's own, which in evaluation divides by u'Wv of the stored u and
v without iterating: the weights are divided here, once for all. Networks without class conditions, whose blocks take
their chunk of z alone, become networks of one class whose embedding is zero.
"""

from __future__ import annotations

import re
from typing import Final

import torch
from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.studiogan_names import (
    BN_EPSILON,
    READABLE,
    attention_after,
    block_numbers,
    check_no_codes,
    multiples_of,
    native_name,
    widths_of,
)
from ganprobe.checkpoints.layouts.studiogan_settings import check_settings, read_settings, told_by
from ganprobe.checkpoints.layouts.torch_spectral import EVIDENCE as SPECTRAL
from ganprobe.checkpoints.layouts.torch_spectral import applied, plain_shapes
from ganprobe.checkpoints.reader.lazy_tensors import LazyTensors
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.biggan.generator import WIDTHS, BigGANConfig

_MULTIPLES: Final = {**WIDTHS, 64: (16, 8, 4, 2, 1)}
MARKS: Final = ("linear0.weight", "blocks.0.0.conv2d0.weight", "blocks.0.0.bn1.bn.running_mean", "conv2d5.weight")


def matches(shapes: Shapes) -> bool:
    """Whether names are those of this layout (its BigGAN-deep has more convolutions in its blocks)."""
    plain = plain_shapes(shapes)
    if not all(mark in plain for mark in MARKS) or "blocks.0.0.conv2d3.weight" in plain:
        return False
    # Without an embedding blocks take a chunk of z, as the first layer does; in `resnet` they take a label.
    return (
        "shared.weight" in plain
        or plain.get("blocks.0.0.bn1.gain.weight") is None
        or (plain["blocks.0.0.bn1.gain.weight"][1:] == plain["linear0.weight"][1:])
    )


def config_of(shapes: Shapes, *, bn_epsilon: float = BN_EPSILON) -> BigGANConfig:
    """The configuration that names and shapes tell; CheckpointError where it is of no BigGAN."""
    check_no_codes(shapes)
    plain = plain_shapes(shapes)
    numbers = block_numbers(plain, "conv2d0")
    resolution, first = 4 * 2 ** len(numbers), plain["linear0.weight"][1]
    classes, shared_dim = plain.get("shared.weight", (1, 1))
    conditions = plain["blocks.0.0.bn1.gain.weight"][1]
    if conditions != first + (shared_dim if "shared.weight" in plain else 0):
        raise CheckpointError(f"its blocks take {conditions} numbers: expected a chunk of {first} beside the embedding")
    widths = widths_of(plain, numbers, "conv2d1")
    return BigGANConfig(
        resolution=resolution,
        num_classes=classes,
        channels=multiples_of(widths, _MULTIPLES, resolution),
        z_dim=first * len(widths),
        shared_embedding=True,
        shared_dim=shared_dim,
        hierarchical=True,
        attention=tuple(4 << count for count in attention_after(plain, numbers).values()),
        bn_epsilon=bn_epsilon,
        output_bn_epsilon=bn_epsilon,
        spectral_norm=False,
        width_multiples=_MULTIPLES[resolution] if _MULTIPLES[resolution] != WIDTHS[resolution] else (),
    )


def convert(tensors: LazyTensors) -> dict[str, Tensor]:
    """The tensors under the names of BigGANGenerator's state dict, weights divided by their sigma."""
    plain = plain_shapes(tensors.shapes)
    numbers = block_numbers(plain, "conv2d0")
    attention = {number: 4 << count for number, count in attention_after(plain, numbers).items()}
    state = {native_name(name, numbers=numbers, attention=attention): _applied(tensors, name) for name in plain}
    return state if "shared.weight" in state else _of_one_class(state)


def _applied(tensors: LazyTensors, name: str) -> Tensor:
    """A tensor as the network applies it."""
    return tensors[name].reshape(()) if name.endswith(".sigma") else applied(tensors, name)


def _of_one_class(state: dict[str, Tensor]) -> dict[str, Tensor]:
    """The state of an unconditional network as that of one with a single class, whose embedding is one zero."""
    conditioned = re.compile(r"blocks\.\d+\.norm\d\.(gain|bias)\.weight")
    widened = {
        name: torch.nn.functional.pad(value, (1, 0)) for name, value in state.items() if conditioned.fullmatch(name)
    }
    return {**state, **widened, "shared.weight": torch.zeros(1, 1)}


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file and of the configuration beside it."""
    settings = read_settings(contents.path.parent, "big_resnet")
    check_settings(settings, READABLE)
    config = config_of(contents.shapes, **overrides.given())
    given = " as given" if overrides.given() else " in the layout's code; no tensor tells"
    return Reading(
        architecture="biggan",
        config=config,
        convert=lambda: convert(contents.tensors),
        inferred=_EVIDENCE | _conditioning(contents.shapes) | ({"activation": told_by(settings)} if settings else {}),
        assumed={"bn_epsilon": f"{config.bn_epsilon:g}{given}"}
        | ({} if settings else {"activation": f"ReLU, {told_by(settings)}"}),
    )


def _conditioning(shapes: Shapes) -> dict[str, str]:
    if "shared.weight" in shapes:
        return {"num_classes": "rows of shared.weight"}
    return {"num_classes": "shared.weight is absent: the network takes no labels, and any label gives the same image"}


_EVIDENCE: Final = {
    "resolution": "number of residual blocks, each doubling 4 pixels",
    "channels": "output channels of the last block",
    "z_dim": "columns of linear0.weight, times the chunks",
    "hierarchical": "the layout's networks always are",
    "attention": "blocks with a sigma",
    "spectral_norm": SPECTRAL,
}
