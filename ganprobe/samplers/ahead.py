"""Random numbers that the host draws for a device, drawn while the device is at work on those before.

>>> ahead = Ahead(lambda index, seed: [seed + i for i in index])
>>> ahead.take(range(0, 3), 10), ahead.take(range(3, 6), 10)
([10, 11, 12], [13, 14, 15])
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar, final

T = TypeVar("T")


@final
class Ahead(Generic[T]):
    """`take(index, seed)` gives draw(index, seed), a pure function; a thread has drawn it already where the call before
    was for as many indices just before `index`. A device fed so waits for the host only where that is slower."""

    def __init__(self, draw: Callable[[range, int], T]) -> None:
        self._draw = draw
        self._thread: ThreadPoolExecutor | None = None
        self._next: tuple[tuple[range, int], Future[T]] | None = None

    def take(self, index: range, seed: int) -> T:
        """draw(index, seed)."""
        found = self._drawn(index, seed)
        self._thread = self._thread or ThreadPoolExecutor(1, thread_name_prefix="draws ahead")
        following = range(index.stop, index.stop + len(index))
        self._next = (following, seed), self._thread.submit(self._draw, following, seed)
        return found

    def _drawn(self, index: range, seed: int) -> T:
        waiting, self._next = self._next, None
        if waiting is None or waiting[0] != (index, seed):
            return self._draw(index, seed)
        return waiting[1].result()
