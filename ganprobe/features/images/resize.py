"""Images to the side that a network takes: Inception's in the three ways of the field, which do not agree, and the
antialiased one of small networks.

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

from ganprobe.core.errors import DataError

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


def resized(images: Tensor, resolution: int) -> Tensor:
    """Float images (N, 3, H, W) at `resolution` x `resolution`, differentiable; the same values where they have that
    size already. Bilinear, with the triangle as wide as an output pixel where it shrinks, so that no input pixel goes
    unseen; the aspect ratio is not kept. DataError for a tensor that holds no RGB images."""
    if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
        raise DataError(f"expected float images (N, 3, H, W) in [-1, 1], got {images.dtype} {tuple(images.shape)}")
    if images.shape[2:] != (resolution, resolution):
        images = interpolate(images, (resolution, resolution), mode="bilinear", align_corners=False, antialias=True)
    return images.contiguous(memory_format=torch.channels_last)


def bicubic_pil(images: Tensor, side: int, *, within: tuple[float, float] | None = None) -> Tensor:
    """Float images (N, C, H, W) to (N, C, side, side) as Pillow's bicubic filter does it on mode "F" images: a = -0.5,
    as wide as an output pixel where it shrinks, nothing rounded in between. It overshoots at edges, unless the
    result is clipped to be `within` two values. Which direction comes first differs in the last digits alone."""
    if images.device.type == "cpu" and not (torch.is_grad_enabled() and images.requires_grad):
        return _one_by_one(images, side, within)
    filtered = _filtered(_filtered(images, side, 2), side, 3)
    return filtered if within is None else filtered.clamp(*within)


def bicubic_pil_uint8(pixels: Tensor, side: int) -> Tensor:
    """Float images (N, C, H, W) of whole values 0 to 255 to (N, C, side, side) as Pillow's bicubic filter does it on
    images of bytes: the values between its two passes, rows first, are rounded and clipped too, and so are the results
    (Pillow 13 takes columns first where they shrink and rows grow). The same where they have that size already."""
    for dim in (3, 2):
        if pixels.shape[dim] != side:
            pixels = _filtered(pixels, side, dim).add_(0.5).floor_().clamp_(0, 255)
    return pixels


def _lerp(x: Tensor, side: int, dim: int) -> Tensor:
    low, high, share = _places(x.shape[dim], side, x.dtype, x.device)
    left, right = x.index_select(dim, low), x.index_select(dim, high)
    return torch.addcmul(left, right.sub_(left), share.view(-1, *[1] * (3 - dim)))


@lru_cache(maxsize=64)
@torch.inference_mode(False)
def _places(size: int, side: int, dtype: torch.dtype, device: torch.device) -> tuple[Tensor, Tensor, Tensor]:
    """(side,) the inputs before and after each output, and how far it is from the first to the second. Kept, for to
    send them to a device makes it wait."""
    at = torch.arange(side, dtype=torch.float32) * torch.tensor(size / side, dtype=torch.float32)
    low = at.long()
    return low.to(device), (low + 1).clamp_max(size - 1).to(device), (at - low).to(device, dtype)


@dataclass(frozen=True, slots=True)
class Band:
    """Outputs from `start` on are weights (outputs, inputs) times the inputs from `first` on."""

    start: int
    first: int
    weights: Tensor


def _one_by_one(images: Tensor, side: int, within: tuple[float, float] | None) -> Tensor:
    """Every image alone and into memory that is there already, so that all stays in the processor's caches."""
    count, channels, height, width = images.shape
    down = _bands(height, side, _tall(height, side), images.dtype, images.device)
    across = _bands(width, side, _wide(width, side), images.dtype, images.device)
    between = images.new_empty((channels, side, width))
    out = images.new_empty((count, channels, side, side))
    for image, place in zip(images, out, strict=True):
        for band in down:
            inputs = image[:, band.first : band.first + band.weights.shape[1]]
            for plane, result in zip(inputs, between, strict=True):
                torch.mm(band.weights, plane, out=result[band.start : band.start + len(band.weights)])
        rows, results = between.view(-1, width), place.view(-1, side)
        for band in across:
            inputs = rows[:, band.first : band.first + band.weights.shape[1]]
            torch.mm(inputs, band.weights.T, out=results[:, band.start : band.start + len(band.weights)])
        if within is not None:
            place.clamp_(*within)
    return out


def _filtered(x: Tensor, side: int, dim: int) -> Tensor:
    parts = []
    for band in _bands(x.shape[dim], side, _BAND, x.dtype, x.device):
        inputs = x.narrow(dim, band.first, band.weights.shape[1])
        parts.append(inputs @ band.weights.T if dim == 3 else band.weights @ inputs)
    return parts[0] if len(parts) == 1 else torch.cat(parts, dim)


def _tall(size: int, side: int) -> int:
    """Rows of a band for products from the left: all where they reach over few inputs."""
    return side if size <= 4 * _BAND else _BAND


def _wide(size: int, side: int) -> int:
    """The same from the right, where a broader band is quicker as long as it reaches over few inputs."""
    return 4 * _BAND if size < side else _BAND


@lru_cache(maxsize=64)
@torch.inference_mode(False)  # what is kept must serve a later call that wants gradients
def _bands(size: int, side: int, step: int, dtype: torch.dtype, device: torch.device) -> tuple[Band, ...]:
    """The rows of `bicubic_weights` in bands of `step`, so that few products with zero are taken."""
    weights = bicubic_weights(size, side)
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
