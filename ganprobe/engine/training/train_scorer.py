"""From images and a table of their attributes to a scorer on disk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from ganprobe.core.errors import InputError
from ganprobe.core.files import check_writable
from ganprobe.data.attributes import labelled_images, read_attributes
from ganprobe.engine.opening.features import open_device
from ganprobe.training.supervised.attributes import AttributeReport, AttributeSettings, train_attribute_scorer

SUFFIX = ".safetensors"


def train_scorer(
    data: str | Path,
    attributes: str | Path,
    out: str | Path,
    *,
    settings: AttributeSettings,
    only: Sequence[str] | None = None,
    device: str | None = None,
    skip_unreadable: bool = False,
) -> AttributeReport:
    """Train a scorer of the attributes (all, or `only` these) that the table `attributes` gives of the images `data`,
    and write it to `out`, which `open_scorer` reads. The table is read first, then every image.

    InputError for a table or data of another kind, DataError for images that are missing or too few or an attribute
    with one class, OutputError where `out` cannot be written, TrainingError where training fails.
    """
    if Path(out).suffix != SUFFIX:
        raise InputError(f"the scorer's file must end in {SUFFIX}, got {Path(out).name!r}")
    check_writable(Path(out).parent)
    table = read_attributes(attributes)
    table = table if only is None else table.only(only)
    chosen = replace(settings, device=str(open_device(device)))
    labelled = labelled_images(data, table, resolution=settings.resolution, skip_unreadable=skip_unreadable)
    return train_attribute_scorer(labelled, out=Path(out), settings=chosen)
