"""The safetensors container: a header of JSON that says where each tensor lies, then the tensors."""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Any, TypeGuard

import torch

from ganprobe.checkpoints.reader.inert_objects import MAX_DIMENSIONS, StorageRecord, TensorRecord
from ganprobe.core.errors import CheckpointError

METADATA = "__metadata__"
_HEADER_LIMIT = 100_000_000  # of the format itself
_MARKS, _MANY = (b",", b"[", b"{"), 400_000  # of punctuation: beyond it the text is no header, but costs memory
_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def raw_header(path: Path) -> dict[str, Any]:
    """The JSON that opens a safetensors file: its length in 8 bytes, then the text. CheckpointError for other files."""
    try:
        with path.open("rb") as file:
            prefix = file.read(8)
            length = struct.unpack("<Q", prefix)[0] if len(prefix) == 8 else _HEADER_LIMIT + 1
            text = file.read(length) if length <= _HEADER_LIMIT else b""
    except FileNotFoundError as problem:
        raise CheckpointError(f"there is no checkpoint {path}; check the path") from problem
    except OSError as problem:
        raise CheckpointError(f"{path} cannot be read ({problem.strerror}); a checkpoint file is needed") from problem
    try:
        raw = json.loads(text if max(text.count(mark) for mark in _MARKS) < _MANY else b"")
    except (ValueError, RecursionError) as problem:
        raise CheckpointError(f"{path} is not a safetensors file, or is cut short; copy or write it again") from problem
    if not isinstance(raw, dict) or not all(isinstance(entry, dict) for entry in raw.values()):
        raise CheckpointError(f"{path} is not a safetensors file, or is damaged; copy or write it again")
    return raw


def records(path: Path, header: Mapping[str, Mapping[str, object]]) -> dict[str, TensorRecord]:
    """Tensor name to its record, of a file with this header. CheckpointError where the file is cut short or damaged."""
    size = path.stat().st_size
    with path.open("rb") as file:
        first = 8 + int.from_bytes(file.read(8), "little")
    return {name: _record(path, name, entry, first, size) for name, entry in header.items() if name != METADATA}


def _record(path: Path, name: str, entry: Mapping[str, object], first: int, size: int) -> TensorRecord:
    kind, shape, places = entry.get("dtype"), entry.get("shape"), entry.get("data_offsets")
    dtype = _DTYPES.get(kind) if isinstance(kind, str) else None
    if dtype is None or not _whole(shape, MAX_DIMENSIONS) or not _whole(places, 2) or len(places) != 2:
        raise CheckpointError(f"{path} is damaged: the entry of tensor {name[:80]!r} says no type, shape or place")
    begin, end = places
    if first + end > size or end - begin != prod(shape) * dtype.itemsize:
        raise CheckpointError(f"{path} is damaged or cut short: tensor {name[:80]!r} does not fit its place")
    steps = tuple(prod(shape[axis + 1 :]) for axis in range(len(shape)))
    return TensorRecord(StorageRecord(dtype, end - begin, first + begin), 0, tuple(shape), steps, dtype)


def _whole(values: object, most: int) -> TypeGuard[list[int]]:
    """Whether these are at most `most` whole numbers of a size that files can have."""
    return (
        isinstance(values, list)
        and len(values) <= most
        and all(type(value) is int and 0 <= value < 2**48 for value in values)
    )
