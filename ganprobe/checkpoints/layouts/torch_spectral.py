"""Weights that PyTorch's spectral normalisation keeps as `weight_orig` with `weight_u` and `weight_v`.

In evaluation it divides by u'Wv of the stored vectors, without iterating, so that the weight may be divided once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor

from ganprobe.checkpoints.layout import Shapes

_BEYOND: Final = re.compile(r"(^|\.)(weight_[uv]|num_batches_tracked)$")
EVIDENCE: Final = "divided out of the weights by the stored u and v, as the original does in evaluation"


def plain_shapes(shapes: Shapes) -> dict[str, tuple[int, ...]]:
    """Shapes under the names that the tensors have without normalisation."""
    return {name.removesuffix("_orig"): shape for name, shape in shapes.items() if not _BEYOND.search(name)}


def applied(tensors: Mapping[str, Tensor], name: str) -> Tensor:
    """A tensor of `plain_shapes`, as the network applies it."""
    if f"{name}_orig" not in tensors:
        return tensors[name]
    weight, u, v = (tensors[f"{name}_{part}"] for part in ("orig", "u", "v"))
    # In place: the tensor was read for this, and a second one of its size would add to the peak of memory.
    return weight.div_(torch.dot(u, torch.mv(weight.flatten(1), v)))
