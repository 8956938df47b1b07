"""How to measure, in one place: the defaults of `ganprobe.evaluate` and of the command line come from here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from ganprobe.core.errors import InputError
from ganprobe.core.spaces import BatchNoise, Truncation

COMPARE_SAMPLES = 5_000
"""At most so many samples of each generator that a comparison has to evaluate first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """See `ganprobe.evaluate` for each. most: how many samples where `samples` is None, or all of a sampler that has
    fewer. InputError for numbers below 1 and for an unknown kind of noise."""

    samples: int | None = None
    seed: int = 0
    features: str | None = None
    batch_size: int = 64
    device: str | None = None
    truncation: Truncation = 1.0
    noise: BatchNoise = "random"
    skip_unreadable: bool = False
    inception_weights: str | Path | None = None
    vgg_weights: str | Path | None = None
    scorer: str | Path | None = None
    most: int = 50_000

    def __post_init__(self) -> None:
        if self.samples is not None and self.samples < 1:
            raise InputError(f"samples must be at least 1, got {self.samples}")
        if self.batch_size < 1:
            raise InputError(f"batch size must be at least 1, got {self.batch_size}")
        if self.noise not in ("random", "const", "zero"):
            raise InputError(f"noise must be random, const or zero, got {self.noise!r}")

    @property
    def count(self) -> int:
        """How many samples to draw, as far as can be told without the sampler."""
        return self.most if self.samples is None else self.samples

    def settled(self, length: int | None) -> Settings:
        """With `samples` as a number, for a sampler of `length` samples (None: endless)."""
        fewer = self.most if length is None else min(self.most, length)
        return replace(self, samples=fewer if self.samples is None else self.samples)


DEFAULTS = Settings()
