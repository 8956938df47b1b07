"""From images of any size to the input of a small network."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from ganprobe.core.errors import DataError
from ganprobe.features.images.quantise import to_uint8

VERSION = "uint8, bilinear with antialiasing, 1"
"""Names the rule of `quantised_input` in fingerprints; raise the number when the rule changes."""


def resized(images: Tensor, resolution: int) -> Tensor:
    """Float images (N, 3, H, W) at `resolution` x `resolution`, differentiable; the same values where they have that
    size already. Bilinear, with the triangle as wide as an output pixel where it shrinks, so that no input pixel goes
    unseen; the aspect ratio is not kept. DataError for a tensor that holds no RGB images."""
    if images.ndim != 4 or images.shape[1] != 3 or not images.is_floating_point():
        raise DataError(f"expected float images (N, 3, H, W) in [-1, 1], got {images.dtype} {tuple(images.shape)}")
    if images.shape[2:] != (resolution, resolution):
        images = interpolate(images, (resolution, resolution), mode="bilinear", align_corners=False, antialias=True)
    return images.contiguous(memory_format=torch.channels_last)


def quantised_input(images: Tensor, resolution: int) -> Tensor:
    """Images (N, 3, H, W) quantised to uint8, back in [-1, 1] as float32, then `resized`."""
    return resized(to_uint8(images).to(torch.float32) / 127.5 - 1, resolution)
