"""What an explorer shows, as plain numbers: two samples and the way between them, moves, and how it is drawn.

>>> scene_of({"point": {"index": 3}, "moves": [{"file": 0, "number": 1, "strength": 2}]}).moves[0].strength
2.0
>>> scene_of({"point": {"index": -1}})
Traceback (most recent call last):
ganprobe.core.errors.InputError: point.index must be from 0 to 2.14748e+09, got -1
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Final, Literal

from ganprobe.core.calls.checking import NotNegative, Range, Share, check, structured
from ganprobe.core.errors import InputError
from ganprobe.core.spaces import Truncation

MOST_STRENGTH: Final = 100.0
MOST_MOVES: Final = 1000
Seed = Annotated[int, Range(low=-(2.0**63), high=2.0**63)]
NoiseKind = Literal["const", "zero", "seed", "own"]
PathSpace = Literal["z", "w"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """A sample by number and seed, or a latent of one's own by its number in the file."""

    index: Annotated[int, Range(low=0, high=2.0**31)] = 0
    seed: Seed = 0
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A direction, by the numbers of its file and of itself in it, and how far to go along it, in its scale."""

    file: NotNegative
    number: NotNegative
    strength: Annotated[float, Range(low=-MOST_STRENGTH, high=MOST_STRENGTH)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One picture.

    point: the sample that is shown. other, position, along: a second sample, and how far on the way to it the picture
    is, by spherical interpolation in z or linear in w. mixed: the first and the last row of w+ that are the second
    sample's. label: the class; None for that which was drawn. moves: along directions, in their order. layers: first
    and last of those that move in w and w+, in place of the directions' own. noise: the stored one, none, that of
    `noise_seed`, or that of one's own latents. truncation, cutoff: psi, and of how many layers, None for all; for a
    generator that truncates z the threshold. InputError for other kinds and ranges.
    """

    point: Point = field(default_factory=Point)
    other: Point | None = None
    position: Share = 0.0
    along: PathSpace = "w"
    mixed: tuple[NotNegative, NotNegative] | None = None
    label: NotNegative | None = None
    moves: tuple[Step, ...] = ()
    layers: tuple[NotNegative, NotNegative] | None = None
    noise: NoiseKind = "const"
    noise_seed: Seed = 0
    truncation: Annotated[float, Range(low=-10, high=10)] = 1.0
    cutoff: NotNegative | None = None

    def __post_init__(self) -> None:
        check(self)
        for name, rows in (("mixed", self.mixed), ("layers", self.layers)):
            if rows is not None and rows[0] > rows[1]:
                raise InputError(f"{name} must be a first and a last layer, got {list(rows)}")
        if len(self.moves) > MOST_MOVES:
            raise InputError(f"at most {MOST_MOVES} moves were expected, got {len(self.moves)}")

    @property
    def steps(self) -> tuple[Step, ...]:
        """The moves that go anywhere."""
        return tuple(step for step in self.moves if step.strength)

    @property
    def rows(self) -> tuple[int, ...] | None:
        """The layers that move, each by its number."""
        return None if self.layers is None else tuple(range(self.layers[0], self.layers[1] + 1))

    @property
    def is_one_sample(self) -> bool:
        """Whether nothing of the second sample is in it."""
        return self.other is None or (not self.position and self.mixed is None)

    @property
    def psi(self) -> Truncation:
        """As samplers take it."""
        return self.truncation if self.cutoff is None else (self.truncation, self.cutoff)


def scene_of(given: Mapping[str, Any]) -> Scene:
    """A scene as JSON has it, with defaults for what it does not say. InputError names what is wrong."""
    return structured(Scene, given)
