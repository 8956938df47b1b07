"""The state of the sliced Wasserstein distance: a sample of the images, or of their patches where those are smaller.

>>> keeper = ImageKeeper()
>>> images = torch.zeros(2, 3, 32, 32, dtype=torch.uint8)
>>> state = keeper.update(keeper.empty(), {"index": torch.arange(2), "pixels": images})
>>> [tuple(level_patches(state, number).shape) for number in range(2)]
[(2, 128, 147), (2, 128, 147)]

Images of up to 256 x 256 pixels are kept as they are. Of larger ones, which have more bytes than their patches at
float16, the patches are kept; rounding moves a value by at most 1/2048 of itself.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.columns import PIXELS
from ganprobe.core.errors import MetricError
from ganprobe.core.protocols import Columns
from ganprobe.metrics.arrays import to_array
from ganprobe.metrics.base import taken
from ganprobe.metrics.pictures.protocol import PATCH, PATCHES, SEED
from ganprobe.metrics.pictures.pyramid import laplacian_pyramid, level_sizes, patch_corners, patches
from ganprobe.metrics.states.capacity import IMAGES
from ganprobe.metrics.states.rows import KeptRows

WIDTH = 3 * PATCH**2
LARGEST_WHOLE = 256 * 256
"""Pixels of an image that is kept as it is."""

PACKED_AXES = 5
_AT_A_TIME = 64


@dataclass(frozen=True, slots=True)
class KeptImages:
    """kept: rows of bytes, by index: images (N, 3, H, W), or float16 patches (N, levels, 128, 147, 2). size: (H, W) of
    the images, None before the first."""

    kept: KeptRows
    size: tuple[int, int] | None = None

    @property
    def sizes(self) -> list[tuple[int, int]]:
        """(height, width) of each level."""
        return [] if self.size is None else level_sizes(*self.size)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ImageKeeper:
    """Keeps at most `capacity` images of the column "pixels" (N, 3, H, W) uint8, all of one size."""

    capacity: int = IMAGES

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({PIXELS})

    @property
    def key(self) -> str:
        return f"patches:{PIXELS}" + ("" if self.capacity == IMAGES else f":{self.capacity}")

    def empty(self) -> KeptImages:
        return KeptImages(KeptRows(self.capacity))

    def update(self, state: KeptImages, columns: Columns) -> KeptImages:
        """With one batch more. MetricError for another type, for images below 16 x 16, and for two sizes."""
        index, images = taken(columns, PIXELS, ndim=4)
        if images.dtype != torch.uint8:
            raise MetricError(f"column {PIXELS!r} must be uint8, it is {images.dtype}; use the extractor of pixels")
        if len(index) == 0:
            return state
        size = _one_size(state.size, (images.shape[2], images.shape[3]))
        rows = images if size[0] * size[1] <= LARGEST_WHOLE else _packed_patches(images, to_array(index))
        return KeptImages(state.kept.added(index, rows), size)

    def merge(self, a: KeptImages, b: KeptImages) -> KeptImages:
        size = a.size if b.size is None else _one_size(a.size, b.size)
        return KeptImages(a.kept.joined(b.kept), size)

    def pack(self, state: KeptImages) -> dict[str, NDArray[Any]]:
        """Named arrays: "capacity", "index" and "rows" of the kept rows; "size" (2,), or (0,) before the first."""
        return {**state.kept.pack(), "size": np.array(state.size or (), dtype=np.int64)}

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> KeptImages:
        size = tuple(int(side) for side in arrays["size"])
        return KeptImages(KeptRows.unpack(arrays), (size[0], size[1]) if size else None)


def level_patches(state: KeptImages, number: int) -> NDArray[np.float32]:
    """(N, 128, 147) the patches of level `number`, in grey levels of 0 to 255, by ascending index of the N images."""
    index, rows = state.kept.whole()
    found = np.empty((len(index), PATCHES, WIDTH), np.float32)
    for start, some in _parts(rows):
        here = to_array(index[start : start + len(some)])
        if some.ndim == PACKED_AXES:
            level = some[:, number].contiguous().view(torch.float16)[..., 0]
        else:
            level = _level_patches(laplacian_pyramid(some)[number], here, state.sizes[number])
        found[start : start + len(some)] = to_array(level)
    return found


def _parts(rows: Tensor) -> Iterator[tuple[int, Tensor]]:
    return ((start, rows[start : start + _AT_A_TIME]) for start in range(0, len(rows), _AT_A_TIME))


def _level_patches(level: Tensor, index: NDArray[np.int64], size: tuple[int, int]) -> Tensor:
    found = patches(level, patch_corners(index, size, seed=SEED))
    return found.reshape(len(level), PATCHES, WIDTH)


def _packed_patches(images: Tensor, index: NDArray[np.int64]) -> Tensor:
    """(N, levels, 128, 147, 2) the bytes of all levels' patches at float16."""
    sizes = level_sizes(*images.shape[2:])
    levels = zip(laplacian_pyramid(images), sizes, strict=True)
    found = torch.stack([_level_patches(level, index, size) for level, size in levels], 1)
    return found.to(torch.float16)[..., None].view(torch.uint8)


def _one_size(known: tuple[int, int] | None, size: tuple[int, int]) -> tuple[int, int]:
    level_sizes(*size)
    if known is not None and known != size:
        raise MetricError(
            f"images of one size were expected; some are {known[0]} x {known[1]}, some {size[0]} x {size[1]}; resize"
        )
    return size
