"""Whether cuDNN may round the factors of float32 convolutions to TF32's 11 bits, as it does unless it is told not to.

>>> with tf32_convolutions(allowed=False):
...     torch.backends.cudnn.allow_tf32
False

A path length asks for images and activations that differ by 1e-4, which is less than that rounding.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def tf32_convolutions(*, allowed: bool) -> Iterator[None]:
    """For as long as the block runs."""
    now = torch.backends.cudnn
    with now.flags(enabled=now.enabled, benchmark=now.benchmark, deterministic=now.deterministic, allow_tf32=allowed):
        yield
