"""The layout of StudioGAN's BigGAN (github.com/POSTECH-CVLab/PyTorch-StudioGAN, backbone `big_resnet`).

Its networks are those of the BigGAN paper with hierarchical z, but for the widths at 64 pixels and an epsilon of 1e-4
in batch normalisation. Spectral normalisation is PyTorch's own, which in evaluation divides by u'Wv of the stored u and
v without iterating: the weights are divided here, once for all. Networks without class conditions, whose blocks take
their chunk of z alone, become networks of one class whose embedding is zero.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

import torch
from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.studiogan_settings import check_settings, read_settings, told_by
from ganprobe.checkpoints.layouts.torch_spectral import EVIDENCE as SPECTRAL
from ganprobe.checkpoints.layouts.torch_spectral import applied, plain_shapes
from ganprobe.checkpoints.reader.lazy_tensors import LazyTensors
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.biggan.generator import WIDTHS, BigGANConfig

BN_EPSILON: Final = 1e-4
_MULTIPLES: Final = {**WIDTHS, 64: (16, 8, 4, 2, 1)}
_READABLE: Final = {"MODEL.g_act_fn": ("ReLU",), "MODEL.z_prior": ("gaussian",), "MODEL.info_type": ("N/A",)}
MARKS: Final = ("linear0.weight", "blocks.0.0.conv2d0.weight", "blocks.0.0.bn1.bn.running_mean", "conv2d5.weight")
_PARTS: Final = {"conv2d0": "skip", "conv2d1": "conv1", "conv2d2": "conv2", "bn1": "norm1", "bn2": "norm2"}
_ATTENTION: Final = {"conv1x1_theta": "theta", "conv1x1_phi": "phi", "conv1x1_g": "g", "conv1x1_attn": "o"}
_OUTER: Final = {"linear0": "linear", "shared": "shared", "bn4": "output_norm", "conv2d5": "output"}


def matches(shapes: Shapes) -> bool:
    """Whether names are those of this layout (its BigGAN-deep, whose blocks have more convolutions, is not)."""
    names = {name.removesuffix("_orig") for name in shapes}
    return all(mark in names for mark in MARKS) and "blocks.0.0.conv2d3.weight" not in names


def config_of(shapes: Shapes, *, bn_epsilon: float = BN_EPSILON) -> BigGANConfig:
    """The configuration that names and shapes tell; CheckpointError where it is of no BigGAN."""
    if any(name.startswith("info_") for name in shapes):
        raise CheckpointError("it is an InfoGAN, which takes codes beside z; such networks cannot be read")
    plain = plain_shapes(shapes)
    numbers = _block_numbers(plain)
    resolution, first = 4 * 2 ** len(numbers), plain["linear0.weight"][1]
    classes, shared_dim = plain.get("shared.weight", (1, 1))
    conditions = plain["blocks.0.0.bn1.gain.weight"][1]
    if conditions != first + (shared_dim if "shared.weight" in plain else 0):
        raise CheckpointError(f"its blocks take {conditions} numbers: expected a chunk of {first} beside the embedding")
    widths = (plain["linear0.weight"][0] // 16, *(plain[f"blocks.{k}.0.conv2d1.weight"][0] for k in numbers))
    return BigGANConfig(
        resolution=resolution,
        num_classes=classes,
        channels=_channels(resolution, widths),
        z_dim=first * len(widths),
        shared_embedding=True,
        shared_dim=shared_dim,
        hierarchical=True,
        attention=tuple(_attention_resolutions(plain, numbers).values()),
        bn_epsilon=bn_epsilon,
        output_bn_epsilon=bn_epsilon,
        spectral_norm=False,
        width_multiples=_MULTIPLES[resolution] if _MULTIPLES[resolution] != WIDTHS[resolution] else (),
    )


def _block_numbers(names: Iterable[str]) -> list[int]:
    """Those of the residual blocks; attention is counted among them."""
    found = (re.fullmatch(r"blocks\.(\d{1,3})\.0\.conv2d0\.weight", name) for name in names)
    return sorted(int(one[1]) for one in found if one)


def _attention_resolutions(names: Iterable[str], numbers: list[int]) -> dict[int, int]:
    """Number of a self-attention among the blocks to its resolution, which is that of the residual block before it."""
    found = (re.fullmatch(r"blocks\.(\d{1,3})\.0\.sigma", name) for name in names)
    at = sorted(int(one[1]) for one in found if one)
    return {number: 4 * 2 ** sum(block < number for block in numbers) for number in at}


def _channels(resolution: int, widths: tuple[int, ...]) -> int:
    if resolution not in _MULTIPLES:
        raise CheckpointError(f"expected a BigGAN of resolution {', '.join(map(str, _MULTIPLES))}, got {resolution}")
    multiples = _MULTIPLES[resolution]
    channels = widths[-1] // multiples[-1]
    if widths != tuple(multiple * channels for multiple in multiples):
        raise CheckpointError(f"expected widths in the proportions {multiples} at {resolution} pixels, got {widths}")
    return channels


def convert(tensors: LazyTensors) -> dict[str, Tensor]:
    """The tensors under the names of BigGANGenerator's state dict, weights divided by their sigma."""
    plain = plain_shapes(tensors.shapes)
    numbers = _block_numbers(plain)
    attention = _attention_resolutions(plain, numbers)
    state = {_native_name(name, numbers, attention): _applied(tensors, name) for name in plain}
    return state if "shared.weight" in state else _of_one_class(state)


def _applied(tensors: LazyTensors, name: str) -> Tensor:
    """A tensor as the network applies it."""
    return tensors[name].reshape(()) if name.endswith(".sigma") else applied(tensors, name)


def _native_name(name: str, numbers: list[int], attention: Mapping[int, int]) -> str:
    words = name.split(".")
    if words[0] == "blocks" and int(words[1]) in attention:
        words = ["attention", str(attention[int(words[1])]), *(_ATTENTION.get(word, word) for word in words[3:])]
    elif words[0] == "blocks":
        words = ["blocks", str(numbers.index(int(words[1]))), _PARTS.get(words[3], words[3]), *words[4:]]
    else:
        words[0] = _OUTER.get(words[0], words[0])
    words = ["statistics" if word == "bn" else "gamma" if word == "sigma" else word for word in words]
    if words[0] == "output_norm":
        words[1:] = (
            ["statistics", words[1]] if words[1].startswith("running_") else [words[1].replace("weight", "gain")]
        )
    return ".".join(words)


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
    check_settings(settings, _READABLE)
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
