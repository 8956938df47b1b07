"""Tensors that stay in their file until they are asked for, and are copied out of it one at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import prod
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ganprobe.checkpoints.reader.inert_objects import ArrayRecord, Blob, Readable, TensorRecord
from ganprobe.checkpoints.reader.machine import SPARE
from ganprobe.core.errors import CheckpointError


class LazyTensors(Mapping[str, Tensor]):
    """The tensors of `records` by name. Every look-up reads the tensor from the file, into memory of its own, on the
    CPU; names and `shapes` need no reading. CheckpointError where all of them together would take more memory than the
    file has reason to."""

    def __init__(self, path: Path, records: Mapping[str, Readable]) -> None:
        self.path, self._records = path, records
        total, size = sum(record.nbytes for record in records.values()), path.stat().st_size
        if total > size + SPARE:
            raise CheckpointError(f"{path} has {size} bytes and tensors of {total} bytes; it was not loaded")

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Tensor name to shape."""
        return {name: tuple(record.shape) for name, record in self._records.items()}

    def sketch(self) -> dict[str, Tensor]:
        """The tensors without their values, on the meta device, for what only looks at shapes."""
        return {name: torch.empty(shape, device="meta") for name, shape in self.shapes.items()}

    def __getitem__(self, name: str) -> Tensor:
        record = self._records[name]
        return self._tensor(record) if isinstance(record, TensorRecord) else self._array(record)

    def __iter__(self) -> Iterator[str]:
        return iter(self._records)

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, name: object) -> bool:
        return name in self._records

    def _tensor(self, record: TensorRecord) -> Tensor:
        item = record.dtype.itemsize
        raw = self._bytes(record.storage.start + record.offset * item, record.span * item)
        flat = torch.from_numpy(raw).view(record.dtype) if record.span else torch.empty(0, dtype=record.dtype)
        if record.span == prod(record.shape):
            ordered = torch.as_strided(flat, record.shape, record.stride)
            return ordered.contiguous()
        return torch.as_strided(flat, record.shape, record.stride).clone(memory_format=torch.contiguous_format)

    def _array(self, record: ArrayRecord) -> Tensor:
        dtype = record.dtype.numpy()
        if isinstance(record.data, Blob):
            raw = self._bytes(record.data.start, len(record.data))
        else:
            raw = np.frombuffer(record.data, np.uint8).copy()
        array = raw.view(dtype).reshape(record.shape, order="F" if record.order == "F" else "C")
        native = np.ascontiguousarray(array, dtype.newbyteorder("=")).reshape(record.shape)
        return torch.from_numpy(native).to(record.dtype.torch)

    def _bytes(self, start: int, count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
        raw = np.empty(count, np.uint8)
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                got = file.readinto(raw.data) if start >= 0 else -1
        except OSError as problem:
            raise CheckpointError(f"{self.path} cannot be read ({problem.strerror})") from problem
        if got != count:
            raise CheckpointError(f"{self.path} is cut short: {count} bytes were expected at byte {start}")
        return raw
