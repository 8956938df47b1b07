"""A seeded random VGG16 in torchvision's layout, which serves every implementation where the download is absent.

Its 138 million weights are overlapping windows onto a few random numbers, so that the file has 1 MB instead of 553: a
tensor's strides are part of its file, and every row is another one all the same.
"""

import math
from pathlib import Path

import torch
from torch import Tensor

from ganprobe.features.published.vgg16 import layout

STEP = 13


def write(path: Path) -> Path:
    """Write the state dict to `path`."""
    generator = torch.Generator().manual_seed(16)
    torch.save({name: _drawn(shape, generator) for name, shape in layout().items()}, path)
    return path


def _drawn(shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    if len(shape) == 1:
        return 0.2 * torch.randn(shape, generator=generator)
    inputs = math.prod(shape[1:])
    numbers = torch.randn((shape[0] - 1) * STEP + inputs, generator=generator) * math.sqrt(2 / inputs)
    strides = [math.prod(shape[dim + 1 :]) for dim in range(1, len(shape))]
    return numbers.as_strided(shape, (STEP, *strides))
