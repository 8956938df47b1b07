"""What can be told to the commands that find and follow directions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ganprobe.core.calls.options import Options, option
from ganprobe.core.calls.settings import Cutting, Picking, Placing, Ranging, Scoring, Seeding, Truncating
from ganprobe.core.spaces import Space


@dataclass(frozen=True, kw_only=True)
class DirectionsCall(Picking, Ranging, Placing, Cutting, Scoring, Seeding):
    """What finding directions shares with the other commands."""

    resume: bool = option(False, help="Go on where a killed scoring of the same samples stopped.")


@dataclass(frozen=True, kw_only=True)
class Starting(Options):
    """Own latents in place of samples."""

    latents: str | Path | None = option(
        None,
        help="Own latents in place of samples: a file of `ganprobe project` or `explore`, an array (.npy, .npz such as "
        "projected_w.npz) or a file of PyTorch (.pt, as e4e and pSp write them).",
    )
    latent_space: Space | None = option(
        None, choices=("z", "w", "w+", "s"), help="Of the own latents, where their file does not say it."
    )


@dataclass(frozen=True, kw_only=True)
class RescoreCall(Picking, Ranging, Placing, Scoring, Seeding, Starting):
    """What re-scoring shares with the other commands."""


@dataclass(frozen=True, kw_only=True)
class EditCall(Picking, Ranging, Truncating, Placing, Scoring, Seeding, Starting):
    """What edits share with the other commands."""
