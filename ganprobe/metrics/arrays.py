"""Arrays and tensors: from one to the other, in tiles of bounded memory; and how the numbers of samples are named."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

FloatArray = NDArray[np.float64]
Values = ArrayLike | Tensor
TILE_BYTES = 2**26
FEW = 5


def widened(values: Tensor) -> Tensor:
    """`values` as float64, detached, on its own device; on the CPU where the device has no float64 (MPS)."""
    values = values.detach()
    return (values.cpu() if values.device.type == "mps" else values).double()


def to_array(values: Tensor) -> NDArray[Any]:
    """A tensor's values as a NumPy array on the host."""
    array: NDArray[Any] = values.detach().cpu().numpy()
    return array


def on_one_device(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both on CUDA where either is there: a reference comes back from its file on the host."""
    device = b.device if b.is_cuda else a.device
    return a.to(device), b.to(device)


def relative_entropy(p: FloatArray, q: FloatArray) -> FloatArray:
    """p log(p / q) in nats, element by element, 0 where p is 0; q > 0 wherever p > 0."""
    ratio = np.divide(p, q, out=np.ones(p.shape), where=p > 0)
    return np.asarray(p * np.log(ratio), dtype=np.float64)


def named(indices: NDArray[Any]) -> str:
    """The first few of `indices`, and how many more there are."""
    first = ", ".join(str(int(i)) for i in indices[:FEW])
    return first if len(indices) <= FEW else f"{first} and {len(indices) - FEW} more"


def tile_rows(columns: int) -> int:
    """How many float64 rows of `columns` numbers fit a quarter of TILE_BYTES: a tile and its temporaries fit all."""
    return max(1, TILE_BYTES // 4 // 8 // max(columns, 1))
