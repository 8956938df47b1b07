"""The random numbers of one update, by purpose."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from ganprobe.generators.base import NoiseShapes
from ganprobe.training.draws.requests import Kind, Request, Who
from ganprobe.training.parallel.processes import Processes


class Table(Protocol):
    """Where the answers to requests lie, on the device."""

    processes: Processes

    @property
    def device(self) -> torch.device: ...
    def get(self, request: Request) -> Tensor: ...
    def noise(self, who: Who, number: int, shapes: tuple[tuple[int, ...], ...]) -> list[Tensor]: ...


@dataclass(frozen=True, slots=True)
class Draws:
    """The streams of one update: `who` is updated, for the `number`-th time in the step.

    n counts rows of this process; with `whole` every process gets the same n rows.
    """

    table: Table
    who: Who
    number: int = 0

    def normal(self, purpose: str, n: int, shape: tuple[int, ...] = (), *, whole: bool = False) -> Tensor:
        """Standard normals (n, *shape), float32."""
        return self._get(purpose, "normal", (n, *shape), whole=whole)

    def uniform(self, purpose: str, n: int, shape: tuple[int, ...] = (), *, whole: bool = False) -> Tensor:
        """Uniform numbers in [0, 1), (n, *shape) float32."""
        return self._get(purpose, "uniform", (n, *shape), whole=whole)

    def integers(self, purpose: str, n: int, *, low: int = 0, below: int, whole: bool = False) -> Tensor:
        """Uniform integers in [low, below), (n,) int64."""
        return self._get(purpose, "integers", (n,), low=low, below=below, whole=whole)

    def permutation(self, purpose: str, n: int) -> Tensor:
        """A permutation of n numbers, the same for every process, int64."""
        return self._get(purpose, "permutation", (n,), whole=True)

    def data(self, kind: Kind, shape: tuple[int, ...]) -> Tensor:
        """Of the real images of this update: their numbers, whether they are mirrored, or their pixels."""
        return self._get(kind, kind, shape)

    def noise(self, n: int, shapes: NoiseShapes) -> list[Tensor]:
        """Per-pixel noise (n, 1, H, W) for each shape, drawn on the device: it is too much to draw elsewhere."""
        return self.table.noise(self.who, self.number, tuple((n, 1, *shape) for shape in shapes))

    def places(self, n: int) -> Tensor:
        """The places (n,) in the whole batch of this process's rows."""
        processes = self.table.processes
        return torch.arange(n, device=self.table.device) * processes.world + processes.rank

    @property
    def processes(self) -> Processes:
        """Those that share the batch."""
        return self.table.processes

    def _get(
        self, purpose: str, kind: Kind, shape: tuple[int, ...], *, low: int = 0, below: int = 0, whole: bool = False
    ) -> Tensor:
        return self.table.get(Request(self.who, self.number, purpose, kind, shape, low, below, whole))
