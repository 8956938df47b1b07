"""What an update holds while it is under way: groups of latents, views of images, and what D said of each view."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from torch import Tensor

from ganprobe.generators.base import Judgement
from ganprobe.training.draws.draws import Draws
from ganprobe.training.draws.requests import Who
from ganprobe.training.step.latents import Latents


@dataclass(frozen=True, slots=True)
class Group:
    """Latents that become images in the one pass of the generator. fake: whether the images count as generated ones in
    the adversarial loss. judged: whether the discriminator sees them."""

    latents: Latents
    fake: bool = True
    judged: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """Images (N, 3, H, W) that the discriminator sees, with labels (N,) where it is conditional."""

    images: Tensor
    labels: Tensor | None = None


@dataclass(frozen=True, slots=True)
class Term:
    """A term of a loss, a scalar tensor: `weight` times it is descended; without a weight it is only logged."""

    value: Tensor
    weight: float | None = None


@dataclass(slots=True)
class Scene:
    """One update. `groups`, `views` and `judged` are filled in this order; groups and views by name: "real" and "fake",
    and those that tasks add."""

    who: Who
    draws: Draws
    lod: float
    groups: dict[str, Group] = field(default_factory=dict)
    generated: dict[str, Tensor] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    judged: Mapping[str, Judgement] = field(default_factory=dict)

    @property
    def fakes(self) -> list[str]:
        """The names of the groups that count as generated in the adversarial loss."""
        return [name for name, group in self.groups.items() if group.fake and group.judged]
