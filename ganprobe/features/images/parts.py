"""Images through a network a part at a time.

>>> looked_at(lambda pixels: {"mean": pixels.mean((1, 2, 3))}, torch.ones(3, 3, 4, 4), torch.device("cpu"), part=2)
{'mean': tensor([255., 255., 255.])}
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from ganprobe.core.errors import DataError
from ganprobe.features.images.quantise import to_uint8


def looked_at(
    look: Callable[[Tensor], dict[str, Tensor]], images: Tensor, device: torch.device, *, part: int
) -> dict[str, Tensor]:
    """The columns that `look` gives for float pixels (N, 3, H, W) in 0 to 255: those of float images (N, 3, H, W) in
    [-1, 1], quantised to uint8, as files are, before anything else. DataError for another kind of tensor.

    part: how many at a time on a processor, for small batches stay in its caches; a GPU wants them whole.
    """
    if images.ndim != 4 or images.shape[1] != 3:
        raise DataError(f"expected images (N, 3, H, W), got shape {tuple(images.shape)}")
    pixels = to_uint8(images.to(device))
    size = part if device.type == "cpu" else max(len(pixels), 1)
    seen = [look(each.float()) for each in torch.split(pixels, size)]
    return {name: torch.cat([columns[name] for columns in seen]) for name in seen[0]}
