"""Progressive growing: which level of detail belongs to a number of images, and real images at that level.

>>> from ganprobe.training.recipe.records import Growing
>>> level_of_detail(0, resolution=64, growing=Growing(start=16, stabilise=100, fade=100))
2.0
"""

from __future__ import annotations

import math

from torch import Tensor
from torch.nn import functional as F

from ganprobe.core.errors import InputError
from ganprobe.training.recipe.records import Growing


def check_growing(growing: Growing | None, resolution: int) -> None:
    """InputError unless growth starts at the resolution or below it."""
    if growing is not None and growing.start > resolution:
        raise InputError(f"growing must start at a power of two from 4 to {resolution}, got {growing.start}")


def level_of_detail(images: int, *, resolution: int, growing: Growing | None) -> float:
    """0 at full resolution, 1 at half of it, and so on; fractions while a resolution fades in (Karras et al. 2018,
    section 2 and appendix A)."""
    if growing is None:
        return 0.0
    start = math.log2(resolution) - math.log2(growing.start)
    phase, within = divmod(images, growing.stabilise + growing.fade)
    faded = max(within - growing.stabilise, 0) / growing.fade if growing.fade else 0.0
    return float(max(start - phase - faded, 0.0))


def images_at(images: Tensor, lod: float) -> Tensor:
    """Images (N, 3, H, W) with the detail of level `lod`: box-filtered to H / 2 ** floor(lod), then faded towards the
    next level by the fraction of lod."""
    whole = math.floor(lod)
    fraction = lod - whole
    if whole:
        images = F.avg_pool2d(images, 2**whole)
    if fraction:
        coarse = F.interpolate(F.avg_pool2d(images, 2), scale_factor=2.0, mode="nearest")
        images = images.lerp(coarse, fraction)
    return images
