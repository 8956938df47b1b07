"""Consistency regularisation: the discriminator is to say the same of a real image and of its shifted, mirrored copy.

Zhang et al. 2020, "Consistency regularization for generative adversarial networks" (CR-GAN), equation 2 and algorithm
1: weight * |D(x) - D(T(x))|^2 in the discriminator's loss.
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
    """weight: lambda of the paper. shift: by how many pixels at most. flips: whether half are mirrored. start: real
    images after which the task begins."""

    weight: Weight = 10.0
    shift: NotNegative = 4
    flips: bool = True
    start: NotNegative = 0

    def __post_init__(self) -> None:
        check(self)


@final
class Task(task.Task):
    """See the module."""

    name: ClassVar[str] = "cr"

    settings: Settings

    def __init__(self, settings: Settings, company: task.Company) -> None:
        self.settings = settings

    @property
    def weighs(self) -> bool:
        return self.settings.weight > 0

    def views(self, scene: Scene) -> Mapping[str, View]:
        if scene.who == "generator":
            return {}
        settings = self.settings
        return {"cr.real": shifted_view(scene, "real", task="cr", shift=settings.shift, flips=settings.flips)}

    def terms(self, scene: Scene) -> Mapping[str, Term]:
        if scene.who == "generator":
            return {}
        return {"loss": Term(squared_difference(scene, "real", "cr.real"), self.settings.weight)}
