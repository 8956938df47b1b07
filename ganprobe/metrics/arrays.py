"""What comes in (NumPy arrays, tensors, nested lists) as float64, checked; and how large a tile may be."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from ganprobe.core.errors import MetricError

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


def array64(values: Values, name: str, ndim: int) -> FloatArray:
    """`values` as a float64 array of `ndim` axes. MetricError where the shape is another, it is empty, or it holds
    values that are not finite."""
    array = np.asarray(to_array(widened(values)) if isinstance(values, Tensor) else values, dtype=np.float64)
    if array.ndim != ndim or array.size == 0:
        raise MetricError(f"{name} must be a non-empty array of {ndim} axes; its shape is {array.shape}")
    bad = np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(1))
    if len(bad):
        raise MetricError(f"{name} holds values that are not finite in rows {named(bad)}; leave them out or mend them")
    return array


def tensor64(values: Values, name: str) -> Tensor:
    """`values` as a float64 tensor (N, d), on its device if it is a tensor; MetricError as in `array64`."""
    if isinstance(values, Tensor) and values.device.type == "cuda" and values.ndim == 2:
        wide = widened(values)
        if wide.numel() and bool(torch.isfinite(wide).all()):
            return wide
    return torch.from_numpy(np.ascontiguousarray(array64(values, name, 2)))


def on_one_device(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Both on CUDA where either is there: a reference comes back from its file on the host."""
    device = b.device if b.is_cuda else a.device
    return a.to(device), b.to(device)


def relative_entropy(p: FloatArray, q: FloatArray) -> FloatArray:
    """p log(p / q) in nats, element by element, 0 where p is 0; q > 0 wherever p > 0."""
    ratio = np.divide(p, q, out=np.ones(p.shape), where=p > 0)
    return np.asarray(p * np.log(ratio), dtype=np.float64)


def same_width(a: Tensor, b: Tensor) -> None:
    """MetricError unless both sides have as many features."""
    if a.shape[1] != b.shape[1]:
        raise MetricError(f"both sides must have the same features; one has {a.shape[1]} columns, one {b.shape[1]}")


def named(indices: NDArray[Any]) -> str:
    """The first few of `indices`, and how many more there are."""
    first = ", ".join(str(int(i)) for i in indices[:FEW])
    return first if len(indices) <= FEW else f"{first} and {len(indices) - FEW} more"


def tile_rows(columns: int) -> int:
    """How many float64 rows of `columns` numbers fit a quarter of TILE_BYTES: a tile and its temporaries fit all."""
    return max(1, TILE_BYTES // 4 // 8 // max(columns, 1))
