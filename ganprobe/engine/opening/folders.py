"""Folders that hold images and are no sets of images: of a training, of results, of another project's run.

A training keeps grids of its samples, a report its figures; measured as images they would give numbers that mean
nothing. It needs no torch.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ganprobe.core.errors import InputError

GENERATOR, RUN, RECIPE, STATE, SAMPLES = "G.safetensors", "run.json", "recipe.toml", "state.safetensors", "samples"
RESULTS: Final = ("results.json", "sweep.json", "comparison.json", "directions.json")
CHECKPOINTS: Final = (".pt", ".pth", ".ckpt", ".pkl", ".pickle", ".bin")


def generator_in(folder: Path) -> Path | None:
    """The generator of a folder of `ganprobe train`; None where it is no such folder. InputError for one that has none
    yet, and for the folder of its sample grids."""
    if folder.name == SAMPLES and _is_training(folder.parent):
        raise InputError(
            f"{folder} holds the sample grids of a training, no single images; give {_named(folder.parent)}"
        )
    if not _is_training(folder):
        return None
    if not (folder / GENERATOR).is_file():
        raise InputError(
            f"{folder} is the folder of a training that has no {folder / GENERATOR} yet; let it go on first"
        )
    return folder / GENERATOR


def check_image_folder(folder: Path) -> None:
    """InputError, naming what to give instead, for a folder of a training, of results, or with checkpoints in it."""
    if generator_in(folder) is not None:
        raise InputError(
            f"{folder} is the folder of a training, no set of images; its generator is {folder / GENERATOR}"
        )
    for name in RESULTS:
        if (folder / name).is_file():
            raise InputError(f"{folder} holds results ({name}), no set of images; `ganprobe compare` takes runs")
    check_no_checkpoints(folder)


def check_no_checkpoints(folder: Path) -> None:
    """InputError for a folder in which checkpoints lie, as those of other projects' trainings do beside their grids."""
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in CHECKPOINTS)
    if files:
        more = f" (and {len(files) - 1} more)" if len(files) > 1 else ""
        raise InputError(
            f"{folder} holds checkpoints beside any images: give the file, {files[-1]}{more}, or only images"
        )


def _is_training(folder: Path) -> bool:
    signs = (GENERATOR, RECIPE, STATE, SAMPLES)
    return (folder / RUN).is_file() and any((folder / sign).exists() for sign in signs)


def _named(folder: Path) -> Path:
    return folder / GENERATOR if (folder / GENERATOR).is_file() else folder
