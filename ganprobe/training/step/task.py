"""What an auxiliary task may do in a step.

A task is a frozen record of settings and a final class. It says when it is at work, what it wants of the
discriminator, and adds to an update what it needs; every method has an answer that does nothing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from torch import Tensor, nn

from ganprobe.generators.base import Discriminator, Generator
from ganprobe.training.draws.requests import Who
from ganprobe.training.recipe.records import Adam
from ganprobe.training.step.generation import Generation
from ganprobe.training.step.scene import Group, Scene, Term, View


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """What a task is built beside: the networks, how latents become images, the batch of this process, the run's seed
    and the discriminator's optimiser, which heads on the discriminator share where they have none of their own."""

    generator: Generator
    discriminator: Discriminator
    generation: Generation
    batch: int
    seed: int
    head_optimiser: Adam


class Task(ABC):
    """An auxiliary task; its settings have a field `start`, real images after which it begins. `network` holds the
    weights that it owns, with `optimiser`; they learn in the updates of `learns`. holds: the tasks whose terms are
    among its own, so that it does not go with them."""

    name: ClassVar[str]
    holds: ClassVar[frozenset[str]] = frozenset()
    learns: ClassVar[Who] = "discriminator"
    settings: Any

    @property
    def network(self) -> nn.Module | None:
        """The weights that the task owns."""
        return None

    @property
    def optimiser(self) -> Adam | None:
        """How they are optimised."""
        return None

    @property
    def layers(self) -> frozenset[str]:
        """The discriminator's layers that its terms read."""
        return frozenset()

    @property
    @abstractmethod
    def weighs(self) -> bool:
        """Whether any of its terms has a weight above 0 (or it changes what is seen): else it never works."""

    def works(self, images: int, lod: float) -> bool:
        """Whether it is at work after so many images, at a level of detail."""
        return self.weighs and images >= self.settings.start

    def groups(self, scene: Scene) -> Mapping[str, Group]:
        """Groups of latents that replace those of the same name, or are generated beside them."""
        return {}

    def views(self, scene: Scene) -> Mapping[str, View]:
        """Further images for the discriminator to see."""
        return {}

    def seen(self, name: str, images: Tensor, scene: Scene) -> Tensor:
        """What the discriminator sees in place of the images of a view."""
        return images

    def terms(self, scene: Scene) -> Mapping[str, Term]:
        """Terms of the loss of `scene.who`, by name; they are logged as `<task>.<name>`."""
        return {}
