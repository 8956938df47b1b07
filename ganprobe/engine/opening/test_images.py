"""The test images that belong to a reference of training images."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from ganprobe.core.errors import InputError
from ganprobe.data.datasets import DATASETS
from ganprobe.data.sources.cifar_batches import test_batch_of
from ganprobe.engine.opening.names import check_reference

TRAIN: Final = "train"
BESIDE: Final = ("test", "val", "validation", "valid")


def test_of(reference: str | None, given: str | Path | None) -> str:
    """`given`, or the test images of a data set that has them, or those that lie in test/ or val/ beside a folder
    train/. InputError where there are none, and where they are the reference itself."""
    found = _beside(reference or "") if given is None else str(given)
    if found is None:
        raise InputError(
            f"test images are needed, and {reference} has none that are known; name them with --test-data, or give a "
            f"reference called {TRAIN} with {BESIDE[0]} beside it"
        )
    if found == reference:
        raise InputError(f"{found} cannot be both what is trained on and what is tested on; give two sets of images")
    check_reference(found)
    return found


def _beside(reference: str) -> str | None:
    name, _, variant = reference.partition(":")
    if name in DATASETS:
        test = DATASETS[name].test
        return f"{name}:{test}" if test and variant != test else None
    path = Path(reference)
    if (batch := test_batch_of(path)) is not None:
        return str(batch)
    places = [path.parent / (each + path.suffix) for each in BESIDE] if path.stem == TRAIN else []
    return next((str(place) for place in places if place.exists()), None)
