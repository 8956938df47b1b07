"""Work that a device's memory may not hold at once: whole where it does, else in halves, in halves of these, and so on.

>>> def work(part):
...     if len(part) > 3:
...         raise MemoryError("out of memory")
...     return list(part)
>>> portions = Portions("numbers", quiet=True)
>>> list(portions.over(range(8), work)), portions.most
([[0, 1], [2, 3], [4, 5], [6, 7]], 2)

What was too much once is not tried again. Where work calls on work, the outer one takes less first, down to the size
that it names: fewer samples at a time change no bit of a number, fewer images at a time in a network may change the
last ones (docs/decisions/0002-blocks.md).
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final, TypeVar, final

import torch
from torch import Tensor

from ganprobe.core.errors import DeviceMemoryError, one_line, out_of_memory
from ganprobe.core.progress import tell

T = TypeVar("T")

_OUTER: Final[ContextVar[bool]] = ContextVar("work further out can take less at a time", default=False)


@final
class Portions:
    """How many indices of one kind of work are done at a time: all that are asked for, until memory runs out.

    what: the work, as in "images of toyfaces are drawn". most: at a time from the start; None for all. together: so
    many cannot be parted. first: above so many this work takes less at a time before work inside it does; None for work
    that has none inside. quiet: to say nothing.
    """

    def __init__(
        self, what: str, *, most: int | None = None, together: int = 1, first: int | None = None, quiet: bool = False
    ) -> None:
        self._what, self.most = what, most
        self._together, self._first, self._quiet = together, first, quiet
        self._silent = True

    def over(self, index: range, work: Callable[[range], T]) -> Iterator[T]:
        """What `work` gives for `index` (of step 1), or for its parts in order.

        `work` is called again, with less, where memory ran out: it must not have changed anything by then.
        DeviceMemoryError where memory does not hold the least.
        """
        start = index.start
        while start < index.stop:
            part = range(start, index.stop if self.most is None else min(start + self.most, index.stop))
            found = self._tried(part, work)
            yield from found
            start = part.stop if found else start

    def rows(self, n: int, work: Callable[[slice], Tensor]) -> Tensor:
        """The rows of `work` for all of 0 to n - 1, in one tensor; n may be 0. As `over` else."""
        if n == 0:
            return work(slice(0, 0))
        return joined(self.over(range(n), lambda part: work(slice(part.start, part.stop))))

    def _tried(self, part: range, work: Callable[[range], T]) -> list[T]:
        """[what `work` gives for `part`], or nothing where it was too much."""
        outer = _OUTER.get()
        try:
            with _taking_less(outer or (self._first is not None and len(part) > self._first)):
                found = [work(part)]
        except (RuntimeError, MemoryError) as problem:
            if outer or not (out_of_memory(problem) or _no_engine(problem)):
                raise
            if len(part) <= self._together:
                if not out_of_memory(problem):
                    raise
                raise self._too_little(len(part), problem) from problem
        else:
            self._say()
            return found
        # Only here, where the error is forgotten, are the tensors let go that its frames held.
        _give_back()
        self.most, self._silent = max(1 << ((len(part) - 1).bit_length() - 1), self._together), self._quiet
        return []

    def _say(self) -> None:
        """Once it is known how many go."""
        if not self._silent:
            tell(f"memory ran out: {self._what} {self.most} at a time from here on")
        self._silent = True

    def _too_little(self, size: int, problem: Exception) -> DeviceMemoryError:
        least = f"{size} at a time" if size > 1 else "one at a time"
        return DeviceMemoryError(
            f"memory ran out where {self._what} {least} ({one_line(problem)}); free some, or choose another --device"
        )


def joined(parts: Iterable[Tensor]) -> Tensor:
    """Rows of parts, of which there is at least one, one after the other; the only part as it is."""
    first, *others = parts
    return torch.cat([first, *others]) if others else first


def _no_engine(problem: Exception) -> bool:
    """Whether cuDNN has no algorithm: PyTorch says no more where memory ran out for the work space of each of them, nor
    where there is none for the shapes (pytorch/pytorch, issue 108645)."""
    return "unable to find an engine" in str(problem)


@contextmanager
def _taking_less(can: bool) -> Iterator[None]:
    token = _OUTER.set(can)
    try:
        yield
    finally:
        _OUTER.reset(token)


def _give_back() -> None:
    """To the device what PyTorch keeps for later: pieces of it may be too small for what comes next."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
