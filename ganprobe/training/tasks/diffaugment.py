"""Differentiable augmentation: the discriminator sees real and generated images only transformed, in both updates.

Zhao et al. 2020, "Differentiable augmentation for data-efficient GAN training": colours, translation by up to an eighth
of the side, and a cut-out square of half the side. Gradients reach the generator through the transformations.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal, final

from torch import Tensor

from ganprobe.core.calls.checking import NotNegative, check
from ganprobe.training.draws.draws import Draws
from ganprobe.training.step import task
from ganprobe.training.step.augmentation import colours_changed, cut_out, moved
from ganprobe.training.step.scene import Scene, Term

Policy = Literal["color", "translation", "cutout"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """policy: which transformations, in the paper's order whatever the list's. start: real images after which the task
    begins."""

    policy: tuple[Policy, ...] = ("color", "translation", "cutout")
    start: NotNegative = 0

    def __post_init__(self) -> None:
        check(self)


@final
class Task(task.Task):
    """See the module."""

    name: ClassVar[str] = "diffaugment"

    settings: Settings

    def __init__(self, settings: Settings, company: task.Company) -> None:
        self.settings = settings

    @property
    def weighs(self) -> bool:
        return bool(self.settings.policy)

    def seen(self, name: str, images: Tensor, scene: Scene) -> Tensor:
        for policy, transform in _TRANSFORMS.items():
            if policy in self.settings.policy:
                images = transform(images, scene.draws, f"diffaugment.{name}.{policy}")
        return images

    def terms(self, scene: Scene) -> Mapping[str, Term]:
        return {}


def _coloured(images: Tensor, draws: Draws, purpose: str) -> Tensor:
    brightness, saturation, contrast = draws.uniform(purpose, len(images), (3,)).to(images.dtype).unbind(1)
    return colours_changed(images, brightness - 0.5, saturation * 2, contrast + 0.5)


def _translated(images: Tensor, draws: Draws, purpose: str) -> Tensor:
    n, reach = len(images), round(images.shape[-1] / 8)
    down, right = (draws.integers(f"{purpose}.{way}", n, low=-reach, below=reach + 1) for way in ("down", "right"))
    return moved(images, down, right, None, reach=reach, mode="constant")


def _cut(images: Tensor, draws: Draws, purpose: str) -> Tensor:
    n, height, width = len(images), images.shape[2], images.shape[3]
    row = draws.integers(f"{purpose}.row", n, below=height)
    column = draws.integers(f"{purpose}.column", n, below=width)
    return cut_out(images, row, column, side=round(height / 2))


_TRANSFORMS = {"color": _coloured, "translation": _translated, "cutout": _cut}
