"""What the published protocols do to images before LPIPS sees them.

>>> face_crop(torch.zeros(1, 3, 64, 64)).shape, box_to_256(torch.zeros(1, 3, 1024, 512)).shape
(torch.Size([1, 3, 32, 32]), torch.Size([1, 3, 256, 128]))

Karras et al. 2019, "A style-based generator architecture for generative adversarial networks", section 4.1, and what
the programs of NVIDIA and of torch-fidelity do (docs/metrics/ppl.md has the table).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, interpolate

from ganprobe.core.errors import DataError
from ganprobe.features.images.quantise import to_uint8

Distance = Callable[[Tensor, Tensor], Tensor]
Preparation = Callable[[Tensor], Tensor]
STYLEGAN_SIDE, FIDELITY_SIDE = 256, 64


@final
@dataclass(frozen=True, slots=True)
class PreparedDistance:
    """`distance` of two batches of images (N, 3, H, W) after `prepare` on each."""

    prepare: Preparation
    distance: Distance

    def __call__(self, a: Tensor, b: Tensor) -> Tensor:
        return self.distance(self.prepare(a), self.prepare(b))


def box_to_256(images: Tensor) -> Tensor:
    """Images (N, 3, H, W) whose height is 512 or more, averaged over squares of H // 256 pixels; others as they are.
    DataError where the squares do not fill the image."""
    height, width = images.shape[2:]
    factor = height // STYLEGAN_SIDE
    if factor <= 1:
        return images
    if height % factor or width % factor:
        raise DataError(f"images of {height} x {width} do not split into squares of {factor}; leave @stylegan out")
    return avg_pool2d(images, factor)


def face_crop(images: Tensor) -> Tensor:
    """Of images (N, 3, H, W): rows 3c to 7c and columns 2c to 6c, c = H // 8, where faces aligned as in FFHQ have eyes
    and mouth. DataError where H and W differ."""
    height, width = images.shape[2:]
    if height != width:
        raise DataError(f"the crop of faces is of square images, these are {height} x {width}; leave the crop out")
    c = height // 8
    return images[:, :, 3 * c : 7 * c, 2 * c : 6 * c]


def cropped_to_256(images: Tensor) -> Tensor:
    """`face_crop`, then `box_to_256` of what is left."""
    return box_to_256(face_crop(images))


def quantised(images: Tensor) -> Tensor:
    """As files have them: rounded to uint8, and back to float32 in [-1, 1]."""
    return to_uint8(images).to(torch.float32) / 127.5 - 1


def fidelity_64(images: Tensor) -> Tensor:
    """`quantised`, then 64 x 64 pixels: means over areas where both sides are above 64, else bilinear with half-pixel
    centres and without antialiasing."""
    images, size = quantised(images), (FIDELITY_SIDE, FIDELITY_SIDE)
    if min(images.shape[2:]) > FIDELITY_SIDE:
        return interpolate(images, size, mode="area")
    return interpolate(images, size, mode="bilinear", align_corners=False)
