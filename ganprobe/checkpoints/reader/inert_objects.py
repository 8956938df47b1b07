"""What a pickle becomes here: records that say what was in the file and do nothing.

Plain containers and scalars stay what they are. A tensor becomes a `TensorRecord`, its storage a place in the file; an
array an `ArrayRecord`; an object of a foreign class a `StandIn` that keeps constructor arguments and state. Nothing is
read from the places until `ganprobe.checkpoints.reader.lazy_tensors` is asked for a tensor.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import torch

from ganprobe.core.errors import CheckpointError

NUMBERS = re.compile(r"[<>|=]?[fiub][1248]")
_TORCH_OF = {
    "f2": torch.float16,
    "f4": torch.float32,
    "f8": torch.float64,
    "i1": torch.int8,
    "i2": torch.int16,
    "i4": torch.int32,
    "i8": torch.int64,
    "u1": torch.uint8,
    "b1": torch.bool,
}
MAX_DIMENSIONS = 16


class Applicable(ABC):
    """What a name in a pickle may stand for, if it can be applied: code of ours, never what the file names."""

    @abstractmethod
    def apply(self, arguments: tuple[object, ...]) -> object:
        """The record of the result. CheckpointError, TypeError or ValueError where the arguments do not suit."""


@dataclass(frozen=True, slots=True)
class Blob:
    """Bytes that lie in the file: a view of them, and where in the file they start."""

    view: memoryview
    start: int

    def __len__(self) -> int:
        return len(self.view)


@dataclass(slots=True, eq=False)
class StorageRecord:
    """A storage of `nbytes` bytes from byte `start` of the file on; start is -1 until its place is known. dtype: None
    for untyped storages."""

    dtype: torch.dtype | None
    nbytes: int
    start: int = -1


@dataclass(frozen=True, slots=True)
class TensorRecord:
    """A tensor: `shape` and `stride` count elements of `dtype` from element `offset` of its storage on."""

    storage: StorageRecord
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]
    dtype: torch.dtype

    def __post_init__(self) -> None:
        numbers = (self.offset, *self.shape, *self.stride)
        if any(type(number) is not int or not 0 <= number < 2**48 for number in numbers):
            raise CheckpointError("a tensor's offset, shape or stride is no small whole number")
        if len(self.shape) != len(self.stride) or len(self.shape) > MAX_DIMENSIONS:
            raise CheckpointError(f"a tensor of {len(self.shape)} dimensions has {len(self.stride)} strides")
        if (self.offset + self.span) * self.dtype.itemsize > self.storage.nbytes:
            raise CheckpointError(f"a tensor of shape {self.shape} reaches beyond its storage")

    @property
    def span(self) -> int:
        """Elements between the first and the last one, both included."""
        if 0 in self.shape:
            return 0
        return 1 + sum((size - 1) * step for size, step in zip(self.shape, self.stride, strict=True))

    @property
    def nbytes(self) -> int:
        """Bytes that the tensor takes when it is read."""
        return prod(self.shape) * self.dtype.itemsize


@dataclass(slots=True, eq=False)
class DtypeRecord:
    """numpy.dtype(code), whose byte order a later instruction may set."""

    code: str
    order: str = "<"

    def __post_init__(self) -> None:
        if type(self.code) is not str or not NUMBERS.fullmatch(self.code):
            shown = repr(self.code[:20]) if type(self.code) is str else f"a {type(self.code).__name__}"
            raise CheckpointError(f"arrays of numbers can be read, this one is of type {shown}")
        self.code = self.code.lstrip("<>|=")

    def numpy(self) -> np.dtype[np.generic]:
        return np.dtype(self.order.replace("|", "=") + self.code)

    @property
    def torch(self) -> torch.dtype:
        return _TORCH_OF[self.code] if self.code in _TORCH_OF else _refuse_type(self.code)


def _refuse_type(code: str) -> torch.dtype:
    raise CheckpointError(f"arrays of type {code!r} cannot be read")


@dataclass(slots=True, eq=False)
class ArrayRecord:
    """numpy.ndarray; its parts are set after it is made. order: "C" or "F". of_numbers: whether it holds any; arrays of
    text or objects keep no parts, and stand for nothing."""

    shape: tuple[int, ...] = (0,)
    dtype: DtypeRecord = field(default_factory=lambda: DtypeRecord("f4"))
    data: Blob | bytes = b""
    order: str = "C"
    of_numbers: bool = True

    def fill(self, shape: object, dtype: object, data: object, order: str) -> ArrayRecord:
        """Set the parts, checked: CheckpointError where the bytes are not those of the shape."""
        if not isinstance(dtype, DtypeRecord) or not isinstance(data, Blob | bytes) or not isinstance(shape, tuple):
            raise CheckpointError("an array's shape, type or bytes are not what NumPy writes")
        if len(shape) > MAX_DIMENSIONS or any(type(size) is not int or not 0 <= size < 2**48 for size in shape):
            raise CheckpointError("an array's shape is not made of small whole numbers")
        if prod(shape) * dtype.numpy().itemsize != len(data):
            raise CheckpointError(f"an array of shape {shape} has {len(data)} bytes")
        self.shape, self.dtype, self.data, self.order = shape, dtype, data, order
        return self

    def give_up(self) -> None:
        """It is of something else than numbers."""
        self.of_numbers = False

    @property
    def nbytes(self) -> int:
        """Bytes that the array takes when it is read."""
        return len(self.data)


@dataclass(slots=True, eq=False)
class StandIn:
    """An object of a class that is not loaded: its full name, constructor arguments, state, and items, if it was filled
    like a list or a dict."""

    name: str
    arguments: tuple[object, ...] = ()
    state: object = None
    items: dict[object, object] = field(default_factory=dict)
    members: list[object] = field(default_factory=list)


Readable = TensorRecord | ArrayRecord


def fields_of(value: object) -> Mapping[object, object]:
    """The entries of a dict, or of a stand-in: its items and, under them, its state where that is a dict."""
    if isinstance(value, Mapping):
        return value
    if isinstance(value, StandIn):
        return {**value.state, **value.items} if isinstance(value.state, Mapping) else value.items
    return {}


def readables(entries: Mapping[Any, object]) -> dict[str, Readable]:
    """The tensors and arrays of numbers among some entries, by name."""
    found = {str(name): value for name, value in entries.items() if isinstance(value, Readable)}
    return {name: value for name, value in found.items() if isinstance(value, TensorRecord) or value.of_numbers}
