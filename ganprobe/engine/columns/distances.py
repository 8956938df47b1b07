"""Distances between two images, by the key that a column of pairs ends in; path lengths without a protocol have "".

>>> sorted(DISTANCES)
['', 'embedded', 'imagenet', 'imagenet-floats', 'lpips', 'ms_ssim', 'stylegan', 'stylegan-crop', 'torch-fidelity']
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from ganprobe.core.registry import Registry
from ganprobe.engine.columns.networks import Network, Weights, published_network
from ganprobe.engine.columns.sources import Distance
from ganprobe.features import load_embedded_distance, load_imagenet_distance
from ganprobe.features.images.quantise import to_uint8
from ganprobe.features.published.downloads import VGG16, fetched
from ganprobe.features.published.lpips_distance import LpipsDistance, read_lpips
from ganprobe.features.published.lpips_protocols import (
    Preparation,
    PreparedDistance,
    box_to_256,
    cropped_to_256,
    fidelity_64,
    quantised,
)
from ganprobe.metrics.pictures.ms_ssim import similarities


@dataclass(frozen=True, slots=True)
class NamedDistance:
    """call: raw float images (N, 3, H, W), twice, to (N,). network: what it looks through."""

    call: Distance
    network: Network


DISTANCES: Final[Registry[Callable[[torch.device, Weights], NamedDistance]]] = Registry("distance")
"""Key to what opens it on a device, with the VGG16 weights that the call names."""

LPIPS_KEYS: Mapping[str, Preparation] = {
    "lpips": quantised,
    "stylegan": box_to_256,
    "stylegan-crop": cropped_to_256,
    "torch-fidelity": fidelity_64,
}
"""Key to what is done to images before LPIPS sees them."""


def _embedded(device: torch.device, vgg_weights: Weights) -> NamedDistance:
    return NamedDistance(load_embedded_distance(device), Network("embedded", ""))


def _embedded_quantised(device: torch.device, vgg_weights: Weights) -> NamedDistance:
    return NamedDistance(PreparedDistance(quantised, load_embedded_distance(device)), Network("embedded", ""))


def _imagenet(device: torch.device, vgg_weights: Weights) -> NamedDistance:
    distance = load_imagenet_distance(device)
    return NamedDistance(distance, published_network(distance.weights, distance.fingerprint))


def _imagenet_quantised(device: torch.device, vgg_weights: Weights) -> NamedDistance:
    named = _imagenet(device, vgg_weights)
    return NamedDistance(PreparedDistance(quantised, named.call), named.network)


def _ms_ssim(device: torch.device, vgg_weights: Weights) -> NamedDistance:
    def call(a: Tensor, b: Tensor) -> Tensor:
        return similarities(*(to_uint8(side.to(device)) for side in (a, b)))

    return NamedDistance(call, Network("pixels", ""))


def _lpips(key: str, prepare: Preparation) -> Callable[[torch.device, Weights], NamedDistance]:
    def opened(device: torch.device, vgg_weights: Weights) -> NamedDistance:
        path = Path(vgg_weights or fetched(VGG16))
        changed = path.stat().st_mtime_ns if path.is_file() else 0
        distance = _read(path, changed, device)
        fingerprint = hashlib.sha256(f"{distance.fingerprint}\x1f{key}".encode()).hexdigest()
        return NamedDistance(PreparedDistance(prepare, distance), published_network(distance, fingerprint))

    return opened


@lru_cache(maxsize=1)
def _read(path: Path, changed: int, device: torch.device) -> LpipsDistance:
    """One trunk serves all protocols; `changed` tells a file that was written anew from the one that is held."""
    return read_lpips(path, device)


DISTANCES.add("", _embedded)
DISTANCES.add("embedded", _embedded_quantised)
DISTANCES.add("imagenet", _imagenet_quantised)
DISTANCES.add("imagenet-floats", _imagenet)
DISTANCES.add("ms_ssim", _ms_ssim)
for _key, _prepare in LPIPS_KEYS.items():
    DISTANCES.add(_key, _lpips(_key, _prepare))
