"""What a factor of variation does to an image, and how much of it lies between two images.

>>> images = torch.zeros(2, 3, 8, 8)
>>> moved, valid = transform(images, "shift_x", torch.tensor([0.0, 0.25]))
>>> valid[:, 0].sum((1, 2)).tolist()  # a quarter of the second image would come from outside
[64.0, 48.0]
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.core.registry import Registry

GEOMETRIC: Final = ("zoom", "shift_x", "shift_y", "rotation")
CANDIDATES: Final = 61
BEYOND: Final = 1.5
_EDGE: Final = 1e-3
_FLAT: Final = 1e-3


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """summary: what grows with it. unit: of its amounts. reach: amounts from -reach to reach are asked for."""

    summary: str
    unit: str
    reach: float


FACTORS: Registry[Factor] = Registry("factor")
FACTORS.add("zoom", Factor(summary="the image grows about its centre", unit="octaves (log2 of the scale)", reach=0.8))
FACTORS.add("shift_x", Factor(summary="the image moves to the right", unit="image widths", reach=0.2))
FACTORS.add("shift_y", Factor(summary="the image moves down", unit="image heights", reach=0.2))
FACTORS.add("rotation", Factor(summary="the image turns counter-clockwise", unit="degrees", reach=30.0))
FACTORS.add("brightness", Factor(summary="all channels grow", unit="half the range of the pixels", reach=0.5))
FACTORS.add("red", Factor(summary="the red channel grows", unit="half the range of the pixels", reach=0.5))
FACTORS.add("green", Factor(summary="the green channel grows", unit="half the range of the pixels", reach=0.5))
FACTORS.add("blue", Factor(summary="the blue channel grows", unit="half the range of the pixels", reach=0.5))
CHANNELS: Final = {"red": (0,), "green": (1,), "blue": (2,), "brightness": (0, 1, 2)}


def check_factors(names: Sequence[str]) -> None:
    """InputError for no factor, an unknown one, or one that is named twice."""
    for name in names:
        FACTORS[name]
    if not names or len(set(names)) < len(names):
        raise InputError(f"distinct factors were expected, at least one, got {', '.join(names) or 'none'}")


def transform(images: Tensor, factor: str, amounts: Tensor) -> tuple[Tensor, Tensor]:
    """Images (N, 3, H, W) in [-1, 1] changed by amounts (N,) in the factor's unit, and which of their pixels are known,
    (N, 1, H, W) of 0 and 1: a pixel that would come from outside the image is not. Differentiable in the images.

    Geometry: bilinear, about the centre of the image. Brightness and colours are added, and cut at -1 and 1.
    """
    if factor in GEOMETRIC:
        return _resampled(images, *_inverse(factor, amounts, images.shape[-1], images.shape[-2]))
    steps = images.new_zeros(len(images), 3, 1, 1)
    steps[:, list(CHANNELS[factor])] = amounts[:, None, None, None].to(images.dtype)
    return (images + steps).clamp(-1, 1), images.new_ones(len(images), 1, *images.shape[2:])


def registered(before: Tensor, after: Tensor, factor: str, *, reach: float) -> Tensor:
    """The amounts (N,) by which images (N, 3, H, W) were most likely changed: of CANDIDATES amounts within 1.5 times
    `reach`, the one whose transform of `before` explains the largest share of the variance of `after` within the known
    pixels, refined by a parabola through it and its neighbours."""
    before, after = before.clamp(-1, 1), after.clamp(-1, 1)
    grid = torch.linspace(-BEYOND * reach, BEYOND * reach, CANDIDATES, device=before.device)
    errors = torch.stack([_unexplained(before, after, factor, float(amount)) for amount in grid], dim=1)
    best = errors.argmin(1)
    inner = best.clamp(1, CANDIDATES - 2)[:, None]
    left, here, right = (errors.gather(1, inner + offset)[:, 0] for offset in (-1, 0, 1))
    curvature = left - 2 * here + right
    shift = torch.where(curvature > 0, (left - right) / (2 * curvature).clamp_min(1e-12), 0.0).clamp(-1, 1)
    step = float(grid[1] - grid[0])
    return torch.where(inner[:, 0] == best, grid[inner[:, 0]] + shift * step, grid[best])


def known_error(images: Tensor, target: Tensor, known: Tensor) -> Tensor:
    """The mean squared difference (N,) over the known pixels and all channels."""
    total = (known * (images - target).square()).sum((1, 2, 3))
    return total / (images.shape[1] * known.sum((1, 2, 3))).clamp_min(1)


def blurred(images: Tensor, sigma: float) -> Tensor:
    """Images (N, C, H, W) through a Gaussian filter of standard deviation `sigma` pixels, zeros outside."""
    radius = max(1, math.ceil(3 * sigma))
    at = torch.arange(-radius, radius + 1, device=images.device, dtype=images.dtype)
    taps = torch.exp(-at.square() / (2 * sigma**2))
    taps = taps / taps.sum()
    channels = images.shape[1]
    rows = F.conv2d(images, taps[None, None, :, None].expand(channels, 1, -1, 1), padding=(radius, 0), groups=channels)
    return F.conv2d(rows, taps[None, None, None].expand(channels, 1, 1, -1), padding=(0, radius), groups=channels)


def _unexplained(before: Tensor, after: Tensor, factor: str, amount: float) -> Tensor:
    target, known = transform(before, factor, before.new_full((len(before),), amount))
    count = known.sum((1, 2, 3), keepdim=True).clamp_min(1)
    mean = (known * after).sum((2, 3), keepdim=True) / count
    return known_error(after, target, known) / (known_error(after, mean.expand_as(after), known) + _FLAT)


def _inverse(factor: str, amounts: Tensor, width: int, height: int) -> tuple[Tensor, Tensor]:
    """Matrices (N, 2, 2) and offsets (N, 2), in pixels about the centre, that say whence an output pixel comes."""
    zero, one = torch.zeros_like(amounts), torch.ones_like(amounts)
    matrix = torch.stack([one, zero, zero, one], 1)
    offset = torch.stack([zero, zero], 1)
    if factor == "zoom":
        matrix = matrix * torch.exp2(-amounts)[:, None]
    elif factor == "rotation":
        cos, sin = torch.cos(torch.deg2rad(amounts)), torch.sin(torch.deg2rad(amounts))
        matrix = torch.stack([cos, -sin, sin, cos], 1)
    else:
        place = (-amounts * width, zero) if factor == "shift_x" else (zero, -amounts * height)
        offset = torch.stack(place, 1)
    return matrix.reshape(-1, 2, 2), offset


def _resampled(images: Tensor, matrix: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
    height, width = images.shape[2:]
    size = torch.tensor([width, height], device=images.device, dtype=images.dtype)
    half = (size - 1) / 2
    rows, columns = (torch.arange(n, device=images.device) for n in (height, width))
    y, x = torch.meshgrid(rows, columns, indexing="ij")
    points = torch.stack([x, y], -1).to(images.dtype) - half
    source = torch.einsum("nij,hwj->nhwi", matrix.to(images.dtype), points) + offset.to(images.dtype)[:, None, None]
    known = (source.abs() <= half + _EDGE).all(-1)[:, None].to(images.dtype)
    return F.grid_sample(images, source * 2 / size, mode="bilinear", padding_mode="border", align_corners=False), known
