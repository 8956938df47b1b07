"""Images to the side that Inception takes, in the three ways of the field, which do not agree.

>>> ramp = torch.arange(4.0).expand(1, 3, 4, 4)
>>> bilinear_tf1(ramp, 8)[0, 0, 0].tolist()
[0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.0]
>>> bilinear(ramp, 8)[0, 0, 0].tolist()
[0.0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3.0]

Parmar et al. 2022, "On aliased resizing and surprising subtleties in GAN evaluation", show how far apart they are.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

_REACH = 2.0
_A = -0.5
_BAND = 16


def bilinear_tf1(images: Tensor, side: int) -> Tensor:
    """Float images (N, C, H, W) to (N, C, side, side) as TensorFlow 1 does it (`resize_bilinear`, align_corners false):
    output i lies at input i * H / side, without half-pixel centres and without antialiasing. Columns come first;
    positions are float32, as in TensorFlow."""
    return _lerp(_lerp(images, side, 3), side, 2)


def bilinear(images: Tensor, side: int) -> Tensor:
    """Float images (N, C, H, W) to (N, C, side, side): half-pixel centres, no antialiasing, as PyTorch's default."""
    return interpolate(images, (side, side), mode="bilinear", align_corners=False)


def bicubic_pil(images: Tensor, side: int) -> Tensor:
    """Float images (N, C, H, W) to (N, C, side, side) as Pillow's bicubic filter does it on mode "F" images: a = -0.5,
    as wide as an output pixel where it shrinks, columns first, nothing rounded in between. It overshoots at edges."""
    return _filtered(_filtered(images, side, 3), side, 2)


def _lerp(x: Tensor, side: int, dim: int) -> Tensor:
    size = x.shape[dim]
    at = torch.arange(side, dtype=torch.float32) * torch.tensor(size / side, dtype=torch.float32)
    low = at.long()
    share = (at - low).to(x).view(-1, *[1] * (3 - dim))
    left = x.index_select(dim, low.to(x.device))
    right = x.index_select(dim, (low + 1).clamp_max(size - 1).to(x.device))
    return torch.addcmul(left, right.sub_(left), share)


@dataclass(frozen=True, slots=True)
class Band:
    """Outputs from `start` on are weights (outputs, inputs) times the inputs from `first` on."""

    start: int
    first: int
    weights: Tensor


def _filtered(x: Tensor, side: int, dim: int) -> Tensor:
    parts = []
    for band in _bands(x.shape[dim], side, x.dtype, x.device):
        inputs = x.narrow(dim, band.first, band.weights.shape[1])
        parts.append(inputs @ band.weights.T if dim == 3 else band.weights @ inputs)
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim)


@lru_cache(maxsize=64)
@torch.inference_mode(False)  # what is kept must serve a later call that wants gradients
def _bands(size: int, side: int, dtype: torch.dtype, device: torch.device) -> tuple[Band, ...]:
    """The rows of `bicubic_weights` in bands, so that few products with zero are taken."""
    weights = bicubic_weights(size, side)
    step = side if size <= 2 * _BAND else _BAND
    bands = []
    for start in range(0, side, step):
        rows = weights[start : start + step]
        used = np.flatnonzero(rows.any(0))
        cut = np.ascontiguousarray(rows[:, used[0] : used[-1] + 1])
        bands.append(Band(start, int(used[0]), torch.from_numpy(cut).to(device, dtype)))
    return tuple(bands)


def bicubic_weights(size: int, side: int) -> NDArray[np.float64]:
    """(side, size) weights of Pillow's bicubic filter from `size` inputs to `side` outputs; every row sums to 1.

    Keys 1981, "Cubic convolution interpolation for digital image processing", with a = -0.5, sampled at pixel
    centres, stretched by size / side where that is above 1, cut to whole pixels and normalised.
    """
    scale = size / side
    stretch = max(scale, 1.0)
    weights = np.zeros((side, size))
    for row in range(side):
        centre = (row + 0.5) * scale
        low = max(0, math.floor(centre - _REACH * stretch + 0.5))
        high = min(size, math.floor(centre + _REACH * stretch + 0.5))
        taps = _cubic((np.arange(low, high) - centre + 0.5) / stretch)
        weights[row, low:high] = taps / taps.sum()
    return weights


def _cubic(x: NDArray[np.floating]) -> NDArray[np.float64]:
    x = np.abs(x)
    near = ((_A + 2) * x - (_A + 3)) * x * x + 1
    far = (((x - 5) * x + 8) * x - 4) * _A
    return np.asarray(np.where(x < 1, near, np.where(x < 2, far, 0.0)), dtype=np.float64)
