"""What stands behind the numbers: a network's name, fingerprint, and what must be said of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from ganprobe.core.errors import CheckpointError

Weights = str | Path | None


@dataclass(frozen=True, slots=True)
class Network:
    """One network behind the numbers. name: as results bear it; fingerprint: of weights and preprocessing; protocol:
    what a result's protocol says of the weights; notes: of every number from it."""

    name: str
    fingerprint: str
    protocol: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def check_weights(*, inception: Weights, vgg: Weights, dinov2: Weights = None, clip: Weights = None) -> None:
    """CheckpointError for a file of weights that is not there, whether or not a metric will read it."""
    for name, file in (("Inception", inception), ("VGG16", vgg), ("DINOv2", dinov2), ("CLIP", clip)):
        if file is not None and not Path(file).is_file():
            raise CheckpointError(f"there are no {name} weights at {file}; check the path")


class PublishedWeights(Protocol):
    """Weights that published numbers rest on, or others in their layout."""

    @property
    def name(self) -> str: ...
    @property
    def sha256(self) -> str: ...
    @property
    def official(self) -> bool: ...


def published_network(weights: PublishedWeights, fingerprint: str) -> Network:
    """The network of published weights; others than the official ones are marked."""
    note = f"not from the official weights (sha256 {weights.sha256[:12]}); not comparable with published numbers"
    protocol = {"weights_sha256": weights.sha256}
    return Network(weights.name, fingerprint, protocol, () if weights.official else (note,))
