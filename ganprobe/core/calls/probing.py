"""How to probe what a training leaves: the options of `ganprobe probe`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganprobe.core.calls.options import option
from ganprobe.core.calls.shared import Kept, Placing, Reading, Seeding
from ganprobe.core.errors import InputError


def read_sigmas(text: str) -> tuple[float, ...]:
    """ "0.1,0.5" to (0.1, 0.5). InputError for anything else."""
    try:
        return tuple(float(each) for each in text.split(","))
    except ValueError:
        raise InputError(f"sigmas are numbers joined by commas, such as 0.1,0.5; got {text!r}") from None


@dataclass(frozen=True, kw_only=True)
class ForgettingCall(Kept, Reading, Placing, Seeding):
    """`probe forgetting`."""

    test_data: str | Path | None = option(
        None,
        help="Images to test on; left out, those of the data set, or test/ or val/ beside a folder train/.",
    )
    samples: int | None = option(
        None, least=2, help="So many training images, evenly spread over the set; left out, all of them."
    )
    test_samples: int | None = option(
        None, least=2, help="So many test images, evenly spread over the set; left out, all of them."
    )
    layer: str = option("features", help="The discriminator's layer; features: the last one before its logit.")
    grid: int = option(0, least=0, help="Side to which larger maps of the layer are averaged; 0 leaves them.")
    penalty: float = option(1e-3, help="Of the regression's squared weights, on standardised features.")
    supervised: int = option(
        0, least=0, help="Epochs for which the same architecture is trained to classify, to stand beside; 0: it is not."
    )


@dataclass(frozen=True, kw_only=True)
class GeneratedCall(Kept, Placing, Seeding):
    """A probe of generated images."""

    samples: int = option(10_000, least=64, help="Images to generate.")


@dataclass(frozen=True, kw_only=True)
class CodesCall(GeneratedCall):
    """`probe codes`."""


@dataclass(frozen=True, kw_only=True)
class MovesCall(GeneratedCall):
    """`probe lt`."""

    samples: int = option(50_000, least=64, help="Samples to move; two make a pair.")
    sigmas: tuple[float, ...] | None = option(
        None,
        word=str,
        read=read_sigmas,
        help="Deviations of the moves, joined by commas; left out, 0.1 to 1.5. That of the training is among them.",
    )
