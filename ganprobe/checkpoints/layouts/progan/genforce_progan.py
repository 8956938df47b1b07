"""The layout of genforce/genforce's Progressive GAN, of which the names differ from genforce/interfacegan's.

Enlarging convolutions that are fused with the doubling are stored as [in, out, height, width], which only shapes of
different widths tell.
"""

from __future__ import annotations

import re
from typing import Final

from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.progan import interfacegan_progan
from ganprobe.checkpoints.layouts.progan.interfacegan_progan import EVIDENCE, check_grown
from ganprobe.checkpoints.layouts.renamed_tensors import Change, Renamed, same

MARKS: Final = (
    "layer0.weight",
    "layer0.bias",
    "layer1.weight",
    "layer1.bias",
    "output0.weight",
    "output1.bias",
)
"""Tensors by which a file is known."""
_LOD: Final = "lod"


def matches(shapes: Shapes) -> bool:
    """Whether tensors of these names and shapes are of this layout (parts of StyleGAN2 have the same names)."""
    return all(name in shapes for name in MARKS) and tuple(shapes["layer0.weight"][2:]) == (4, 4)


def is_fused(shapes: Shapes) -> bool | None:
    """Whether the enlarging convolutions are fused with the doubling; None where no shape tells."""
    for name, shape in shapes.items():
        told = re.fullmatch(r"layer(\d{1,2})\.weight", name)
        if told and int(told[1]) and int(told[1]) % 2 == 0 and shape[0] != shape[1]:
            return bool(shape[1] == shapes[f"layer{told[1]}.bias"][0])
    return None


def _outputs_first(weight: Tensor) -> Tensor:
    """A fused convolution's weight [in, out, height, width] as [height, width, in, out]."""
    return weight.permute(2, 3, 0, 1)


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file; it takes no overrides. CheckpointError for an unfinished training."""
    theirs, shapes = contents.tensors, contents.shapes
    lod = {**contents.loose, **theirs}.get(_LOD)
    check_grown(0.0 if lod is None else float(lod), beyond=1e-9)
    fused = is_fused(shapes)

    def renamed(name: str) -> tuple[str, Change] | None:
        told = re.fullmatch(r"(layer|output)(\d{1,2})\.(weight|bias)", name)
        if told is None:
            return None
        index = int(told[2])
        if told[3] == "bias":
            return f"{told[1]}{index}.wscale.bias", same
        if fused and told[1] == "layer" and index and index % 2 == 0:
            return f"layer{index}.weight", _outputs_first
        return f"{told[1]}{index}.conv.weight", same

    tensors = Renamed(theirs, renamed)
    config = interfacegan_progan.config_of(
        {renamed_name[0]: shape for name, shape in shapes.items() if (renamed_name := renamed(name))}
    )
    assumed = {
        "num_classes": "0; a conditional network's first layer takes labels beside z, and no tensor tells them apart",
        "output": "no tanh, the default of the layout's code; no tensor tells",
    }
    said = {"fused_scale": "the shapes of enlarging convolutions"} if fused is not None else {}
    unsaid = {"fused_scale": "no, the default of the layout's code; no shape tells"} if fused is None else {}
    return Reading(
        architecture="progan",
        config=config,
        convert=lambda: interfacegan_progan.convert(tensors, config),
        inferred=EVIDENCE | said,
        assumed=assumed | unsaid,
    )
