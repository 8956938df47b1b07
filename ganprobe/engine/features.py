"""The features of a run, loaded once: an extractor of columns and a perceptual distance on one device."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from ganprobe.core.errors import InputError
from ganprobe.core.protocols import FeatureExtractor
from ganprobe.core.registry import unknown
from ganprobe.engine.sources import Distance
from ganprobe.features import INCEPTION_COLUMNS, load_embedded, load_embedded_distance, load_inception
from ganprobe.metrics.registry import resolve

EMBEDDED, INCEPTION = "embedded", "inception"
KNOWN = (EMBEDDED, INCEPTION)


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """name: of the features, as results bear it; extractor: images to columns; distance: (a, b) to (N,) perceptual
    distances of the embedded features; protocol: what a result's protocol says of the weights; notes: of every number
    from the extractor."""

    name: str
    extractor: FeatureExtractor
    distance: Distance
    device: torch.device
    protocol: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def features_for(name: str | None, metrics: Sequence[str] | None, inception_weights: str | Path | None) -> str:
    """The features that a call means: those that it names, else Inception's where it names weights for them or a metric
    that is defined on them, else the embedded ones. InputError for unknown features or metrics, and for weights that
    the features named do not use."""
    if name is not None and name not in KNOWN:
        raise unknown("features", name, KNOWN)
    if name == EMBEDDED and inception_weights is not None:
        raise InputError("Inception weights are of no use to embedded features; leave out one of the two options")
    if name is not None:
        return name
    on_inception = metrics and any(spec.features == INCEPTION for spec in resolve(metrics))
    return INCEPTION if inception_weights is not None or on_inception else EMBEDDED


def open_features(
    name: str,
    *,
    device: torch.device,
    columns: Collection[str] = INCEPTION_COLUMNS,
    inception_weights: str | Path | None = None,
) -> FeatureSet:
    """The feature set called `name`, a result of `features_for`. columns: those of Inception that will be read; the
    others are not computed. CheckpointError where Inception's weights cannot be had or read."""
    distance = load_embedded_distance(device)
    if name == EMBEDDED:
        return FeatureSet(name, load_embedded(device), distance, device)
    extractor = load_inception(inception_weights, columns=columns, device=device)
    weights = extractor.weights
    note = (
        f"not from the official weights: the file's sha256 is {weights.sha256}; not comparable with published numbers"
    )
    return FeatureSet(
        weights.name,
        extractor,
        distance,
        device,
        {"weights_sha256": weights.sha256},
        () if weights.official else (note,),
    )


def open_device(name: str | None) -> torch.device:
    """The device called `name`; without a name CUDA where there is one, else the CPU. InputError for one not here."""
    if name is None or name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()
    except (RuntimeError, AssertionError) as problem:
        reason = str(problem).splitlines()[0]
        raise InputError(f"device {name!r} cannot be used ({reason}); try cpu, cuda or cuda:0") from problem
    return device
