"""The pixels themselves as a column, for metrics that look through no network.

>>> PixelExtractor().observe(torch.zeros(1, 3, 2, 2))["pixels"].unique().tolist()
[128]
"""

from __future__ import annotations

import hashlib
from typing import final

import torch
from torch import Tensor

from ganprobe.core.columns import PIXELS
from ganprobe.core.protocols import Columns
from ganprobe.features.images.quantise import to_uint8

VERSION = "uint8, halves rounded up, 1"


@final
class PixelExtractor:
    """Images (N, 3, H, W) in [-1, 1] to "pixels" (N, 3, H, W) uint8."""

    provides = frozenset({PIXELS})
    fingerprint = hashlib.sha256(f"{PIXELS}\x1f{VERSION}".encode()).hexdigest()

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)

    def observe(self, images: Tensor) -> Columns:
        """Float images of any size, on any device."""
        return {PIXELS: to_uint8(images.to(self.device))}
