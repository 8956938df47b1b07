"""Processes that torchrun (or any launcher that sets the same environment variables) has started, connected.

Small words go through torch.distributed's key-value store: who is here, who lives, who has failed. States go through
gloo as plain bytes, on the host, where packed states are; nothing is pickled.
"""

from __future__ import annotations

import functools
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol, TypeVar, cast, final

import torch
import torch.distributed as dist
from torch.distributed.rendezvous import rendezvous

from ganprobe.core.errors import InputError
from ganprobe.engine.ranks.peers import PeerFailed, PeerLost

JOIN = timedelta(minutes=5)
"""How long processes wait for one another at the start."""
TRANSFER = timedelta(minutes=30)
SILENCE = 300.0
"""Seconds without a sign of life after which a process counts as lost."""
BEAT = 1.0
"""Seconds between two signs of life."""
POLL = 0.02
LINGER = 10.0
"""Seconds that the first process, which may be host to the store, and one that failed, wait for the others to leave."""
FAILED, LEFT, STATUS = "failed", "left", "status"

T = TypeVar("T")


class Store(Protocol):
    """What is asked of torch.distributed's key-value stores; RuntimeError where they cannot be reached."""

    def set(self, key: str, value: str) -> None: ...
    def get(self, key: str) -> bytes: ...
    def add(self, key: str, amount: int) -> int: ...
    def check(self, keys: list[str]) -> bool: ...


def connect(rank: int, world: int) -> ProcessGroup:
    """Join the others at MASTER_ADDR and MASTER_PORT. InputError where these say nothing, PeerLost where nobody is
    there."""
    if not dist.is_available():
        raise InputError("this torch has no torch.distributed; start one process, or install another torch")
    try:
        store, _, _ = next(rendezvous("env://", timeout=JOIN))
    except ValueError as problem:
        raise InputError(f"processes cannot find one another ({problem}); start with torchrun") from problem
    except RuntimeError as problem:
        raise PeerLost(f"process {rank + 1} of {world} found no others ({_first_line(problem)})") from problem
    return ProcessGroup(store, rank, world)


@final
class ProcessGroup:
    """A `Channel` (engine.ranks) over a key-value store and gloo."""

    def __init__(self, store: Store, rank: int, world: int) -> None:
        self._store, self._rank, self._world = store, rank, world
        self._meetings = 0
        self._ended, self._failed = threading.Event(), threading.Event()
        self._pulse = threading.Thread(target=self._live, name="signs of life", daemon=True)
        self._pulse.start()

    def check(self) -> None:
        """PeerFailed once another has failed."""
        if self._failed.is_set():
            raise PeerFailed(self._asked(lambda: int(self._store.get(STATUS))))

    def meet(self) -> None:
        """Wait until all are here; PeerFailed or PeerLost where one will not come."""
        self._meetings += 1
        place = f"meeting/{self._meetings}"
        self._asked(lambda: self._store.set(f"{place}/{self._rank}", "here"))
        missing = set(range(self._world))
        lives = _Lives()
        while True:
            missing = {rank for rank in missing if not self._there(f"{place}/{rank}")}
            if not missing:
                return
            self._note_failure()
            self.check()
            self._check_alive(missing, lives)
            time.sleep(POLL)

    def gather(self, data: bytes) -> list[bytes] | None:
        """To rank 0 the `data` of each, in rank order; None elsewhere."""
        self.meet()
        if not dist.is_initialized():
            self._asked(self._open)
        found = self._asked(lambda: self._sent(data) if self._rank else self._received(data))
        # Whoever has sent must not leave before all of it has arrived.
        self.meet()
        return found

    def fail(self, status: int) -> bool:
        """Tell the others; whether this is the first that failed, as far as can be told."""
        try:
            first = self._store.add(FAILED, 1) == 1
            if first:
                self._store.set(STATUS, str(status))
        except RuntimeError:
            return True
        return first

    def leave(self, *, wait: bool) -> None:
        """Nothing more comes from here. wait: until the others have left too, some seconds at most."""
        self._ended.set()
        self._pulse.join()
        try:
            self._store.add(LEFT, 1)
            until = time.monotonic() + LINGER
            while wait and self._store.add(LEFT, 0) < self._world and time.monotonic() < until:
                time.sleep(POLL)
        except RuntimeError:
            return
        if dist.is_initialized():
            dist.destroy_process_group()

    def _live(self) -> None:
        """In a thread of its own: the sign of life, and an ear for failures."""
        while not self._ended.wait(BEAT):
            try:
                self._store.add(_life(self._rank), 1)
                self._note_failure()
            except (RuntimeError, PeerLost):
                return

    def _note_failure(self) -> None:
        if self._there(STATUS):
            self._failed.set()

    def _check_alive(self, missing: set[int], lives: _Lives) -> None:
        for rank in missing - {self._rank}:
            silent = lives.silence(rank, self._asked(functools.partial(self._store.add, _life(rank), 0)))
            if silent > SILENCE:
                raise PeerLost(
                    f"process {rank + 1} of {self._world} has given no sign of life for {SILENCE:.0f} seconds; "
                    "look whether it was killed (memory), and start again, with --resume where there is one"
                )

    def _there(self, key: str) -> bool:
        return self._asked(lambda: self._store.check([key]))

    def _asked(self, question: Callable[[], T]) -> T:
        try:
            return question()
        except RuntimeError as problem:
            raise PeerLost(
                f"process {self._rank + 1} of {self._world} lost contact with the others ({_first_line(problem)})"
            ) from problem

    def _open(self) -> None:
        dist.init_process_group(
            "gloo", store=cast(Any, self._store), rank=self._rank, world_size=self._world, timeout=TRANSFER
        )

    def _sent(self, data: bytes) -> None:
        dist.send(torch.tensor([len(data)]), dst=0)
        dist.send(torch.frombuffer(bytearray(data), dtype=torch.uint8), dst=0)

    def _received(self, own: bytes) -> list[bytes]:
        return [own, *(_receive(rank) for rank in range(1, self._world))]


@final
class _Lives:
    """Since when the signs of life of each process have stood still."""

    def __init__(self) -> None:
        self._seen: dict[int, tuple[int, float]] = {}

    def silence(self, rank: int, beats: int) -> float:
        """Seconds for which `rank` has stood at `beats`."""
        now = time.monotonic()
        if rank not in self._seen or self._seen[rank][0] != beats:
            self._seen[rank] = beats, now
        return now - self._seen[rank][1]


def _receive(rank: int) -> bytes:
    size = torch.zeros(1, dtype=torch.int64)
    dist.recv(size, src=rank)
    data = torch.empty(int(size), dtype=torch.uint8)
    dist.recv(data, src=rank)
    return bytes(data.numpy())


def _life(rank: int) -> str:
    return f"alive/{rank}"


def _first_line(problem: BaseException) -> str:
    return str(problem).strip().partition("\n")[0]
