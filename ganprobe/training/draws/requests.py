"""What a step asks of chance, and the host's answer: a pure function of the seed, the purpose and the update's number.

Nothing random need be saved, a run that goes on draws what it would have drawn, and a task's draws change nobody
else's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, Protocol, final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.streams import stream
from ganprobe.training.parallel.processes import Processes

Who = Literal["discriminator", "generator"]
Kind = Literal["normal", "uniform", "integers", "permutation", "rows", "mirrored", "pixels"]


@dataclass(frozen=True, slots=True)
class Request:
    """`number` tells the updates of one step apart. shape: what this process gets, its rows first; `whole`: every
    process gets all rows, as it does of a permutation. Integers are from `low` to below `below`."""

    who: Who
    number: int
    purpose: str
    kind: Kind
    shape: tuple[int, ...]
    low: int = 0
    below: int = 0
    whole: bool = False


class Positions(Protocol):
    """Real images by their position in the stream of training."""

    def rows(self, positions: range) -> NDArray[np.int64]: ...
    def mirrored(self, positions: range) -> NDArray[np.bool_]: ...
    def pixels(self, positions: range) -> NDArray[np.uint8]: ...


@final
@dataclass(frozen=True, slots=True)
class Host:
    """Answers requests. updates: how many of each network's updates a step has."""

    seed: int
    real: Positions
    updates: int
    processes: Processes

    def answer(self, request: Request, step: int) -> NDArray[Any]:
        """The numbers of a request in `step`: float32, int64, bool or uint8, this process's rows."""
        ours, world = request.shape, 1 if request.whole else self.processes.world
        drawn = self._drawn(request, (ours[0] * world, *ours[1:]), self.update_of(request, step))
        return np.ascontiguousarray(drawn[self.processes.rank % world :: world])

    def update_of(self, request: Request, step: int) -> int:
        """The number of the update over the whole run."""
        return step * self.updates + request.number if request.who == "discriminator" else step

    def _drawn(self, request: Request, shape: tuple[int, ...], update: int) -> NDArray[Any]:
        positions = range(update * shape[0], (update + 1) * shape[0])
        match request.kind:
            case "rows":
                return self.real.rows(positions)
            case "mirrored":
                return self.real.mirrored(positions)
            case "pixels":
                return self.real.pixels(positions)
        return _numbers(request, shape, stream(self.seed, "train", request.who, request.purpose, update))


def _numbers(request: Request, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[Any]:
    match request.kind:
        case "normal":
            return rng.standard_normal(shape, dtype=np.float32)
        case "uniform":
            return rng.random(shape, dtype=np.float32)
        case "permutation":
            return rng.permutation(shape[0]).astype(np.int64)
    return rng.integers(request.low, request.below, shape).astype(np.int64)
