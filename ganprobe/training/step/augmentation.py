"""Random transformations of images on the device, from numbers that are given: shapes never depend on them."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F


def moved(images: Tensor, down: Tensor, right: Tensor, mirrored: Tensor | None, *, reach: int, mode: str) -> Tensor:
    """Each image (N, C, H, W) moved by `down` and `right` (N,) pixels, integers of at most `reach`, and mirrored where
    `mirrored` (N,) says so. What comes in from outside is, by `mode`, "reflect" or "constant" (zero)."""
    n, channels, height, width = images.shape
    padded = F.pad(images, (reach,) * 4, mode=mode)
    rows = torch.arange(height, device=images.device)[None] + reach - down[:, None]
    columns = torch.arange(width, device=images.device)[None] + reach - right[:, None]
    if mirrored is not None:
        columns = torch.where(mirrored[:, None], columns.flip(1), columns)
    taller = padded.gather(2, rows[:, None, :, None].expand(n, channels, height, width + 2 * reach))
    return taller.gather(3, columns[:, None, None, :].expand(n, channels, height, width))


def colours_changed(images: Tensor, brightness: Tensor, saturation: Tensor, contrast: Tensor) -> Tensor:
    """Images (N, C, H, W) with `brightness` (N,) added, colours drawn apart from their grey by `saturation` (N,), and
    everything from its mean by `contrast` (N,), in this order (Zhao et al. 2020, section 3.2 and appendix)."""
    x = images + brightness[:, None, None, None]
    grey = x.mean(1, keepdim=True)
    x = torch.lerp(grey, x, saturation[:, None, None, None])
    mean = x.mean((1, 2, 3), keepdim=True)
    return torch.lerp(mean, x, contrast[:, None, None, None])


def cut_out(images: Tensor, row: Tensor, column: Tensor, *, side: int) -> Tensor:
    """Images with a square of `side` pixels around (row, column) (N,) set to 0, the middle grey."""
    places = [torch.arange(size, device=images.device)[None] for size in images.shape[2:]]
    inside = [
        (place >= centre[:, None] - side // 2) & (place < centre[:, None] - side // 2 + side)
        for place, centre in zip(places, (row, column), strict=True)
    ]
    return images.masked_fill((inside[0][:, :, None] & inside[1][:, None, :])[:, None], 0.0)
