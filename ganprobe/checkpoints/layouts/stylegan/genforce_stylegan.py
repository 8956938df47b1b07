"""The layout of genforce/genforce's StyleGAN: `generator_smooth` (the averaged one) or `generator` of its checkpoints.

It is the network of `ganprobe.checkpoints.layouts.stylegan.interfacegan_stylegan` under other names; every convolution
is stored as [out, in, height, width], the fused ones too, so that no tensor tells which enlarging convolutions are
fused.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.renamed_tensors import Change, Renamed, channels_last, same
from ganprobe.checkpoints.layouts.stylegan import interfacegan_stylegan
from ganprobe.core.errors import CheckpointError

LABELS = "mapping.label_weight"
FUSED_FROM = 128
"""The resolution from which on the original fuses enlargement and convolution unless told otherwise."""
_LOD = "synthesis.lod"


MARKS: Final = (
    "mapping.dense0.weight",
    "truncation.w_avg",
    "synthesis.layer0.const",
    "synthesis.output0.weight",
    "synthesis.layer0.apply_noise.weight",
)
"""Tensors by which a file is known."""


def matches(shapes: Shapes) -> bool:
    """Whether tensors of these names and shapes are of this layout."""
    return all(name in shapes for name in MARKS)


def _renamed(name: str) -> tuple[str, Change] | None:
    """interfacegan's name of a tensor, and how its axes become those that the name stands for there."""
    if name in ("truncation.w_avg", _LOD):
        return name, same
    if found := re.fullmatch(r"(mapping\.dense\d+)\.(weight|bias)", name):
        return f"{found[1]}.{'linear' if found[2] == 'weight' else 'wscale'}.{found[2]}", same
    if found := re.fullmatch(r"(synthesis\.output\d+)\.(weight|bias)", name):
        return f"{found[1]}.{'conv.weight' if found[2] == 'weight' else 'bias'}", same
    if found := re.fullmatch(r"synthesis\.layer(\d{1,2})\.(.+)", name):
        return _renamed_layer(int(found[1]), found[2])
    return None


def _renamed_layer(index: int, rest: str) -> tuple[str, Change] | None:
    fused = index > 0 and index % 2 == 0 and 4 << index // 2 >= FUSED_FROM
    names: dict[str, tuple[str, Change]] = {
        "const": ("first_layer", same),
        "weight": ("weight", channels_last) if fused else ("conv.weight", same),
        "bias": ("epilogue.bias", same),
        "apply_noise.weight": ("epilogue.apply_noise.weight", same),
        "apply_noise.noise": ("epilogue.apply_noise.noise", same),
        "style.weight": ("epilogue.style_mod.dense.linear.weight", same),
        "style.bias": ("epilogue.style_mod.dense.wscale.bias", same),
    }
    if rest not in names:
        return None
    other, change = names[rest]
    return f"synthesis.layer{index}.{other}", change


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file; it takes no overrides. CheckpointError for an unfinished training, and for a
    network whose mapping gives every layer a w of its own."""
    theirs, shapes = contents.tensors, contents.shapes
    if _LOD in theirs and float(theirs[_LOD]) > 0:
        raise CheckpointError(f"its level of detail is {float(theirs[_LOD]):g}: expected a network trained to the end")
    check_one_w(shapes)
    tensors = Renamed(theirs, _renamed)
    config = interfacegan_stylegan.config_of(tensors)
    classes, width = shapes.get(LABELS, (0, 0))
    config = replace(config, num_classes=classes, z_dim=config.z_dim - width)

    def convert() -> dict[str, Tensor]:
        labels = {"label_embedding": theirs[LABELS]} if config.num_classes else {}
        return interfacegan_stylegan.convert(tensors, config) | labels

    assumed = ASSUMED | _FUSED_BY_SIZE
    return Reading(architecture="stylegan", config=config, convert=convert, inferred=_EVIDENCE, assumed=assumed)


def check_one_w(shapes: Shapes) -> None:
    """CheckpointError where the mapping gives every layer a w of its own (repeat_w=False), which no network of ours
    does."""
    mean, taken = shapes["truncation.w_avg"][0], shapes["synthesis.layer0.style.weight"][1]
    if mean != taken:
        raise CheckpointError(f"its w has {mean} numbers and its layers take {taken}: expected one w for all layers")


_EVIDENCE = {
    "resolution": "number of synthesis.output* layers",
    "z_dim": "columns of mapping.dense0.weight, less the label embedding's",
    "w_dim": "size of truncation.w_avg",
    "num_classes": "rows of mapping.label_weight; 0 where it is absent",
    "mapping_layers": "number of mapping.dense* layers",
    "channel_base": "channels of the last layer",
    "channel_max": "channels of the first layer",
}
ASSUMED = {
    "mapping_lr_multiplier": "0.01, the default of the layout's code; no tensor tells",
    "truncation": "none unless asked for",
    "output": "no tanh, the default of the layout's code; no tensor tells",
}
"""What no tensor of genforce's networks tells."""
_FUSED_BY_SIZE = {"fused_scale": f"from {FUSED_FROM} pixels on ('auto', the layout's default); no tensor tells"}
