"""The state of the machine that reads pickles: where it is in the file, what it has built, what it may still use."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from ganprobe.core.errors import CheckpointError

SPARE = 32 * 2**20
_COST = {"small": 32, "box": 256, "item": 112, "byte": 1}
_MARK = object()

Resolve = Callable[[str, str], object]
"""Module and name to what they stand for; raises KeyError for a name that is not allowed."""
Persistent = Callable[[object], object]


@dataclass(slots=True)
class Budget:
    """Bytes that objects may still take, and instructions that may still run, over all pickles of a file."""

    memory: int
    instructions: int = 1_000_000

    @classmethod
    def of_file(cls, size: int) -> Budget:
        """For a file of so many bytes: as many, and a little for what small files need."""
        return cls(size + SPARE)


class Machine:
    """Reads one pickle from `data`, whose first byte is byte `base` of the file, from `position` on.

    subject: what errors are of. resolve: see `Resolve`. persistent: what to make of persistent ids; None refuses them.
    """

    def __init__(
        self,
        data: memoryview,
        *,
        subject: str,
        resolve: Resolve,
        budget: Budget,
        persistent: Persistent | None = None,
        base: int = 0,
        position: int = 0,
    ) -> None:
        self.data, self.subject, self.base = data, subject, base
        self.resolve, self.persistent, self.budget = resolve, persistent, budget
        self.position = self.instruction_at = position
        self.stack: list[object] = []
        self.memo: dict[int, object] = {}

    def refuse(self, what: str) -> NoReturn:
        """CheckpointError with the byte of the file at which the instruction lies."""
        raise CheckpointError(
            f"{self.subject}: {what}, at byte {self.base + self.instruction_at}; nothing in it was run"
        )

    def pay(self, kind: str, count: int = 1) -> None:
        """Take the bytes that `count` objects of a kind need out of the budget."""
        self.pay_bytes(_COST[kind] * count)

    def pay_bytes(self, count: int) -> None:
        """Take so many bytes out of the budget."""
        self.budget.memory -= count
        if self.budget.memory < 0:
            self.refuse("the pickle makes more objects than a file of its size has reason to")

    def take(self, count: int) -> memoryview:
        """The next bytes."""
        end = self.position + count
        if count < 0 or end > len(self.data):
            self.refuse(f"{count} bytes are declared and {len(self.data) - self.position} are there")
        view = self.data[self.position : end]
        self.position = end
        return view

    def line(self) -> str:
        """The text up to the next line break, ASCII, at most 1000 bytes."""
        window = bytes(self.data[self.position : self.position + 1000])
        length = window.index(b"\n")
        self.position += length + 1
        return window[:length].decode("ascii")

    def number(self, form: str) -> int:
        """The next number of a struct format."""
        return int(struct.unpack(form, self.take(struct.calcsize(form)))[0])

    def push(self, value: object) -> None:
        self.stack.append(value)

    def mark(self) -> None:
        self.stack.append(_MARK)

    def pop(self) -> object:
        if not self.stack or self.stack[-1] is _MARK:
            self.refuse("an instruction finds nothing on the stack")
        return self.stack.pop()

    def top(self) -> object:
        """The object on top of the stack, which stays there."""
        value = self.pop()
        self.stack.append(value)
        return value

    def pop_to_mark(self) -> list[object]:
        """What lies above the last mark, which is taken away too."""
        for depth in range(len(self.stack) - 1, -1, -1):
            if self.stack[depth] is _MARK:
                found = self.stack[depth + 1 :]
                del self.stack[depth:]
                return found
        return self.refuse("an instruction finds no mark on the stack")
