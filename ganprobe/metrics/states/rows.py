"""Rows kept with their samples' indices: all of them, or a uniform sample of fixed size whatever order they came in.

>>> import torch
>>> rows = KeptRows(capacity=2).added(torch.arange(9), torch.arange(9.0)[:, None])
>>> rows.index.tolist() == KeptRows(capacity=2).added(torch.arange(9).flip(0), torch.zeros(9, 1)).index.tolist()
True

A capped store keeps the rows of lowest priority, a hash of the index (bottom-k sampling; Cohen and Kaplan 2007).
The kept set is a function of the set of indices alone, so merging is associative and commutative.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.devices.transfer import sent
from ganprobe.core.errors import MetricError
from ganprobe.metrics.arrays import named, to_array

MOST_CHUNKS = 64
LARGE = 2**26
"""Bytes: chunks of so many are not joined with others, for while they are, memory holds all of them twice."""

Chunk = tuple[Tensor, Tensor]


def priority_keys(index: Tensor) -> Tensor:
    """int64 keys that order `index` (N,) as core.streams.priorities does, computed where `index` is, so that a device
    need not wait for the host. The unsigned order becomes a signed one by flipping the top bit."""
    x = index + (0x9E3779B97F4A7C15 - 2**64)
    x = (x ^ _shifted(x, 30)) * (0xBF58476D1CE4E5B9 - 2**64)
    x = (x ^ _shifted(x, 27)) * (0x94D049BB133111EB - 2**64)
    return torch.bitwise_xor(x ^ _shifted(x, 31), -(2**63))


def _shifted(x: Tensor, by: int) -> Tensor:
    return torch.bitwise_and(x >> by, 2 ** (64 - by) - 1)


@dataclass(frozen=True, slots=True)
class KeptRows:
    """Rows (float32; uint8 stays so) and their indices, in chunks as they came; thinned only once twice the capacity is
    exceeded.

    capacity: how many rows to keep, None for all, 0 for none. The samples of stores that are joined must be disjoint.
    """

    capacity: int | None = None
    chunks: tuple[Chunk, ...] = ()

    @property
    def stored(self) -> int:
        return sum(len(index) for index, _ in self.chunks)

    def added(self, index: Tensor, rows: Tensor) -> KeptRows:
        """With `rows` (N, ...) of the samples `index` (N,) int64 as well. Never waits for the device."""
        if len(index) == 0 or self.capacity == 0:
            return self
        dtype = torch.uint8 if rows.dtype == torch.uint8 else torch.float32
        chunk = (sent(index.detach().clone(), rows.device), rows.detach().to(dtype, copy=True))
        return KeptRows(self.capacity, (*self._on(rows.device), chunk))._tidied()

    def joined(self, other: KeptRows) -> KeptRows:
        """With the rows of `other`; where the capacities differ, the smaller holds for both."""
        capacity = _smaller(self.capacity, other.capacity)
        theirs = other._on(self.chunks[0][0].device) if self.chunks else other.chunks
        return KeptRows(capacity, self.chunks + theirs)._tidied()

    def thinned(self, capacity: int) -> KeptRows:
        """At most `capacity` of the rows, still a uniform sample."""
        return KeptRows(_smaller(self.capacity, capacity), self.chunks)._lowest()

    def whole(self) -> Chunk:
        """(index, rows) in ascending order of index. MetricError where an index occurs twice."""
        index, rows = _joined(self._lowest().chunks)
        index, order = torch.sort(index)
        twice = index[1:][index[1:] == index[:-1]]
        if len(twice):
            said = named(to_array(twice))
            raise MetricError(f"samples {said} were counted twice; merge only states of disjoint indices")
        return index, rows[order]

    @property
    def index(self) -> NDArray[np.int64]:
        """The kept samples' indices, ascending."""
        return to_array(self.whole()[0])

    def pack(self) -> dict[str, NDArray[Any]]:
        """Named arrays: "capacity" (1,) (-1 for None), "index" (N,) int64 ascending, "rows" (N, ...) as kept."""
        index, rows = self.whole()
        capacity = np.array([-1 if self.capacity is None else self.capacity])
        return {"capacity": capacity, "index": to_array(index), "rows": to_array(rows)}

    @staticmethod
    def unpack(arrays: Mapping[str, NDArray[Any]]) -> KeptRows:
        """The store that `pack` wrote."""
        capacity = int(arrays["capacity"][0])
        empty = KeptRows(None if capacity < 0 else capacity)
        return empty.added(torch.from_numpy(arrays["index"]), torch.from_numpy(arrays["rows"]))

    def _on(self, device: torch.device) -> tuple[Chunk, ...]:
        """The chunks there: what an interrupted run saved comes back on the host."""
        return tuple((index.to(device), rows.to(device)) for index, rows in self.chunks)

    def _tidied(self) -> KeptRows:
        if self.capacity is not None and self.stored > 2 * self.capacity:
            return self._lowest()
        small = [chunk for chunk in self.chunks if chunk[1].nbytes < LARGE]
        if len(small) > MOST_CHUNKS:
            large = (chunk for chunk in self.chunks if chunk[1].nbytes >= LARGE)
            return KeptRows(self.capacity, (*large, _joined(small)))
        return self

    def _lowest(self) -> KeptRows:
        if self.capacity is None or self.stored <= self.capacity:
            return self
        if self.capacity == 0:
            return KeptRows(0)
        index, first = torch.cat([index for index, _ in self.chunks]), self.chunks[0][1]
        lowest = torch.topk(priority_keys(index), self.capacity, largest=False).indices
        # Chunk by chunk into place, rows that go into one place more, so that memory never holds all of them twice.
        place = torch.full_like(index, self.capacity)
        place[lowest] = torch.arange(self.capacity, device=index.device)
        kept = first.new_empty((self.capacity + 1, *first.shape[1:]))
        for (_, rows), where in zip(self.chunks, torch.split(place, [len(i) for i, _ in self.chunks]), strict=True):
            kept.index_copy_(0, where, rows)
        return KeptRows(self.capacity, ((index[lowest], kept[:-1]),))


def _joined(chunks: Sequence[Chunk]) -> Chunk:
    """One chunk of them all; the only one as it is."""
    if not chunks:
        return torch.zeros(0, dtype=torch.int64), torch.zeros(0, 0)
    if len(chunks) == 1:
        return chunks[0]
    return torch.cat([index for index, _ in chunks]), torch.cat([rows for _, rows in chunks])


def _smaller(a: int | None, b: int | None) -> int | None:
    return a if b is None else b if a is None else min(a, b)
