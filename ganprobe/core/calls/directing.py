"""What can be told to the commands that find and follow directions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ganprobe.core.calls.options import Options, option
from ganprobe.core.calls.shared import Cutting, Picking, Placing, Ranging, Scoring, Seeding, Truncating
from ganprobe.core.errors import InputError
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


@dataclass(frozen=True, kw_only=True)
class ProjectCall(Picking, Ranging, Placing, Seeding):
    """Finding the latents of pictures."""

    space: Literal["w", "w+", "z"] | None = option(
        None, choices=("w", "w+", "z"), help="Where latents are sought: w, w+ or z; left out, w where there is one."
    )
    steps: int = option(1000, least=1, help="Of the optimisation of each picture.")
    label: int | str | None = option(
        None,
        word=str,
        flag="--class",
        help="The class of all pictures, of a generator with classes: a number, a name, or auto, the class whose "
        "samples are nearest to each; left out, auto.",
    )
    distance: Literal["embedded", "lpips", "imagenet"] | None = option(
        None,
        choices=("embedded", "lpips", "imagenet"),
        help="What is made small: embedded, lpips or imagenet; left out, lpips where --vgg-weights are given, else "
        "embedded.",
    )
    vgg_weights: str | Path | None = option(
        None,
        word=Path,
        help="A file in the layout of torchvision's VGG16, for lpips; left out, the official one, fetched once.",
    )
    noise: Literal["const", "optimised"] = option(
        "const",
        choices=("const", "optimised"),
        help="Per-pixel noise: const (the stored one), or optimised: maps of each picture's own, sought and kept with "
        "its latents.",
    )
    out: str | Path | None = option(
        None, word=Path, help="The file of latents; a long projection saves its state beside it while it lasts."
    )
    resume: bool = option(False, help="Go on where a killed projection of the same pictures stopped.")

    @property
    def measured_by(self) -> str:
        """The distance that is meant."""
        return self.distance or ("embedded" if self.vgg_weights is None else "lpips")

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.vgg_weights is not None and self.measured_by != "lpips":
            raise InputError(f"VGG16 weights are of no use to the distance {self.distance}; leave out one of the two")


@dataclass(frozen=True, kw_only=True)
class Serving(Options):
    """How a page of one's own machine is given."""

    port: int | None = option(None, help="Of 127.0.0.1; left out, one that is free.", least=1)
    proxy: str | None = option(
        None,
        help="The address under which a proxy passes that port on, such as https://hub.org/user/me/proxy/{port}/; it "
        "is then the one that is said, and its host may be asked for.",
    )
    out: str | Path | None = option(
        None, word=Path, help="Folder for what is saved; left out, the browser keeps it where it keeps downloads."
    )


@dataclass(frozen=True, kw_only=True)
class ExploreCall(Picking, Ranging, Truncating, Placing, Scoring, Seeding, Starting, Serving):
    """`explore`."""

    directions: Sequence[Any] = option((), help="Files of directions, or such as were found here.")
    any_generator: bool = option(False, help="Take directions and latents that were found in another generator.")
