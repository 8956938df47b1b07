"""Rows of computed blocks: whole aligned blocks are computed, whatever range is asked for.

The last bits of a convolution may depend on the batch's shape. Where row i is always computed with the same neighbours,
it comes out the same bit for bit in every batch.

>>> squares = BlockCache(lambda index, seed: (torch.arange(index.start, index.stop) ** 2 + seed,), 4)
>>> squares.rows(range(3, 6), seed=0)
(tensor([ 9, 16, 25]),)
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar, cast, final

import torch
from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.core.streams import blocks_of

Row = TypeVar("Row", bound=tuple[Tensor, ...])


@final
class BlockCache(Generic[Row]):
    """Rows of the endless table whose block b is `compute(range(b * block, (b + 1) * block), seed)`, a tuple of tensors
    with one row an index.

    The last `keep` blocks stay in memory, so that a sweep in order computes each block once at any batch size; they are
    forgotten when `version` changes, which stands for what the rows depend on besides (weights in training, say). Not
    for several threads at once.
    """

    def __init__(
        self,
        compute: Callable[[range, int], Row],
        block: int,
        *,
        keep: int = 2,
        version: Callable[[], int] = lambda: 0,
    ) -> None:
        if block < 1 or keep < 1:
            raise ValueError(f"block and keep must be at least 1, got {block} and {keep}")
        self._compute, self._block, self._keep = compute, block, keep
        self._kept: OrderedDict[tuple[int, int], Row] = OrderedDict()
        self._version, self._seen = version, version()

    def rows(self, index: range, *, seed: int) -> Row:
        """Rows `index` (of step 1, from 0 on) of each tensor, copied, so that writing into them harms nothing."""
        if index.step != 1 or index.start < 0:
            raise InputError(f"an index range of step 1 from 0 on was expected, got {index}")
        if (now := self._version()) != self._seen:
            self._kept.clear()
            self._seen = now
        if not len(index):
            return cast(Row, tuple(tensor[:0].clone() for tensor in self._whole(0, seed)))
        parts = [self._part(number, index, seed) for number in blocks_of(index, self._block)]
        return cast(Row, tuple(torch.cat(tensors) for tensors in zip(*parts, strict=True)))

    def _part(self, number: int, index: range, seed: int) -> Row:
        first = number * self._block
        low, high = max(index.start - first, 0), min(index.stop - first, self._block)
        return cast(Row, tuple(tensor[low:high] for tensor in self._whole(number, seed)))

    def _whole(self, number: int, seed: int) -> Row:
        key = (number, seed)
        if key not in self._kept:
            while len(self._kept) >= self._keep:
                self._kept.popitem(last=False)
            first = number * self._block
            self._kept[key] = self._compute(range(first, first + self._block), seed)
            # A network that writes into its buffers in every pass has them given back: that is no change.
            self._seen = self._version()
        self._kept.move_to_end(key)
        return self._kept[key]
