"""The layout of torch-mimicry's residual generators (github.com/kwotsin/mimicry): SNGAN, SSGAN, InfoMax-GAN, cGAN-PD
and, with self-attention and spectral normalisation, SAGAN, which all have the same names.

They are the papers' but that their blocks enlarge bilinearly. A class's row holds gains, then biases, and no 1 is added
to the gains.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isqrt
from typing import Any, Final

from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.torch_spectral import EVIDENCE, applied, plain_shapes
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.sagan.generator import ATTENTION, SAGANConfig
from ganprobe.generators.sngan.generator import WIDTHS, SNGANConfig, first_side

MARKS: Final = ("l1.weight", "block2.c1.weight", "block2.c2.weight", "block2.c_sc.weight", "block3.c1.weight")
"""Tensors by which a file is known (or `weight_orig`)."""
BN_EPSILON: Final = 1e-5
_SCALES: Final = {"theta", "phi", "g", "o"}


def matches(shapes: Shapes) -> bool:
    """Whether tensors of these names are of this layout: of a generator, whose blocks normalise."""
    names = plain_shapes(shapes)
    norms = ("block2.b1.running_mean", "block2.b1.bn.running_mean")
    return all(name in names for name in MARKS) and any(name in names for name in norms)


def config_of(shapes: Shapes, *, bn_epsilon: float = BN_EPSILON) -> SNGANConfig | SAGANConfig:
    """The configuration that names and shapes tell; CheckpointError where they are irregular."""
    plain = plain_shapes(shapes)
    blocks = block_numbers(plain)
    first = plain["block2.c1.weight"][1]
    widths = (first, *(plain[f"block{number}.c1.weight"][0] for number in blocks))
    side = isqrt(plain["l1.weight"][0] // first)
    resolution = side << len(blocks)
    if resolution not in WIDTHS or side != first_side(resolution):
        raise CheckpointError(
            f"it starts at {side} pixels and has {len(blocks)} blocks: expected a network of "
            f"{', '.join(map(str, WIDTHS))} pixels as torch-mimicry builds them"
        )
    multiples = WIDTHS[resolution]
    channels = widths[-1] // multiples[-1]
    if widths != tuple(multiple * channels for multiple in multiples):
        raise CheckpointError(f"expected widths in the proportions {multiples} at {resolution} pixels, got {widths}")
    common: dict[str, Any] = {
        "resolution": resolution,
        "num_classes": plain.get("block2.b1.embed.weight", (0,))[0],
        "channels": channels,
        "z_dim": plain["l1.weight"][1],
        "interpolation": "bilinear",
        "bn_epsilon": bn_epsilon,
    }
    if "attn_block.gamma" in plain:
        return SAGANConfig(**common, attention=(ATTENTION[resolution],), sn_epsilon=None)
    return SNGANConfig(**common)


def block_numbers(names: Shapes) -> list[int]:
    """From 2 on. CheckpointError where one is missing."""
    found = sorted(int(told[1]) for name in names if (told := re.fullmatch(r"block(\d{1,2})\.c1\.weight", name)))
    if found != list(range(2, 2 + len(found))):
        raise CheckpointError(f"its blocks are {found}: expected 2, 3, ... without a gap")
    return found


def convert(tensors: Mapping[str, Tensor], shapes: Shapes, config: SNGANConfig | SAGANConfig) -> dict[str, Tensor]:
    """The state dict of the generator of `config`."""
    plain = plain_shapes(shapes)
    blocks = block_numbers(plain)
    last = blocks[-1] + 1
    state = _both(tensors, "l1", "trunk.linear") | _both(tensors, f"c{last}", "trunk.output")
    state |= _norm(tensors, f"b{last}", "trunk.output_norm")
    for index, number in enumerate(blocks):
        ours = f"trunk.blocks.{index}"
        for theirs, name in (("c1", "conv1"), ("c2", "conv2"), ("c_sc", "skip")):
            state |= _both(tensors, f"block{number}.{theirs}", f"{ours}.{name}")
        for place in (1, 2):
            state |= _norm(tensors, f"block{number}.b{place}", f"{ours}.norm{place}")
    if isinstance(config, SAGANConfig):
        ours = f"trunk.attention.{(config.attention or ())[0]}"
        state[f"{ours}.gamma"] = tensors["attn_block.gamma"]
        state |= {f"{ours}.{part}.weight": applied(tensors, f"attn_block.{part}.weight") for part in _SCALES}
    return state


def _both(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    return {f"{ours}.weight": applied(tensors, f"{theirs}.weight"), f"{ours}.bias": tensors[f"{theirs}.bias"]}


def _norm(tensors: Mapping[str, Tensor], theirs: str, ours: str) -> dict[str, Tensor]:
    statistics = ("running_mean", "running_var")
    if f"{theirs}.embed.weight" not in tensors:
        learnt = {f"{ours}.gain": tensors[f"{theirs}.weight"], f"{ours}.bias": tensors[f"{theirs}.bias"]}
        return learnt | {f"{ours}.statistics.{name}": tensors[f"{theirs}.{name}"] for name in statistics}
    gain, bias = tensors[f"{theirs}.embed.weight"].chunk(2, 1)
    learnt = {f"{ours}.gain.weight": gain - 1, f"{ours}.bias.weight": bias}
    return learnt | {f"{ours}.statistics.{name}": tensors[f"{theirs}.bn.{name}"] for name in statistics}


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file."""
    tensors, shapes = contents.tensors, contents.shapes
    config = config_of(shapes, bn_epsilon=overrides.bn_epsilon or BN_EPSILON)
    attended = isinstance(config, SAGANConfig)
    known = {"sn_epsilon": EVIDENCE, "attention": "attn_block, at the layout's own place"} if attended else {}
    return Reading(
        architecture="sagan" if attended else "sngan",
        config=config,
        convert=lambda: convert(tensors, shapes, config),
        inferred={**_EVIDENCE, **known},
        assumed={"bn_epsilon": f"{BN_EPSILON:g} in the layout's code; no tensor tells"} | overrides.said(),
    )


_EVIDENCE: Final = {
    "resolution": "rows of l1.weight and number of blocks",
    "num_classes": "rows of block2.b1.embed.weight; 0 where it is absent",
    "channels": "output channels of the last block",
    "z_dim": "columns of l1.weight",
    "interpolation": "the layout's blocks enlarge bilinearly",
}
