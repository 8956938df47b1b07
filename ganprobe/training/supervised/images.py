"""Batches of images for supervised training, as pure functions of the step, and what a network says of many images."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganprobe.core.errors import InputError
from ganprobe.core.streams import stream


def shuffled(n: int, batch_size: int, *, seed: int, step: int) -> NDArray[np.int64]:
    """Row numbers of batch `step`: every epoch goes through the n rows in an order of its own and drops the rest."""
    if n < batch_size:
        raise InputError(f"expected at least {batch_size} training images, one batch, got {n}; give more images")
    epoch, place = divmod(step, n // batch_size)
    order = stream(seed, "order", epoch).permutation(n)
    return np.asarray(order[place * batch_size : (place + 1) * batch_size], dtype=np.int64)


def shift_and_flip(images: Tensor, *, rng: np.random.Generator, pad: int, flip: bool = True) -> Tensor:
    """Each of the uint8 images (N, C, H, W) shifted by up to `pad` pixels over a reflected border, and mirrored with
    probability one half if `flip`. The result is in channels-last memory."""
    n, _, height, width = images.shape
    padded = nn.functional.pad(images.float(), (pad,) * 4, mode="reflect")
    rows = torch.from_numpy(rng.integers(0, 2 * pad + 1, (n, 1))) + torch.arange(height)
    columns = torch.from_numpy(rng.integers(0, 2 * pad + 1, (n, 1))) + torch.arange(width)
    mirrored = torch.from_numpy(rng.random((n, 1)) < 0.5)
    columns = torch.where(mirrored, columns.flip(1), columns) if flip else columns
    return padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


@torch.inference_mode()
def predictions(network: nn.Module, images: NDArray[np.uint8], *, batch_size: int = 500) -> Tensor:
    """The outputs (N, ...) for uint8 images (N, 3, H, W), float32, on the CPU."""
    device = next(network.parameters()).device
    batches = torch.split(torch.from_numpy(images), batch_size)
    return torch.cat([network(batch.to(device).float() / 127.5 - 1).cpu() for batch in batches])
