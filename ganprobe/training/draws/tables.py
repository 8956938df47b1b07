"""Where the numbers of a step lie: drawn when they are asked for, or known beforehand and sent in one piece.

A step that asks the same every time (one that a CUDA graph holds must) is planned: its first run notes the requests,
and from the next on a thread draws the numbers of step s + 1 into pinned memory while the device works on step s.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from ganprobe.core.streams import derive_seed
from ganprobe.training.draws.requests import Host, Request, Who
from ganprobe.training.parallel.processes import Processes

ALIGNED = 16
RING = 4
"""Steps whose numbers may be on their way to the device at once."""

Shapes = tuple[tuple[int, ...], ...]


@final
class Immediate:
    """Draws each request as it comes."""

    def __init__(self, host: Host, device: torch.device) -> None:
        self._host, self.device, self.step = host, device, 0
        self.processes: Processes = host.processes

    def begin(self, step: int) -> None:
        """Answers are of `step` from now on."""
        self.step = step

    def get(self, request: Request) -> Tensor:
        return torch.from_numpy(self._host.answer(request, self.step)).to(self.device)

    def noise(self, who: Who, number: int, shapes: Shapes) -> list[Tensor]:
        flat = torch.empty(_size(shapes) * self.processes.world, device=self.device)
        self.fill(flat, who, number)
        return parts_of(flat, shapes, self.processes)

    def fill(self, flat: Tensor, who: Who, number: int) -> None:
        """Fill `flat` with the noise of an update, all processes' together."""
        request = Request(who, number, "noise", "normal", ())
        update = self._host.update_of(request, self.step)
        source = torch.Generator(self.device)
        source.manual_seed(derive_seed(self._host.seed, "train", who, "noise", update))
        flat.normal_(generator=source)


@dataclass(frozen=True, slots=True)
class _Slot:
    start: int
    stop: int
    dtype: torch.dtype
    shape: tuple[int, ...]

    def of(self, flat: Tensor) -> Tensor:
        return flat[self.start : self.stop].view(self.dtype).view(self.shape)


@final
class Planned:
    """The requests of the first step, answered for every later one in fixed places of the device."""

    def __init__(self, host: Host, device: torch.device) -> None:
        self._host, self.device = host, device
        self.processes: Processes = host.processes
        self._first = Immediate(host, device)
        self._asked: dict[Request, _Slot] = {}
        self._noise: dict[tuple[Who, int], tuple[Shapes, Tensor]] = {}
        self._size, self.planned = 0, False
        self._flat = torch.empty(0, dtype=torch.uint8, device=device)
        self._ring: list[Tensor] = []
        self._copied: list[torch.cuda.Event | None] = []
        self._drawer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="draws")
        self._ahead: tuple[int, Future[Tensor]] | None = None

    def begin(self, step: int) -> None:
        """Answers are of `step` from now on; those of the next step are being drawn when this returns."""
        self._first.begin(step)
        if self._asked and not self.planned:
            self._plan()
        if not self.planned:
            return
        ahead = self._ahead
        waiting = ahead[1] if ahead is not None and ahead[0] == step else self._drawer.submit(self._drawn, step)
        pinned = waiting.result()
        self._flat.copy_(pinned, non_blocking=True)
        if (copied := self._copied[step % RING]) is not None:
            copied.record()
        self._ahead = (step + 1, self._drawer.submit(self._drawn, step + 1))
        for (who, number), (_, flat) in self._noise.items():
            self._first.fill(flat, who, number)

    def get(self, request: Request) -> Tensor:
        if self.planned:
            return self._asked[request].of(self._flat)
        found = self._first.get(request)
        if request not in self._asked:
            stop = self._size + found.nbytes
            self._asked[request] = _Slot(self._size, stop, found.dtype, tuple(found.shape))
            self._size = -(-stop // ALIGNED) * ALIGNED
        return found

    def noise(self, who: Who, number: int, shapes: Shapes) -> list[Tensor]:
        if (who, number) not in self._noise:
            self._noise[who, number] = (shapes, torch.empty(_size(shapes) * self.processes.world, device=self.device))
            self._first.fill(self._noise[who, number][1], who, number)
        return parts_of(self._noise[who, number][1], shapes, self.processes)

    def close(self) -> None:
        """End the thread."""
        self._drawer.shutdown(wait=True, cancel_futures=True)

    def _plan(self) -> None:
        self._flat = torch.empty(self._size, dtype=torch.uint8, device=self.device)
        # What is not pinned waits for its copy, and needs no event: so on the CPU, where tests plan.
        pinned = self.device.type == "cuda"
        self._ring = [torch.empty(self._size, dtype=torch.uint8, pin_memory=pinned) for _ in range(RING)]
        self._copied = [torch.cuda.Event() if pinned else None for _ in range(RING)]  # type: ignore[no-untyped-call]
        self.planned = True

    def _drawn(self, step: int) -> Tensor:
        """The answers of `step`, packed, in pinned memory that no copy reads from any more."""
        pinned = self._ring[step % RING]
        if (copied := self._copied[step % RING]) is not None:
            copied.synchronize()
        packed = pinned.numpy()
        for request, slot in self._asked.items():
            answer = self._host.answer(request, step)
            packed[slot.start : slot.stop] = np.frombuffer(answer, dtype=np.uint8)
        return pinned


def parts_of(flat: Tensor, shapes: Shapes, processes: Processes) -> list[Tensor]:
    """The noise of each shape out of all processes' noise in one piece: this process's rows."""
    sizes = [int(np.prod(shape)) * processes.world for shape in shapes]
    whole = [part.view(-1, *shape[1:]) for part, shape in zip(torch.split(flat, sizes), shapes, strict=True)]
    return [part[processes.rank :: processes.world] for part in whole]


def _size(shapes: Shapes) -> int:
    return sum(int(np.prod(shape)) for shape in shapes)
