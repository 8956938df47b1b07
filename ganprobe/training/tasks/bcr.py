"""Balanced consistency regularisation: consistency of the discriminator on real and on generated images alike.

Zhao et al. 2021, "Improved consistency regularization for GANs", section 3.1: real * |D(x) - D(T(x))|^2 + fake *
|D(G(z)) - D(T(G(z)))|^2 in the discriminator's loss. It holds what `cr` does: take one of the two.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from ganprobe.core.calls.checking import NotNegative, Weight, check
from ganprobe.training.step import task
from ganprobe.training.step.consistency import shifted_view, squared_difference
from ganprobe.training.step.scene import Scene, Term, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """real, fake: the weights of the two terms. shift: by how many pixels at most. flips: whether half are mirrored.
    start: real images after which the task begins."""

    real: Weight = 10.0
    fake: Weight = 10.0
    shift: NotNegative = 4
    flips: bool = True
    start: NotNegative = 0

    def __post_init__(self) -> None:
        check(self)


@final
class Task(task.Task):
    """See the module."""

    name: ClassVar[str] = "bcr"
    holds: ClassVar[frozenset[str]] = frozenset({"cr"})

    settings: Settings

    def __init__(self, settings: Settings, company: task.Company) -> None:
        self.settings = settings

    @property
    def weighs(self) -> bool:
        return self.settings.real > 0 or self.settings.fake > 0

    def views(self, scene: Scene) -> Mapping[str, View]:
        settings = self.settings
        return {
            f"bcr.{name}": shifted_view(scene, name, task="bcr", shift=settings.shift, flips=settings.flips)
            for name in self._weights(scene)
        }

    def terms(self, scene: Scene) -> Mapping[str, Term]:
        return {
            name: Term(squared_difference(scene, name, f"bcr.{name}"), weight)
            for name, weight in self._weights(scene).items()
        }

    def _weights(self, scene: Scene) -> dict[str, float]:
        """The views of this update that have a term, with its weight."""
        both = {"real": self.settings.real, "fake": self.settings.fake} if scene.who == "discriminator" else {}
        return {name: weight for name, weight in both.items() if weight}
