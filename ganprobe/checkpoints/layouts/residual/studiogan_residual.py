"""The layout of StudioGAN's `resnet` backbone (github.com/POSTECH-CVLab/PyTorch-StudioGAN): SNGAN, ACGAN, ProjGAN,
SAGAN and the like, whose generators differ in conditions, self-attention and spectral normalisation.

Classes condition batch normalisations by a linear layer of the one-hot label, which is a table. Spectrally normalised
weights are divided once.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

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
from ganprobe.checkpoints.layouts.torch_spectral import EVIDENCE, applied, plain_shapes
from ganprobe.generators.sagan.generator import SAGANConfig
from ganprobe.generators.sngan.generator import WIDTHS, SNGANConfig

MARKS: Final = (
    "linear0.weight",
    "blocks.0.0.conv2d0.weight",
    "blocks.0.0.conv2d2.weight",
    "bn4.running_mean",
    "conv2d5.weight",
)
"""Tensors by which a file is known (or `weight_orig`)."""
MULTIPLES: Final = {
    **{resolution: WIDTHS[resolution] for resolution in (32, 64, 128)},
    256: (16, 16, 8, 8, 4, 2, 1),
    512: (16, 16, 8, 8, 4, 2, 1, 1),
}


def matches(shapes: Shapes) -> bool:
    """Whether names are of this layout: of blocks without conditions, or conditioned by labels alone. Those of
    `big_resnet` have a class embedding, or take chunks of z, as many numbers as the first layer."""
    plain = plain_shapes(shapes)
    if not all(mark in plain for mark in MARKS) or "blocks.0.0.conv2d3.weight" in plain or "shared.weight" in plain:
        return False
    gain = plain.get("blocks.0.0.bn1.gain.weight")
    if gain is None:
        return "blocks.0.0.bn1.running_mean" in plain
    return len(gain) == len(plain["linear0.weight"]) == 2 and gain[1] != plain["linear0.weight"][1]


def config_of(shapes: Shapes, *, bn_epsilon: float = BN_EPSILON) -> SNGANConfig | SAGANConfig:
    """The configuration that names and shapes tell; CheckpointError where they are irregular."""
    check_no_codes(shapes)
    plain = plain_shapes(shapes)
    numbers = block_numbers(plain, "conv2d0")
    resolution = 4 << len(numbers)
    channels = multiples_of(widths_of(plain, numbers, "conv2d2"), MULTIPLES, resolution)
    common: dict[str, Any] = {
        "resolution": resolution,
        "num_classes": plain.get("blocks.0.0.bn1.gain.weight", (0, 0))[1],
        "channels": channels,
        "z_dim": plain["linear0.weight"][1],
        "bn_epsilon": bn_epsilon,
        "width_multiples": () if resolution in WIDTHS else MULTIPLES[resolution],
    }
    attended = attention_after(plain, numbers)
    if attended:
        return SAGANConfig(**common, attention=tuple(4 << count for count in attended.values()), sn_epsilon=None)
    return SNGANConfig(**common)


def convert(tensors: Mapping[str, Tensor], shapes: Shapes) -> dict[str, Tensor]:
    """The state dict of the generator of `config_of`."""
    plain = plain_shapes(shapes)
    numbers = block_numbers(plain, "conv2d0")
    attention = {number: 4 << count for number, count in attention_after(plain, numbers).items()}
    return {
        f"trunk.{native_name(name, numbers=numbers, attention=attention)}": _native(tensors, name) for name in plain
    }


def _native(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    value = applied(tensors, name)
    if name.endswith(".sigma"):
        return value.reshape(())
    # A linear layer of one-hot labels, as a table of classes.
    return value.T.contiguous() if name.endswith((".gain.weight", ".bias.weight")) else value


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file and of the configuration beside it."""
    tensors, shapes = contents.tensors, contents.shapes
    settings = read_settings(contents.path.parent, "resnet")
    check_settings(settings, READABLE)
    config = config_of(shapes, bn_epsilon=overrides.bn_epsilon or BN_EPSILON)
    activation = {"activation": f"ReLU, {told_by(settings)}"}
    normalised = {"sn_epsilon": EVIDENCE} if "linear0.weight_orig" in shapes else {}
    return Reading(
        architecture="sagan" if isinstance(config, SAGANConfig) else "sngan",
        config=config,
        convert=lambda: convert(tensors, shapes),
        inferred=_EVIDENCE | normalised | (activation if settings else {}),
        assumed={"bn_epsilon": f"{BN_EPSILON:g} in the layout's code; no tensor tells"}
        | overrides.said()
        | ({} if settings else activation),
    )


_EVIDENCE: Final = {
    "resolution": "number of residual blocks, each doubling 4 pixels",
    "num_classes": "columns of blocks.0.0.bn1.gain.weight; 0 where it is absent",
    "channels": "output channels of the last block",
    "z_dim": "columns of linear0.weight",
    "attention": "blocks with a sigma",
}
