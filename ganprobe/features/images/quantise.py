"""The one place where float images become uint8.

>>> to_uint8(torch.tensor([-1.0, 0.0, 1.0, 7.0]).view(4, 1, 1, 1)).flatten().tolist()
[0, 128, 255, 255]
"""

from __future__ import annotations

import torch
from torch import Tensor

from ganprobe.core.errors import DataError


def to_uint8(images: Tensor) -> Tensor:
    """Float images (N, 3, H, W), clamped to [-1, 1], as uint8 of that shape: 127.5 (x + 1), halves rounded up.

    Undoes v / 127.5 - 1 exactly for all v from 0 to 255. Values must be finite. DataError for a tensor of another kind.
    """
    if images.ndim != 4 or not images.is_floating_point():
        raise DataError(f"expected float images (N, 3, H, W) in [-1, 1], got {images.dtype} {tuple(images.shape)}")
    return ((images.to(torch.float32).clamp(-1, 1) + 1) * 127.5 + 0.5).floor().to(torch.uint8)
