"""Pictures as files: exact ones to keep, and small ones to look at."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

EXACT_SIDE: Final = 256
"""Up to this side a PNG is small and quick."""
_QUALITY: Final = 92


def png(pixels: NDArray[np.uint8]) -> bytes:
    """(3, H, W) as a PNG, pixel for pixel."""
    return _written(pixels, "PNG", compress_level=1)


def glance(pixels: NDArray[np.uint8]) -> tuple[bytes, str]:
    """(3, H, W) for a page, and the media type: a PNG, or of large pictures a JPEG of quality 92, which is a tenth as
    long and several times as quick."""
    if max(pixels.shape[1:]) <= EXACT_SIDE:
        return png(pixels), "image/png"
    return _written(pixels, "JPEG", quality=_QUALITY, subsampling=0), "image/jpeg"


def _written(pixels: NDArray[np.uint8], kind: str, **how: int) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels.transpose(1, 2, 0))).save(buffer, kind, **how)
    return buffer.getvalue()
