"""The features of a run, loaded once: an extractor of columns and a perceptual distance on one device."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ganprobe.core.errors import InputError
from ganprobe.core.protocols import FeatureExtractor
from ganprobe.engine.sources import Distance
from ganprobe.features import load_embedded, load_embedded_distance

EMBEDDED = "embedded"


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """name: of the features; extractor: images to columns; distance: (a, b) to (N,) perceptual distances."""

    name: str
    extractor: FeatureExtractor
    distance: Distance
    device: torch.device


def open_features(name: str, *, device: torch.device) -> FeatureSet:
    """The feature set called `name`: InputError for an unknown one."""
    if name != EMBEDDED:
        raise InputError(f"unknown features {name!r}; known: {EMBEDDED}")
    return FeatureSet(name, load_embedded(device), load_embedded_distance(device), device)


def open_device(name: str | None) -> torch.device:
    """The device called `name`; without a name CUDA where there is one, else the CPU. InputError for one not here."""
    if name is None or name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(1, device=device)
    except (RuntimeError, AssertionError) as problem:
        reason = str(problem).splitlines()[0]
        raise InputError(f"device {name!r} cannot be used ({reason}); try cpu, cuda or cuda:0") from problem
    return device
