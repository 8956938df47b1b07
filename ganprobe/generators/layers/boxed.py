"""Kernels of convolutions that resample: 3 x 3 and a 2 x 2 average, or a doubling, as one of 4 x 4 and stride 2.

>>> boxed(torch.ones(1, 1, 3, 3))[0, 0, 0].tolist()
[1.0, 2.0, 2.0, 1.0]
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor


def boxed(kernel: Tensor) -> Tensor:
    """(O, I, k, k) convolved with a 2 x 2 box of ones: (O, I, k + 1, k + 1).

    As a pooling of sums: shifted sums take ten times as long with their gradients, whose slices are filled and added.
    """
    return F.avg_pool2d(kernel, 2, stride=1, padding=1, divisor_override=1)


def turned(kernel: Tensor) -> Tensor:
    """(O, I, k, k) as a transposed convolution takes it, (I, O, k, k): mirrored and with the channel axes exchanged.

    On a CPU a kernel with channels last is laid out so again: the convolution would do it in its forward and its
    backward pass.
    """
    other = kernel.flip(2, 3).transpose(0, 1)
    if kernel.device.type != "cpu" or kernel.is_contiguous():
        return other
    return other.contiguous(memory_format=torch.channels_last)
