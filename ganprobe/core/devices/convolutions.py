"""How cuDNN convolves while numbers are measured: the same every time, and in float32 where float32 is asked for.

>>> with steady_convolutions():
...     torch.backends.cudnn.allow_tf32, torch.backends.cudnn.deterministic
(False, True)

Unless it is told not to, cuDNN rounds the factors of float32 convolutions to TF32's 11 bits, which moves a score of an
attribute by a thousandth of its deviation and drowns a path length, whose images differ by 1e-4; and of its algorithms
it may take some whose sums come out in another order every time, or choose by a race between them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def steady_convolutions(*, tf32: bool = False) -> Iterator[None]:
    """For as long as the block runs. tf32: whether factors may be rounded."""
    cudnn = torch.backends.cudnn
    with cudnn.flags(enabled=cudnn.enabled, benchmark=False, deterministic=True, allow_tf32=tf32):
        yield
