"""What linear probes read: the features of discriminators, alone or of every snapshot of a run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import adaptive_avg_pool2d

from ganprobe.checkpoints.detect import open_discriminator
from ganprobe.core.errors import DataError, InputError
from ganprobe.core.progress import Track
from ganprobe.generators.base import Discriminator, check_layers

FEATURES: Final = "features"
BLOCK: Final = 64
_SNAPSHOT = re.compile(r"D-(\d+)\.safetensors")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A discriminator in a run's folder, after so many real images."""

    images: int
    path: Path


def snapshots_of(run: Path) -> tuple[Snapshot, ...]:
    """The snapshots of the discriminator in the folder of a training, by images. InputError where there is none."""
    found = [(match, path) for path in (run / "snapshots").glob("D-*") if (match := _SNAPSHOT.fullmatch(path.name))]
    if not found:
        raise InputError(
            f"{run} holds no snapshots of a discriminator (snapshots/D-*.safetensors); train with snapshots, or give "
            "the file of one discriminator"
        )
    return tuple(sorted((Snapshot(int(match[1]), path) for match, path in found), key=lambda each: each.images))


def readable_discriminator(path: Path, *, layer: str = FEATURES) -> Discriminator:
    """The discriminator in a file, in evaluation mode. CheckpointError for another file, InputError for one that has no
    such layer, and for a network that names no layers."""
    network = open_discriminator(path)
    if not isinstance(network, Discriminator):
        raise InputError(f"{path} holds a {type(network).__name__}, whose layers have no names; a probe cannot read it")
    check_layers(network, [layer])
    return network.eval().requires_grad_(False)


@torch.inference_mode()
def features_of(
    discriminator: Discriminator,
    images: NDArray[Any],
    *,
    layer: str = FEATURES,
    grid: int = 0,
    device: torch.device,
    title: str,
) -> Tensor:
    """Features (N, F) float32 on `device` of uint8 images (N, 3, H, W). layer: maps are flattened; grid: averaged to at
    most grid x grid before, 0 for as they are. DataError for images of another size."""
    network, parts = discriminator.to(device), []
    side = network.config.resolution
    if images.shape[2:] != (side, side):
        raise DataError(f"the discriminator reads images of {side} pixels, got {images.shape[2]} x {images.shape[3]}")
    with Track(title, len(images)) as track:
        for start in range(0, len(images), BLOCK):
            block = torch.from_numpy(images[start : start + BLOCK]).to(device).float() / 127.5 - 1
            parts.append(_layer(network, block, layer, grid).float())
            track.advance(len(block))
    return torch.cat(parts)


def _layer(network: Discriminator, images: Tensor, layer: str, grid: int) -> Tensor:
    if layer == FEATURES:
        # Each image's own, whatever it comes with.
        return network.features(images)
    classes = getattr(network.config, "num_classes", 0)
    labels = torch.zeros(len(images), dtype=torch.int64, device=images.device) if classes else None
    found = network.judge(images, labels, features=(layer,)).features[layer]
    if grid and found.ndim == 4 and found.shape[-1] > grid:
        found = adaptive_avg_pool2d(found, grid)
    return found.flatten(1)
