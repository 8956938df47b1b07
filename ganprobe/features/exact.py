"""Convolutions in whole float32, where a device would round their factors.

>>> with exact_convolutions():
...     torch.backends.cudnn.allow_tf32
False
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def exact_convolutions() -> Iterator[None]:
    """cuDNN rounds the factors of float32 convolutions to TF32's 11 bits unless it is told not to. A path length asks
    for images and activations that differ by 1e-4, which is less than that rounding."""
    now = torch.backends.cudnn
    with now.flags(enabled=now.enabled, benchmark=now.benchmark, deterministic=now.deterministic, allow_tf32=False):
        yield
