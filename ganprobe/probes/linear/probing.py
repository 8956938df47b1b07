"""A linear probe: logistic regression on the features of training images, tested on those of test images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.errors import InputError
from ganprobe.generators.base import Discriminator
from ganprobe.probes.linear.discriminators import FEATURES, features_of
from ganprobe.probes.linear.logistic import fit_logistic

PENALTY: Final = 1e-3


@dataclass(frozen=True, slots=True, eq=False)
class ProbeData:
    """images (N, 3, H, W) uint8 with labels (N,) to fit, and those to test."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.int64]

    def __post_init__(self) -> None:
        if len(np.unique(self.labels)) < 2 or not len(self.test_labels):
            raise InputError("images of two or more classes and some to test were expected; give more images")
        if len(np.setdiff1d(self.test_labels, self.labels)):
            raise InputError("test images have classes that the training images have not; give two parts of one set")

    @property
    def classes(self) -> int:
        return int(self.labels.max()) + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeSettings:
    """layer of the discriminator, grid that its maps are averaged to (0: as they are), penalty of the regression."""

    layer: str = FEATURES
    grid: int = 0
    penalty: float = PENALTY

    def __post_init__(self) -> None:
        if not self.penalty > 0 or self.grid < 0:
            raise InputError(
                f"a penalty above 0 and a grid of 0 or more were expected, got {self.penalty}, {self.grid}"
            )


def probe_hits(
    discriminator: Discriminator, data: ProbeData, settings: ProbeSettings, *, device: torch.device, title: str
) -> NDArray[np.bool_]:
    """(T,): whether the probe of `discriminator` has each test image right."""
    how: dict[str, Any] = {"layer": settings.layer, "grid": settings.grid, "device": device}
    features = features_of(discriminator, data.images, title=f"{title}, training images", **how)
    labels = torch.from_numpy(data.labels).to(device)
    found = fit_logistic(features[None], labels, classes=data.classes, penalty=settings.penalty)
    test = features_of(discriminator, data.test_images, title=f"{title}, test images", **how)
    return np.asarray(found.predictions(test[None])[0].cpu().numpy() == data.test_labels)
