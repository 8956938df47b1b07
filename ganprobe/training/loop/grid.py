"""The sample grid: fixed latents through the averaged generator, so that a folder of grids shows progress."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganprobe.core.files import writing
from ganprobe.core.streams import normal
from ganprobe.features.images.quantise import to_uint8


def grid_latents(seed: int, n: int, z_dim: int, num_classes: int) -> tuple[Tensor, Tensor | None]:
    """z (n, z_dim) and labels (n,) that run through the classes; None without classes."""
    z = torch.from_numpy(normal(seed, "train.grid", range(n), (z_dim,)))
    return z, torch.arange(n) % num_classes if num_classes else None


def tile(images: NDArray[np.uint8], columns: int) -> NDArray[np.uint8]:
    """Images (N, 3, H, W) as one picture (rows * H, columns * W, 3), row by row, black where images run out."""
    n, _, height, width = images.shape
    rows = math.ceil(n / columns)
    canvas = np.zeros((rows * columns, 3, height, width), dtype=np.uint8)
    canvas[:n] = images
    shaped = canvas.reshape(rows, columns, 3, height, width).transpose(0, 3, 1, 4, 2)
    return np.ascontiguousarray(shaped.reshape(rows * height, columns * width, 3))


def write_grid(path: Path, images: Tensor, *, columns: int) -> None:
    """Images (N, 3, H, W) in [-1, 1] as one PNG, whole or not at all."""
    picture = tile(to_uint8(images.float()).cpu().numpy(), columns)
    with writing(path) as temporary:
        Image.fromarray(picture).save(temporary, format="PNG")
