"""From the host to a device without waiting for what is queued there.

>>> sent(torch.ones(2), "cpu").device.type
'cpu'

A copy from ordinary memory waits until the device has done all that it was given before; one from pinned memory is
queued behind it.
"""

from __future__ import annotations

import torch
from torch import Tensor


def sent(tensor: Tensor, device: torch.device | str) -> Tensor:
    """`tensor` on `device`; itself where it is there already."""
    place = torch.device(device)
    if place.type != "cuda" or tensor.device.type != "cpu":
        return tensor.to(place)
    return pinned_for(place, tensor).to(place, non_blocking=True)


def pinned_for(device: torch.device, tensor: Tensor) -> Tensor:
    """`tensor`, of ordinary memory, in memory from which a CUDA `device` reads by itself."""
    # Pinned by the device that it goes to: any other would be given a context, and half a gigabyte, for it.
    with torch.cuda.device(device):
        return tensor.pin_memory()
