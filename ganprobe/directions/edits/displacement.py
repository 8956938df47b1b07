"""What an edit asks of a direction: where it leads, how far a strength of 1 goes, and which layers it moves."""

from __future__ import annotations

from typing import Any, Literal, Protocol

from numpy.typing import NDArray

from ganprobe.directions.walks import Walk

DirectionSpace = Literal["z", "w", "w+", "s"]


class Displacement(Protocol):
    """See `ganprobe.directions.Direction`, which is one."""

    @property
    def name(self) -> str: ...
    @property
    def space(self) -> DirectionSpace: ...
    @property
    def vector(self) -> NDArray[Any]: ...
    @property
    def scale(self) -> float: ...
    @property
    def layers(self) -> tuple[int, ...] | None: ...
    @property
    def intercept(self) -> float | None: ...
    @property
    def walk(self) -> Walk | None: ...
