"""Tensors under the names, and in the axes, of another layout, read one at a time.

>>> tensors = Renamed({"dense/weight": torch.ones(2, 3)}, lambda name: ("dense.weight", transposed))
>>> tensors["dense.weight"].shape
torch.Size([3, 2])
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from math import sqrt
from typing import final

import torch
from torch import Tensor

Change = Callable[[Tensor], Tensor]
Rename = Callable[[str], tuple[str, Change] | None]
"""From a tensor's name to the other layout's and the change of its values, or None where that has no such tensor."""


@final
class Renamed(Mapping[str, Tensor]):
    """A view of `tensors`; beside: more of them, under their new names already."""

    def __init__(
        self, tensors: Mapping[str, Tensor], rename: Rename, beside: Mapping[str, Tensor] | None = None
    ) -> None:
        self._tensors, self._beside = tensors, dict(beside or {})
        found = ((name, rename(name)) for name in tensors)
        self._sources = {other[0]: (name, other[1]) for name, other in found if other is not None}

    def __getitem__(self, name: str) -> Tensor:
        if name in self._beside:
            return self._beside[name]
        source, change = self._sources[name]
        return change(self._tensors[source])

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources | self._beside)

    def __len__(self) -> int:
        return len(self._sources | self._beside)

    def __contains__(self, name: object) -> bool:
        return name in self._sources or name in self._beside


def same(tensor: Tensor) -> Tensor:
    """The tensor itself."""
    return tensor


def transposed(tensor: Tensor) -> Tensor:
    """A dense weight [in, out] as [out, in]."""
    return tensor.T.contiguous()


def label_table(tensor: Tensor) -> Tensor:
    """A label embedding [classes, width] that is used as it is, as the weight of a layer whose learning rate is
    equalised over the classes."""
    return transposed(tensor) * sqrt(len(tensor))


def first(tensor: Tensor) -> Tensor:
    """(1, C, H, W) to (C, H, W)."""
    return tensor[0]


def only_map(tensor: Tensor) -> Tensor:
    """(1, 1, H, W) to (H, W)."""
    return tensor[0, 0]


def plus_one(tensor: Tensor) -> Tensor:
    """The bias of a modulation that is stored without the 1 that is added to it at run time."""
    return tensor + 1


def channels_first(tensor: Tensor) -> Tensor:
    """A convolution's weight [height, width, in, out] as [out, in, height, width]."""
    return tensor.permute(3, 2, 0, 1).contiguous()


def channels_last(tensor: Tensor) -> Tensor:
    """A convolution's weight [out, in, height, width] as [height, width, in, out]."""
    return tensor.permute(2, 3, 1, 0).contiguous()


def scaled(tensor: Tensor) -> Tensor:
    """A convolution's weight [out, in, height, width] times 1 / sqrt(fan in), as it is used where learning rates are
    equalised; demodulation undoes that but for its epsilon."""
    return tensor / sqrt(tensor[0].numel())


def mirrored(tensor: Tensor) -> Tensor:
    """A convolution's weight [out, in, height, width] with its kernels mirrored."""
    return torch.flip(tensor, (2, 3))
