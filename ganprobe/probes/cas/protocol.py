"""What the protocols of `cas` and `cas@short` fix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MOST_IMAGES: Final = 50_000
"""That a classifier is trained on, and that it is tested on."""
SMALL: Final = 32
"""Up to this many pixels a ResNet-56 is trained, above a ResNet-50."""
BATCH: Final = 128
LEAST_SAMPLES: Final = BATCH
COLLAPSED: Final = 0.25
"""A class has collapsed where its accuracy is surely below this share of that with real images."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """How long each classifier is trained, in epochs, and how many, from different seeds, on each kind of image."""

    epochs: int
    repeats: int
    peak: float = 0.1
    warmup: float = 0.1
    weight_decay: float = 5e-4


FULL: Final = Budget(epochs=164, repeats=3)
"""64,000 steps of 128 on 50,000 images, as He et al. 2016, section 4.2, have it."""
SHORT: Final = Budget(epochs=10, repeats=3)
