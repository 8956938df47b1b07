"""From the words of a call to a training run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganprobe.core.errors import InputError
from ganprobe.core.registry import unknown
from ganprobe.data import open_data
from ganprobe.training.run import train_gan
from ganprobe.training.settings import Growing, TrainSettings, default_settings


def train(
    architecture: str,
    data: str,
    out: Path,
    given: Mapping[str, Any],
    *,
    resolution: int | None = None,
    limit: int | None = None,
) -> Path:
    """Train `architecture` on `data` into `out`, with the settings `given` in place of its defaults.

    The path of the trained network. Errors: InputError for an unknown architecture or setting, DataError for images
    that cannot be used, TrainingError as training says.
    """
    settings = settings_of(architecture, given)
    source = open_data(data, resolution=resolution, limit=limit)
    return train_gan(architecture, source, out, settings)


def settings_of(architecture: str, given: Mapping[str, Any]) -> TrainSettings:
    """The defaults of `architecture` with `given` in their place; InputError names an unknown setting."""
    defaults = default_settings(architecture)
    known = {field.name: field for field in dataclasses.fields(defaults)}
    for name in given:
        if name not in known:
            raise unknown("training setting", name, known)
    try:
        return dataclasses.replace(defaults, **{name: _fitted(name, value) for name, value in given.items()})
    except TypeError as problem:
        raise InputError(f"a training setting has the wrong kind of value: {problem}") from problem


def _fitted(name: str, value: Any) -> Any:
    """JSON has neither tuples nor records."""
    if name == "growing" and isinstance(value, Mapping):
        return Growing(**value)
    return tuple(value) if isinstance(value, list) else value
