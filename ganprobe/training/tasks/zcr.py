"""Latent consistency regularisation: the discriminator ignores small moves of z, and the generator does not.

Zhao et al. 2021, "Improved consistency regularization for GANs", section 3.2 and algorithm 2: discriminator * |D(G(z))
- D(G(z + delta))|^2 in the discriminator's loss, -generator * |G(z) - G(z + delta)|^2 in the generator's, delta ~ N(0,
sigma^2) for each image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

from ganprobe.core.calls.checking import NotNegative, Positive, Weight, check
from ganprobe.training.step import task
from ganprobe.training.step.consistency import squared_difference
from ganprobe.training.step.latents import Shift
from ganprobe.training.step.scene import Group, Scene, Term

MOVED = "zcr.fake"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """discriminator, generator: the weights of the terms of the two losses. sigma: deviation of delta. start: real
    images after which the task begins."""

    discriminator: Weight = 5.0
    generator: Weight = 0.5
    sigma: Positive = 0.03
    start: NotNegative = 0

    def __post_init__(self) -> None:
        check(self)


@final
class Task(task.Task):
    """See the module."""

    name: ClassVar[str] = "zcr"

    settings: Settings

    def __init__(self, settings: Settings, company: task.Company) -> None:
        self.settings = settings

    @property
    def weighs(self) -> bool:
        return self.settings.discriminator > 0 or self.settings.generator > 0

    def groups(self, scene: Scene) -> Mapping[str, Group]:
        """The generated images once more, from moved latents: no further generated ones of the adversarial loss."""
        if not self._weight(scene):
            return {}
        latents = scene.groups["fake"].latents
        delta = scene.draws.normal("zcr.delta", len(latents), tuple(latents.z.shape[1:])) * self.settings.sigma
        moved = latents.shifted(Shift(first=delta))
        return {MOVED: Group(moved, fake=False, judged=scene.who == "discriminator")}

    def terms(self, scene: Scene) -> Mapping[str, Term]:
        weight = self._weight(scene)
        if not weight:
            return {}
        if scene.who == "discriminator":
            return {"discriminator": Term(squared_difference(scene, "fake", MOVED), weight)}
        apart = (scene.generated["fake"].float() - scene.generated[MOVED].float()).square().flatten(1).sum(1).mean()
        return {"generator": Term(apart, -weight)}

    def _weight(self, scene: Scene) -> float:
        return self.settings.discriminator if scene.who == "discriminator" else self.settings.generator
