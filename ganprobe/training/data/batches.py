"""Batches of real images on the device: gathered there by number where all of them fit, else sent step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from ganprobe.training.data.real_images import RealImages
from ganprobe.training.data.source import ArraySource
from ganprobe.training.draws.draws import Draws

PART_OF_MEMORY = 4
"""Of the free memory of a CUDA device the images may take one part in so many."""


@dataclass(frozen=True, slots=True)
class RealBatch:
    """Real images (N, 3, H, W), float32 in [-1, 1], and labels (N,) int64 or None."""

    images: Tensor
    labels: Tensor | None


@final
class RealBatches:
    """The batch of each update of the discriminator, from the numbers that its draws hold."""

    def __init__(self, real: RealImages, *, device: torch.device, channels_last: bool, labelled: bool) -> None:
        self._real = real
        self._layout = torch.channels_last if channels_last else torch.contiguous_format
        labels = real.source.labels if labelled else None
        self._labels = None if labels is None else torch.from_numpy(labels).to(device, torch.int64)
        self._images = _resident(real, device)

    def batch(self, draws: Draws, n: int) -> RealBatch:
        """The update's n images (of this process), mirrored where the stream says so."""
        images = self._pixels(draws, n).to(torch.float32) / 127.5 - 1
        if self._real.flips:
            images = torch.where(draws.data("mirrored", (n,))[:, None, None, None], images.flip(3), images)
        labels = None if self._labels is None else self._labels[draws.data("rows", (n,))]
        return RealBatch(images.contiguous(memory_format=self._layout), labels)

    def _pixels(self, draws: Draws, n: int) -> Tensor:
        if self._images is not None:
            return self._images[draws.data("rows", (n,))]
        side = self._real.resolution
        return draws.data("pixels", (n, 3, side, side))


def _resident(real: RealImages, device: torch.device) -> Tensor | None:
    """All images on the device, uint8; None where there is no room for them."""
    if not isinstance(real.source, ArraySource):
        return None
    images = torch.from_numpy(real.source.images)
    if device.type == "cuda" and images.nbytes * PART_OF_MEMORY > torch.cuda.mem_get_info(device)[0]:
        return None
    return images.to(device)
