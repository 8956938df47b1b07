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
from ganprobe.features import (
    INCEPTION_COLUMNS,
    VGG16_COLUMN,
    CombinedExtractor,
    InceptionExtractor,
    Vgg16Extractor,
    load_embedded,
    load_embedded_distance,
    load_inception,
    load_vgg16,
)
from ganprobe.metrics.registry import resolve

EMBEDDED, INCEPTION, VGG16 = "embedded", "inception", "vgg16"
KNOWN = (EMBEDDED, INCEPTION, VGG16)
Weights = str | Path | None


@dataclass(frozen=True, slots=True)
class Network:
    """One network behind the numbers. name: as results bear it; fingerprint: of weights and preprocessing; protocol:
    what a result's protocol says of the weights; notes: of every number from it."""

    name: str
    fingerprint: str
    protocol: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FeatureSet:
    """extractor: images to columns; distance: (a, b) to (N,) perceptual distances of the embedded features; networks:
    those behind the extractor, by the name that a metric's `features` says, the main one first."""

    extractor: FeatureExtractor
    distance: Distance
    device: torch.device
    networks: Mapping[str, Network]

    @property
    def name(self) -> str:
        """Of the main network."""
        return next(iter(self.networks.values())).name

    @property
    def distance_network(self) -> Network:
        """What path lengths are seen through."""
        return Network(EMBEDDED, "")


def features_for(
    name: str | None, metrics: Sequence[str] | None, inception_weights: Weights, vgg_weights: Weights = None
) -> str:
    """The features that a call means: those that it names, else Inception's where it names weights for them or a metric
    that is defined on them, else VGG16's likewise, else the embedded ones. InputError for unknown features or metrics,
    and for weights that the features named do not use."""
    if name is not None and name not in KNOWN:
        raise unknown("features", name, KNOWN)
    if name in (EMBEDDED, VGG16) and inception_weights is not None:
        raise InputError(f"Inception weights are of no use to {name} features; leave out one of the two options")
    if name == EMBEDDED and vgg_weights is not None:
        raise InputError("VGG16 weights are of no use to embedded features; leave out one of the two options")
    if name is not None:
        return name
    asked = {spec.features for spec in resolve(metrics)} if metrics else set()
    for network, weights in ((INCEPTION, inception_weights), (VGG16, vgg_weights)):
        if weights is not None or network in asked:
            return network
    return EMBEDDED


def default_networks(features: str, vgg_weights: Weights) -> tuple[str, ...]:
    """The networks whose metrics a call means that names none: VGG16 beside Inception only where its weights are named,
    for they are a large download."""
    return (INCEPTION, VGG16) if features == INCEPTION and vgg_weights is not None else (features,)


def open_features(
    name: str,
    *,
    device: torch.device,
    columns: Collection[str] | None = None,
    inception_weights: Weights = None,
    vgg_weights: Weights = None,
) -> FeatureSet:
    """The feature set called `name`, a result of `features_for`. columns: those that will be read, None for all of this
    name; networks that give none of them are not opened, and Inception computes no others. CheckpointError where
    weights cannot be had or read."""
    distance = load_embedded_distance(device)
    if name == EMBEDDED:
        embedded = load_embedded(device)
        return FeatureSet(embedded, distance, device, {EMBEDDED: Network(EMBEDDED, embedded.fingerprint)})
    wanted = frozenset(columns if columns is not None else INCEPTION_COLUMNS if name == INCEPTION else (VGG16_COLUMN,))
    opened: dict[str, InceptionExtractor | Vgg16Extractor] = {}
    if of_inception := wanted - {VGG16_COLUMN}:
        opened[INCEPTION] = load_inception(inception_weights, columns=of_inception, device=device)
    if VGG16_COLUMN in wanted:
        opened[VGG16] = load_vgg16(vgg_weights, device=device)
    parts = tuple(opened.values())
    extractor = parts[0] if len(parts) == 1 else CombinedExtractor(parts)
    return FeatureSet(extractor, distance, device, {key: _network(part) for key, part in opened.items()})


def _network(extractor: InceptionExtractor | Vgg16Extractor) -> Network:
    weights = extractor.weights
    note = (
        f"not from the official weights: the file's sha256 is {weights.sha256}; not comparable with published numbers"
    )
    protocol = {"weights_sha256": weights.sha256}
    return Network(weights.name, extractor.fingerprint, protocol, () if weights.official else (note,))


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
