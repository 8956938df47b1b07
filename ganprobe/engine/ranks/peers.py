"""The other processes of one command: how they are reached, and how they fail."""

from __future__ import annotations

from typing import Protocol


class Dismissed(Exception):
    """This rank's part is done: rank 0 goes on alone."""


class PeerFailed(Exception):
    """Another rank has failed and says so itself. status: the exit status that all end with."""

    def __init__(self, status: int) -> None:
        super().__init__(f"another process failed with status {status}")
        self.status = status


class PeerLost(Exception):
    """Another rank ended without a word, or cannot be reached; the message is one line."""


class Channel(Protocol):
    """What connects the ranks of one command.

    meet: wait until all are here. gather: to rank 0 the bytes of each, in rank order; None elsewhere. check: for each
    sample's sake, and cheap. These raise PeerFailed or PeerLost. fail: tell the others; whether this rank is the first
    that failed, and so the one to speak. leave: nothing more comes from here; wait for the others where they need this
    rank.
    """

    def meet(self) -> None: ...
    def gather(self, data: bytes) -> list[bytes] | None: ...
    def check(self) -> None: ...
    def fail(self, status: int) -> bool: ...
    def leave(self, *, wait: bool) -> None: ...
