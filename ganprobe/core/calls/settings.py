"""How to measure: every option of `evaluate`, `compare`, `sweep` and `reference`, with its help, range and default, in
the record of its concern. Python's signatures and the command line both come from here (`ganprobe.core.calls.options`).

>>> Settings(samples=10).count, Settings(samples=None).settled(300).samples
(10, 300)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, Self

from ganprobe.core.calls.options import Options, option
from ganprobe.core.calls.shared import (
    Asked,
    Batching,
    Classifying,
    Counting,
    Crediting,
    Cutting,
    Kept,
    Looking,
    Picking,
    Placing,
    Ranging,
    Reading,
    Remembering,
    Rendering,
    Scoring,
    Seeding,
    Truncating,
    split_names,
)


@dataclass(frozen=True, kw_only=True)
class Settings(
    Picking,
    Ranging,
    Reading,
    Rendering,
    Truncating,
    Placing,
    Batching,
    Crediting,
    Cutting,
    Remembering,
    Scoring,
    Looking,
    Classifying,
    Seeding,
    Counting,
):
    """All that decides how one generator is measured. most: how many samples where `samples` is None, or all of a
    sampler that has fewer."""

    most: int = field(default=50_000, init=False)

    @property
    def count(self) -> int:
        """How many samples to draw, as far as can be told without the sampler."""
        return self.most if self.samples is None else self.samples

    def settled(self, length: int | None) -> Self:
        """With `samples` as a number, for a sampler of `length` samples (None: endless)."""
        fewer = self.most if length is None else min(self.most, length)
        return replace(self, samples=fewer if self.samples is None else self.samples)


@dataclass(frozen=True, kw_only=True)
class EvaluateCall(Kept, Settings, Asked):
    """`evaluate`."""


@dataclass(frozen=True, kw_only=True)
class CompareCall(Settings, Asked):
    """`compare`."""

    reference: str | Path | None = option(
        None, help="For generators that are evaluated first; left out, what a shipped one was trained on."
    )
    correct: Literal["none", "holm"] = option(
        "none",
        choices=("none", "holm"),
        help="Stars for the number of rows: as they are, or by Holm's procedure, which holds the chance of any star "
        "among alike generators to 5%.",
    )
    most: int = field(default=5_000, init=False)


@dataclass(frozen=True, kw_only=True)
class SweepCall(
    Picking,
    Reading,
    Rendering,
    Placing,
    Batching,
    Remembering,
    Crediting,
    Cutting,
    Scoring,
    Looking,
    Classifying,
    Seeding,
    Counting,
    Asked,
):
    """`sweep`, whose truncations are its own."""

    metrics: Sequence[str] | None = option(
        None,
        word=str,
        read=split_names,
        help="Names, on the command line joined by commas; left out, a Frechet distance, a score, precision and "
        "recall.",
    )
    out: str | Path | None = option(
        None,
        word=Path,
        help="Folder for the results; each run is saved below it as soon as it is finished, to runs/PSI/.",
    )

    @property
    def settings(self) -> Settings:
        """Of one point."""
        return settings_of(self)


@dataclass(frozen=True, kw_only=True)
class ReferenceCall(Reading, Placing, Batching, Looking):
    """`reference`."""

    metrics: Sequence[str] | None = option(
        None,
        word=str,
        read=split_names,
        help="Which metrics it is for, on the command line joined by commas; left out, the default ones of these "
        "features.",
    )
    format: str = option(
        "ganprobe",
        choices=("ganprobe", "pytorch-fid", "ttur", "clean-fid"),
        help="ganprobe: for --reference; else mean and covariance as these projects read them (.npz).",
    )
    samples: int | None = option(None, help="So many images, evenly spread over the set; left out, all of them.")
    resolution: int | None = option(
        None, least=1, help="Side to which images are cropped and resized; left out, their own."
    )


def settings_of(call: Options) -> Settings:
    """What a call says of the settings, with the defaults of what it does not say."""
    names = [each.name for each in fields(Settings) if each.init and hasattr(call, each.name)]
    return Settings(**{name: getattr(call, name) for name in names})


@dataclass(frozen=True, kw_only=True)
class TrainCall(Reading, Placing, Seeding):
    """What trainings share with the other commands."""


def said(settings: Settings) -> dict[str, Any]:
    """Name to value of what `Settings` holds, whatever call it came with."""
    return {each.name: getattr(settings, each.name) for each in fields(Settings)}


DEFAULTS: Final = Settings()
"""evaluate, compare and demo."""
