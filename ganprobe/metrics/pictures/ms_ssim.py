"""Multi-scale structural similarity of two images, in [0, 1].

>>> images = np.random.default_rng(0).integers(0, 256, (2, 3, 32, 32), dtype=np.uint8)
>>> ms_ssim(images, images).tolist()
[1.0, 1.0]

Wang, Simoncelli and Bovik 2003, "Multi-scale structural similarity for image quality assessment", equation 7 with the
weights of section 3.2. Small images and negative terms as in the evaluations of GANs (Odena, Olah and Shlens 2017;
Karras et al. 2018), whose code goes back to TensorFlow's research models.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, pad

from ganprobe.core.errors import MetricError
from ganprobe.metrics.arrays import FloatArray, Values, to_array, widened
from ganprobe.metrics.given import numbers
from ganprobe.metrics.pictures.protocol import SIGMA, WEIGHTS, WINDOW

SMALLEST = 2 ** (len(WEIGHTS) - 1)
_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2


def ms_ssim(a: Values, b: Values) -> FloatArray:
    """(N,) similarities of images a and b (N, C, H, W) with values from 0 to 255; H and W at least 16. MetricError for
    other shapes, for float values that leave this range, and for values that are not finite."""
    first, second = _images(a, "a"), _images(b, "b")
    return np.asarray(to_array(similarities(first, second)), dtype=np.float64)


def similarities(a: Tensor, b: Tensor) -> Tensor:
    """As `ms_ssim`, (N,) float64 on the images' device, without a look at their values.

    Each of five scales is half as large as the one before. A scale's contrast and structure are averaged over positions
    and channels, negative means count as 0, and so does luminance at the last scale.
    """
    _check(a, b)
    x, y = widened(a), widened(b)
    value = x.new_ones(len(x))
    for scale, weight in enumerate(WEIGHTS):
        last = scale == len(WEIGHTS) - 1
        value = value * _similarity(x, y, luminance=last).clamp_min(0) ** weight
        x, y = (x, y) if last else (_halved(x), _halved(y))
    return value


def _similarity(x: Tensor, y: Tensor, *, luminance: bool) -> Tensor:
    """(N,) means of contrast times structure, times luminance where wanted, at one scale."""
    fields = torch.cat([x, y, x * x, y * y, x * y])
    mean_x, mean_y, xx, yy, xy = _blurred(fields).chunk(5)
    product, squares = mean_x * mean_y, mean_x.square() + mean_y.square()
    kept = (2 * (xy - product) + _C2) / (xx + yy - squares + _C2)
    if luminance:
        kept = kept * (2 * product + _C1) / (squares + _C1)
    return kept.mean((1, 2, 3))


def _blurred(x: Tensor) -> Tensor:
    """Gaussian means at all positions where the window fits. On scales smaller than the window it shrinks to the
    smaller side, and its width in proportion."""
    size = min(WINDOW, *x.shape[2:])
    at = torch.arange(size, dtype=x.dtype, device=x.device) - (size - 1) / 2
    weights = torch.exp(-0.5 * (at * (WINDOW / (size * SIGMA))).square())
    weights /= weights.sum()
    planes = x.flatten(0, 1).unsqueeze(1)
    blurred = conv2d(conv2d(planes, weights.view(1, 1, 1, -1)), weights.view(1, 1, -1, 1))
    return blurred.view(*x.shape[:2], *blurred.shape[2:])


def _halved(x: Tensor) -> Tensor:
    """Means over squares of 2 x 2; an odd side's last row or column is met twice."""
    height, width = x.shape[2:]
    return avg_pool2d(pad(x, (0, width % 2, 0, height % 2), mode="replicate"), 2)


def _images(values: Values, name: str) -> Tensor:
    given = numbers(values, name)
    side = given if isinstance(given, Tensor) else torch.from_numpy(given.astype(np.float64))
    if side.ndim != 4 or not side.numel():
        raise MetricError(f"{name} must be a non-empty set of images (N, C, H, W); its shape is {tuple(side.shape)}")
    if not bool(((side >= 0) & (side <= 255)).all()):
        raise MetricError(f"{name} must hold values from 0 to 255; scale them first")
    return side


def _check(a: Tensor, b: Tensor) -> None:
    if a.shape != b.shape or a.ndim != 4:
        raise MetricError(f"two sets of images (N, C, H, W) were expected, got {tuple(a.shape)} and {tuple(b.shape)}")
    if min(a.shape[2:]) < SMALLEST:
        raise MetricError(f"MS-SSIM needs images of at least {SMALLEST} pixels a side, got {a.shape[2]} x {a.shape[3]}")
