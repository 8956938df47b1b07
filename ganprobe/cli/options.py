"""Options that several commands share, and their parsing."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from ganprobe.core.errors import InputError
from ganprobe.core.spaces import Truncation

Metrics = Annotated[
    str | None,
    typer.Option(
        help="Names joined by commas, as in `ganprobe list metrics`; left out, all that the generator allows."
    ),
]
Samples = Annotated[
    int | None,
    typer.Option(help="Images to draw, and pairs on each path; of a smaller set of images left out, all of them."),
]
Seed = Annotated[int, typer.Option(help="Sample i is a function of the seed and i alone.")]
Features = Annotated[
    str | None,
    typer.Option(
        help="inception, vgg16, embedded, a TorchScript file or package.module:callable; left out, what the metrics "
        "are defined on."
    ),
]
InceptionWeights = Annotated[
    Path | None,
    typer.Option(help="A file in the layout of the official Inception weights; left out, those, fetched once."),
]
VggWeights = Annotated[
    Path | None,
    typer.Option(
        help="A file in the layout of torchvision's VGG16, for precision, recall and LPIPS; left out, the official one."
    ),
]
Scorer = Annotated[
    str | None,
    typer.Option(
        help="Of attributes: toyfaces, a file, a folder of classifiers, package.module:callable or clip:...; see "
        "`ganprobe list scorers`. Left out, the one of toyfaces."
    ),
]
BatchSize = Annotated[int, typer.Option(help="Samples taken in at a time; results do not depend on it.")]
Device = Annotated[str | None, typer.Option(help="cpu, cuda, cuda:1, mps; left out, CUDA where there is one.")]
Psi = Annotated[
    str,
    typer.Option(
        "--truncation", help="psi, or psi:layers for the first layers only; for BigGAN the threshold on z. 1 is none."
    ),
]
Noise = Annotated[str, typer.Option(help="Per-pixel noise: random (by index), const or zero.")]
SkipUnreadable = Annotated[
    bool, typer.Option("--skip-unreadable", help="Leave out images that cannot be decoded, and say so.")
]
Out = Annotated[Path, typer.Option(help="Folder for the results.")]


def split_names(text: str | None) -> list[str] | None:
    """ "fd, kd" to ["fd", "kd"]; None stays None."""
    return None if text is None else [name.strip() for name in text.split(",") if name.strip()]


def parse_truncation(text: str) -> Truncation:
    """ "0.7" to 0.7 and "0.7:4" to (0.7, 4). InputError for anything else."""
    psi, colon, cutoff = text.partition(":")
    try:
        return (float(psi), int(cutoff)) if colon else float(psi)
    except ValueError:
        raise InputError(f"truncation must be psi or psi:layers, such as 0.7 or 0.7:4; got {text!r}") from None


def say_skipped(name: str, count: int, files: Sequence[str]) -> None:
    """On standard error: how many files of `name` could not be read and were left out, and the first of them."""
    if count:
        some = ", ".join(files[:3]) + (", ..." if count > 3 else "")
        typer.echo(f"ganprobe: unreadable images of {name} left out: {count} ({some})", err=True)
