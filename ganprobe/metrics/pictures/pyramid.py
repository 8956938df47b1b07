"""The Laplacian pyramid of images and patches out of its levels, as the sliced Wasserstein distance takes them.

>>> levels = laplacian_pyramid(torch.full((1, 3, 64, 64), 7.0))
>>> [tuple(level.shape[2:]) for level in levels], float(levels[0].abs().max()), float(levels[-1].mean())
([(64, 64), (32, 32), (16, 16)], 0.0, 7.0)

Burt and Adelson 1983, "The Laplacian pyramid as a compact image code"; levels and patches as in Karras et al. 2018,
"Progressive growing of GANs", section 5.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import conv2d, pad

from ganprobe.core.devices.transfer import sent
from ganprobe.core.errors import MetricError
from ganprobe.core.streams import BLOCK, stream
from ganprobe.metrics.pictures.protocol import COARSEST, PATCH, PATCHES

_TAPS = (1 / 16, 4 / 16, 6 / 16, 4 / 16, 1 / 16)


def level_sizes(height: int, width: int) -> list[tuple[int, int]]:
    """(height, width) of each level: halved, halves rounded up, for as long as both are at least 16 pixels. MetricError
    for images that are smaller than that."""
    if min(height, width) < COARSEST:
        raise MetricError(f"images of at least {COARSEST} x {COARSEST} pixels were expected, got {height} x {width}")
    sizes = []
    while min(height, width) >= COARSEST:
        sizes.append((height, width))
        height, width = -(-height // 2), -(-width // 2)
    return sizes


def laplacian_pyramid(images: Tensor) -> list[Tensor]:
    """Images (N, 3, H, W) to a level for each of `level_sizes`, finest first, float32: each image less its coarser
    version, and last the coarsest as it is. Smoothed with the binomial kernel [1 4 6 4 1] / 16 along both axes, borders
    mirrored about the outermost pixel."""
    finer = images.to(torch.float32)
    levels = []
    for size in level_sizes(*images.shape[2:])[1:]:
        coarser = smoothed(finer)[:, :, ::2, ::2]
        assert coarser.shape[2:] == size
        spread = torch.zeros_like(finer)
        spread[:, :, ::2, ::2] = coarser
        # Three of four pixels are zeros that have yet to be filled in.
        levels.append(finer - 4 * smoothed(spread))
        finer = coarser
    return [*levels, finer]


def smoothed(images: Tensor) -> Tensor:
    """Images (N, C, H, W) under the binomial kernel, mirrored at the borders."""
    taps = images.new_tensor(_TAPS).expand(images.shape[1], 1, 1, 5)
    across = conv2d(pad(images, (2, 2, 0, 0), mode="reflect"), taps, groups=images.shape[1])
    down = conv2d(pad(across, (0, 0, 2, 2), mode="reflect"), taps.mT, groups=images.shape[1])
    return down


def patch_corners(index: NDArray[np.int64], size: tuple[int, int], *, seed: int) -> NDArray[np.int64]:
    """(N, 128, 2) the upper left corners (y, x) of the patches in a level of `size` (height, width), for the samples
    `index` (N,): uniform over all places where a patch lies inside, and a function of seed, sample and size alone."""
    room = np.array(size) - PATCH + 1
    blocks, where = np.unique(index // BLOCK, return_inverse=True)
    drawn = [stream(seed, "swd patches", *size, int(b)).integers(0, room, (BLOCK, PATCHES, 2)) for b in blocks]
    tables = np.stack(drawn) if drawn else np.zeros((0, BLOCK, PATCHES, 2), np.int64)
    return np.asarray(tables[where, index % BLOCK], dtype=np.int64)


def patches(level: Tensor, corners: NDArray[np.int64]) -> Tensor:
    """The patches (N, P, 3, 7, 7) of a level (N, 3, h, w) at `corners` (N, P, 2)."""
    windows = level.unfold(2, PATCH, 1).unfold(3, PATCH, 1)
    y, x = sent(torch.from_numpy(corners), level.device).unbind(2)
    return windows[torch.arange(len(level), device=level.device)[:, None], :, y, x]
