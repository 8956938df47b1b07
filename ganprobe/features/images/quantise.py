"""The one place where float images become uint8, and what a small network is given of them.

>>> to_uint8(torch.tensor([-1.0, 0.0, 1.0, 7.0]).view(4, 1, 1, 1)).flatten().tolist()
[0, 128, 255, 255]
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganprobe.core.errors import DataError
from ganprobe.features.images.resize import resized

VERSION = "uint8, bilinear with antialiasing, 1"
"""Names the rule of `quantised_input` in fingerprints; raise the number when the rule changes."""


def to_uint8(images: Tensor) -> Tensor:
    """Float images (N, 3, H, W), clamped to [-1, 1], as uint8 of that shape: 127.5 (x + 1), halves rounded up.

    Undoes v / 127.5 - 1 exactly for all v from 0 to 255. Values must be finite. DataError for a tensor of another kind.
    """
    if images.ndim != 4 or not images.is_floating_point():
        raise DataError(f"expected float images (N, 3, H, W) in [-1, 1], got {images.dtype} {tuple(images.shape)}")
    return ((images.to(torch.float32).clamp(-1, 1) + 1) * 127.5 + 0.5).floor().to(torch.uint8)


def quantised_input(images: Tensor, resolution: int) -> Tensor:
    """Images (N, 3, H, W) quantised to uint8, back in [-1, 1] as float32, then `resized`."""
    return resized(to_uint8(images).to(torch.float32) / 127.5 - 1, resolution)
