"""Rotation self-supervision: the discriminator also says by which quarter turns an image was rotated (SS-GAN).

Chen et al. 2019, "Self-supervised GANs via auxiliary rotation loss": L_G = -V - fake E log Q(r | G(z) rotated by r),
L_D = V - real E log Q(r | x rotated by r), r of 0, 90, 180 and 270 degrees. Q is a linear head on the discriminator's
last features. The last quarter of the batch is seen in all four rotations; the adversarial loss sees none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.core.calls.checking import NotNegative, Weight, check
from ganprobe.core.errors import InputError
from ganprobe.generators.layers.spectral import SpectralLinear, initialise
from ganprobe.training.recipe.records import Adam
from ganprobe.training.step import task
from ganprobe.training.step.scene import Scene, Term, View

TURNS = 4
FEATURES = "features"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """real: the weight on real images in the discriminator's loss (beta of the paper). fake: on generated images in the
    generator's (alpha). start: real images after which the task begins. spectral: normalise the head's weight, as the
    discriminators of the paper are. optimiser: the head's; left out, the discriminator's."""

    real: Weight = 1.0
    fake: Weight = 0.2
    start: NotNegative = 0
    spectral: bool = True
    optimiser: Adam | None = None

    def __post_init__(self) -> None:
        check(self)


@final
class Task(task.Task):
    """See the module."""

    name: ClassVar[str] = "rotation"

    settings: Settings

    def __init__(self, settings: Settings, company: task.Company) -> None:
        self.settings, self._company = settings, company
        if company.batch < TURNS:
            raise InputError(
                f"rotation turns a quarter of the batch: at least 4 images were expected, got {company.batch}"
            )
        entering = company.discriminator.layers[FEATURES][0]
        self._head = SpectralLinear(entering, TURNS, epsilon=1e-12 if settings.spectral else None)
        initialise(self._head, seed=company.seed)

    @property
    def network(self) -> nn.Module:
        return self._head

    @property
    def optimiser(self) -> Adam:
        return self.settings.optimiser or self._company.head_optimiser

    @property
    def layers(self) -> frozenset[str]:
        return frozenset({FEATURES})

    @property
    def weighs(self) -> bool:
        return self.settings.real > 0 or self.settings.fake > 0

    def views(self, scene: Scene) -> Mapping[str, View]:
        """The last quarter in its three rotations; unrotated it is seen anyway."""
        name, weight = self._of(scene)
        if not weight:
            return {}
        images, labels = _last_quarter(scene.views[name], self._company.batch)
        turned = torch.cat([images.rot90(turns, (2, 3)) for turns in range(1, TURNS)])
        return {f"rotation.{name}": View(turned, None if labels is None else labels.repeat(TURNS - 1))}

    def terms(self, scene: Scene) -> Mapping[str, Term]:
        name, weight = self._of(scene)
        if not weight:
            return {}
        quarter = self._company.batch // TURNS
        straight = scene.judged[name].features[FEATURES][-quarter:]
        features = torch.cat([straight, scene.judged[f"rotation.{name}"].features[FEATURES]]).float()
        turns = torch.arange(TURNS, device=features.device).repeat_interleave(quarter)
        with torch.autocast(features.device.type, enabled=False):
            logits: Tensor = self._head(features)
        right = (logits.argmax(1) == turns).float().mean()
        return {name: Term(F.cross_entropy(logits, turns), weight), f"{name}_accuracy": Term(right)}

    def _of(self, scene: Scene) -> tuple[str, float]:
        """The view that is rotated in this update, and the weight of its term."""
        if scene.who == "discriminator":
            return "real", self.settings.real
        return "fake", self.settings.fake


def _last_quarter(view: View, batch: int) -> tuple[Tensor, Tensor | None]:
    quarter = batch // TURNS
    return view.images[-quarter:], None if view.labels is None else view.labels[-quarter:]
