"""The layout of pytorch-pretrained-BigGAN (github.com/huggingface/pytorch-pretrained-BigGAN): `pytorch_model.bin` of
BigGAN-deep, with `config.json` beside it.

Weights are used as W / (u'Wv) with the u and v of the file, without a step of power iteration, so that the division is
made once, at reading. The network's conditions hold z before the class embedding, its first layer puts out height x
width x channels, and its last convolution has as many outputs as inputs, of which three are used: columns, rows and
outputs are put in our order. Between two of the batch statistics the original gives each the weight that is due to the
other; only with `compat` is that done here.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.config_files import json_beside
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.biggan.deep import BigGANDeepConfig

CONFIG: Final = "config.json"
EPSILON: Final = 1e-4
MARKS: Final = (
    "embeddings.weight",
    "generator.gen_z.bias",
    "generator.bn.running_means",
    "generator.conv_to_rgb.bias",
)
_ATTENTION: Final = {"theta": "theta", "phi": "phi", "g": "g", "o": "o_conv"}


def matches(shapes: Shapes) -> bool:
    """Whether names and shapes are those of this layout."""
    return all(mark in shapes for mark in MARKS)


def config_of(
    tensors: Mapping[str, Tensor],
    declared: Mapping[str, object],
    *,
    bn_epsilon: float | None = None,
    compat: bool = False,
) -> BigGANDeepConfig:
    """The configuration that the shapes of the tensors and `config.json` tell. CheckpointError where the two disagree,
    InputError where they make no network.

    declared: what `config.json` holds, empty where there is none. bn_epsilon: in its place.
    """
    attending = _attending(tensors)
    blocks = [number for number, attends in enumerate(attending) if not attends]
    channels = tensors["generator.conv_to_rgb.bias"].shape[0]
    found = [tensors[f"generator.layers.{at}.bn_0.running_means"].shape[1] for at in blocks]
    found.append(tensors["generator.bn.running_means"].shape[1])
    widths = tuple(width // channels for width in found)
    upsampling = _upsampling(declared, widths)
    z_dim, classes = tensors["embeddings.weight"].shape
    epsilon = bn_epsilon or _epsilon(declared)
    config = BigGANDeepConfig(
        resolution=4 << sum(upsampling),
        num_classes=classes,
        channels=channels,
        z_dim=z_dim,
        shared_dim=z_dim,
        widths=widths,
        upsampling=upsampling,
        attention=tuple(attending[:number].count(False) for number, attends in enumerate(attending) if attends),
        bn_epsilon=epsilon,
        output_bn_epsilon=epsilon,
        spectral_norm=False,
        statistics=tensors["generator.bn.running_means"].shape[0],
        swapped_interpolation=compat,
    )
    _check_declared(declared, config)
    return config


def _attending(tensors: Mapping[str, Tensor]) -> list[bool]:
    """For each layer in order whether it is self-attention, or else a block."""
    found = (re.match(r"generator\.layers\.(\d{1,4})\.", name) for name in tensors)
    layers = [f"generator.layers.{number}" for number in range(len({match[1] for match in found if match}))]
    for layer in layers:
        if f"{layer}.gamma" not in tensors and f"{layer}.bn_0.running_means" not in tensors:
            raise CheckpointError(f"{layer} is neither a whole block nor whole self-attention; copy the file again")
    return [f"{layer}.gamma" in tensors for layer in layers]


def _upsampling(declared: Mapping[str, object], widths: tuple[int, ...]) -> tuple[bool, ...]:
    """For each block whether it doubles the resolution: as `config.json` says, every other one where that is silent."""
    blocks = len(widths) - 1
    layers = declared.get("layers")
    if layers is None:
        return tuple(block % 2 == 1 for block in range(blocks))
    if not isinstance(layers, list) or not all(isinstance(layer, list) and len(layer) == 3 for layer in layers):
        raise CheckpointError(f"layers of {CONFIG} are not triples [upsampling, channels before, channels after]")
    if [layer[1:] for layer in layers] != [[*pair] for pair in itertools.pairwise(widths)]:
        raise CheckpointError(
            f"layers of {CONFIG} are not the blocks of the tensors, of widths {widths}; is it theirs?"
        )
    return tuple(bool(layer[0]) for layer in layers)


def _epsilon(declared: Mapping[str, object]) -> float:
    value = declared.get("eps", EPSILON)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise CheckpointError(f"eps of {CONFIG} must be a number")
    return float(value)


def _check_declared(declared: Mapping[str, object], config: BigGANDeepConfig) -> None:
    read = {
        "z_dim": config.z_dim,
        "channel_width": config.channels,
        "num_classes": config.num_classes,
        "n_stats": config.statistics,
    }
    for name, value in read.items():
        if name in declared and declared[name] != value:
            raise CheckpointError(
                f"{name} is {value} in the tensors and another in {CONFIG} beside them; is it theirs?"
            )


def convert(tensors: Mapping[str, Tensor], config: BigGANDeepConfig) -> dict[str, Tensor]:
    """The state dict of `BigGANDeepGenerator(config)`."""
    first, bias = _folded(tensors, "generator.gen_z"), tensors["generator.gen_z.bias"]
    state = {
        "shared.weight": tensors["embeddings.weight"].T,
        "linear.weight": _channels_first(_embedding_first(first, config)),
        "linear.bias": _channels_first(bias),
        "output_norm.gain": tensors["generator.bn.weight"],
        "output_norm.bias": tensors["generator.bn.bias"],
        "output.weight": _folded(tensors, "generator.conv_to_rgb")[:3],
        "output.bias": tensors["generator.conv_to_rgb.bias"][:3],
        **_statistics(tensors, "generator.bn", "output_norm"),
    }
    blocks = 0
    for number, attends in enumerate(_attending(tensors)):
        if attends:
            state |= _attention(tensors, f"generator.layers.{number}", f"attention.{blocks}")
        else:
            state |= _block(tensors, f"generator.layers.{number}", f"blocks.{blocks}", config)
            blocks += 1
    return state


def _block(tensors: Mapping[str, Tensor], theirs: str, ours: str, config: BigGANDeepConfig) -> dict[str, Tensor]:
    state: dict[str, Tensor] = {}
    for number in range(4):
        norm, own = f"{theirs}.bn_{number}", f"{ours}.norm{number + 1}"
        state |= _statistics(tensors, norm, own)
        state[f"{own}.gain.weight"] = _embedding_first(_folded(tensors, f"{norm}.scale"), config)
        state[f"{own}.bias.weight"] = _embedding_first(_folded(tensors, f"{norm}.offset"), config)
        conv, own = f"{theirs}.conv_{number}", f"{ours}.conv{number + 1}"
        state[f"{own}.weight"] = _folded(tensors, conv)
        state[f"{own}.bias"] = tensors[f"{conv}.bias"]
    return state


def _attention(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    state = {f"{ours}.gamma": tensors[f"{theirs}.gamma"].reshape(())}
    for own, name in _ATTENTION.items():
        state[f"{ours}.{own}.weight"] = _folded(tensors, f"{theirs}.snconv1x1_{name}")
    return state


def _statistics(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    return {
        f"{ours}.statistics.running_mean": tensors[f"{theirs}.running_means"],
        f"{ours}.statistics.running_var": tensors[f"{theirs}.running_vars"],
    }


def _folded(tensors: Mapping[str, Tensor], layer: str) -> Tensor:
    """The weight as it is applied. Files of PyTorch before 1.0 hold it beside its parts; networks whose normalisation
    was removed hold nothing else."""
    if f"{layer}.weight" in tensors:
        return tensors[f"{layer}.weight"]
    weight, u, v = (tensors[f"{layer}.weight_{part}"].float() for part in ("orig", "u", "v"))
    return weight / torch.dot(u, weight.flatten(1) @ v)


def _embedding_first(weight: Tensor, config: BigGANDeepConfig) -> Tensor:
    """(rows, z and embedding) to (rows, embedding and z)."""
    return weight.roll(config.shared_dim, dims=1)


def _channels_first(rows: Tensor) -> Tensor:
    """(4 x 4 x channels, ...) to (channels x 4 x 4, ...)."""
    return rows.reshape(16, -1, *rows.shape[1:]).transpose(0, 1).flatten(0, 1)


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file and of `config.json` beside it."""
    tensors = contents.tensors
    declared = _declared(contents)
    config = config_of(tensors.sketch(), declared, bn_epsilon=overrides.bn_epsilon, compat=overrides.compat)
    inferred, assumed = dict(_EVIDENCE), dict(_ASSUMED)
    inferred |= {"upsampling": f"layers of {CONFIG}"} if "layers" in declared else {}
    assumed |= {} if "layers" in declared else {"upsampling": f"every other block; there is no {CONFIG} that tells"}
    inferred |= {"bn_epsilon": f"eps of {CONFIG}"} if "eps" in declared else {}
    assumed |= {} if "eps" in declared else {"bn_epsilon": f"{EPSILON:g} in the published networks"}
    if overrides.bn_epsilon is not None:
        inferred.pop("bn_epsilon", None)
        assumed["bn_epsilon"] = f"{overrides.bn_epsilon:g} as given"
    if overrides.compat:
        assumed["swapped_interpolation"] = "as given: statistics are interpolated as the original does"
    return Reading(
        architecture="biggan-deep",
        config=config,
        convert=lambda: convert(tensors, config),
        inferred=inferred,
        assumed=assumed,
    )


def _declared(contents: Contents) -> Mapping[str, object]:
    """What `config.json` beside the file holds; nothing where it is absent or of another kind of network."""
    found = json_beside(contents.path, CONFIG)
    return found if "channel_width" in found else {}


_EVIDENCE: Final = {
    "resolution": "number of blocks that double 4 pixels",
    "num_classes": "columns of embeddings.weight",
    "channels": "outputs of conv_to_rgb",
    "z_dim": "rows of embeddings.weight",
    "shared_dim": "rows of embeddings.weight",
    "widths": "channels of the blocks' first statistics",
    "attention": "layers with a gamma",
    "statistics": "rows of running_means",
}
_ASSUMED: Final = {
    "spectral_norm": "folded as W / (u'Wv) with the u and v of the file, as the original evaluates",
    "swapped_interpolation": "statistics are interpolated rightly; --compat for the original's swapped weights",
}
