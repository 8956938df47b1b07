"""What a pure function accepts: one rule for all of them.

Accepted: NumPy arrays of numbers or truth values (any order, strides, byte order and width), strided tensors on any
device, pandas frames and series, nested lists, and whatever else gives such an array. Refused, by one MetricError that
names the argument, its shape and its type: text, objects, complex numbers, dates, ragged lists, sparse and masked
arrays, another number of axes, nothing at all, values that are not finite, and values whose powers leave float64.

>>> array64([[1, 2], [3, 4]], "rows", 2).dtype
dtype('float64')
"""

from __future__ import annotations

import operator
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import MetricError
from ganprobe.metrics.arrays import FloatArray, Values, named, to_array, widened

_KINDS: Final = "biuf"
_EXPONENT: Final = 1000
"""Powers of values stay below 2 to this, so that sums of millions of them fit float64; and above its inverse."""


class _About(NamedTuple):
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def numbers(values: Values, name: str) -> NDArray[Any] | Tensor:
    """`values` as an array of the machine's byte order or a detached tensor on its device, of the type that they have.
    MetricError for what holds no plain numbers."""
    if isinstance(values, Tensor):
        return _tensor(values, name)
    if masked := _masked(values):
        raise MetricError(f"{name} is masked, {masked.dtype} of shape {masked.shape}; fill it, or leave rows out")
    if hasattr(values, "toarray") and hasattr(values, "nnz"):
        raise MetricError(f"{name} is a sparse {type(values).__name__} of shape {np.shape(values)}; give .toarray()")
    array = _array(values, name)
    if array.dtype.kind not in _KINDS:
        raise MetricError(_plain(name, array.shape, array.dtype))
    foreign = not array.dtype.isnative or any(stride < 0 for stride in array.strides)
    return array.astype(array.dtype.newbyteorder("="), order="C") if foreign else array


def array64(values: Values, name: str, ndim: int, *, power: int = 2) -> FloatArray:
    """`values` as a float64 array of `ndim` axes on the host, their `power` within float64 (1: no bound). MetricError
    for all that the module refuses."""
    given = numbers(values, name)
    with np.errstate(over="ignore"):
        array = np.asarray(to_array(widened(given)) if isinstance(given, Tensor) else given, dtype=np.float64)
    _check_shape(array.shape, name, ndim)
    largest = float(max(array.max(), -array.min()))
    if not np.isfinite(largest):
        bad = np.flatnonzero(~np.isfinite(array).reshape(len(array), -1).all(1))
        raise MetricError(f"{name} holds values that are not finite in rows {named(bad)}; leave them out or mend them")
    _check_size(largest, name, power)
    return array


def tensor64(values: Values, name: str, *, power: int = 2) -> Tensor:
    """`values` as a float64 tensor (N, d), on its device if it is a tensor on CUDA; MetricError as in `array64`."""
    if isinstance(values, Tensor) and values.is_cuda:
        wide = widened(_tensor(values, name))
        _check_shape(tuple(wide.shape), name, 2)
        largest = float(wide.abs().max())
        if np.isfinite(largest):
            _check_size(largest, name, power)
            return wide
    return tensor_of(array64(values, name, 2, power=power))


def points(values: Values, name: str) -> Tensor:
    """Rows (N, d) for distances: float32 where they are, else float64; contiguous, on the host or on CUDA, where they
    came from. MetricError as in `array64`."""
    given = numbers(values, name)
    single = given.dtype in (torch.float32, np.dtype(np.float32))
    on_mps = isinstance(given, Tensor) and given.device.type == "mps"
    if not single or on_mps:
        return tensor64(given, name).contiguous()
    rows = given if isinstance(given, Tensor) else tensor_of(given)
    _check_shape(tuple(rows.shape), name, 2)
    low, high = (float(end) for end in rows.aminmax())
    if not np.isfinite(low + high):
        return tensor64(rows, name)
    # float32 needs no bound above; below, squares of its least numbers are far from nothing in float64.
    return rows.contiguous()


def same_width(a: Tensor, b: Tensor) -> None:
    """MetricError unless both sides have as many features."""
    if a.shape[1] != b.shape[1]:
        raise MetricError(f"both sides must have the same features; one has {a.shape[1]} columns, one {b.shape[1]}")


def check_varying(columns: FloatArray, name: str) -> None:
    """MetricError where all columns of (N, K) are constant."""
    if (columns.min(0) == columns.max(0)).all():
        raise MetricError(f"{name} of shape {columns.shape} never change, so they tell of nothing; draw more")


def centred(columns: FloatArray) -> FloatArray:
    """Columns of (N, K) less their means, each times the power of two that brings its largest number to about 1: exact,
    so that what depends on neither place nor scale loses no digit to either."""
    about = columns - columns.mean(0)
    return np.asarray(np.ldexp(about, -np.frexp(np.abs(about).max(0))[1]), dtype=np.float64)


def whole(value: int, name: str, least: int, most: int | None = None) -> int:
    """`value` as an int from `least` to `most`, both included. MetricError otherwise; truth values are no numbers."""
    try:
        number = None if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least or (most is not None and number > most):
        reach = f"of {least} or more" if most is None else f"from {least} to {most}"
        raise MetricError(f"{name} must be a whole number {reach}; got {value!r}")
    return number


def _tensor(values: Tensor, name: str) -> Tensor:
    plain = values.layout == torch.strided and not values.is_quantized and values.device.type != "meta"
    if not plain or values.is_complex():
        raise MetricError(_plain(name, tuple(values.shape), f"{values.dtype}, {values.layout}, on {values.device}"))
    return values.detach().resolve_neg()


def tensor_of(array: NDArray[Any]) -> Tensor:
    """The array as a tensor; a copy where torch could not take its memory, or might write where nobody may."""
    return torch.from_numpy(np.require(array, requirements=["C", "W"]))


def _array(values: Any, name: str) -> NDArray[Any]:
    try:
        return np.asarray(_of_frame(values, name) if type(values).__module__.split(".")[0] == "pandas" else values)
    except (ValueError, TypeError, OverflowError, RuntimeError) as problem:
        raise MetricError(f"{name} is no rectangular table of numbers ({type(values).__name__}); mend it") from problem


def _of_frame(values: Any, name: str) -> NDArray[Any]:
    """The numbers of a pandas frame or series, whose columns may differ in type and may have gaps (NaN then)."""
    dtypes = list(getattr(values, "dtypes", [])) if values.ndim == 2 else [values.dtype]
    if odd := [str(dtype) for dtype in dtypes if getattr(dtype, "kind", "O") not in _KINDS]:
        raise MetricError(_plain(name, values.shape, ", ".join(sorted(set(odd)))))
    return np.asarray(values.to_numpy(dtype=np.float64, na_value=np.nan))


def _masked(values: Any) -> _About | None:
    parts = values if isinstance(values, list | tuple) else (values,)
    found = [part for part in parts if isinstance(part, np.ma.MaskedArray)]
    return _About(found[0].shape, found[0].dtype) if found else None


def _plain(name: str, shape: tuple[int, ...], dtype: object) -> str:
    return f"{name} must hold plain real numbers; its shape is {shape} and its type {dtype}: convert it first"


def _check_shape(shape: tuple[int, ...], name: str, ndim: int) -> None:
    if len(shape) != ndim or 0 in shape:
        raise MetricError(f"{name} must be a non-empty array of {ndim} axes; its shape is {shape}")


def _check_size(largest: float, name: str, power: int) -> None:
    """MetricError where powers of the largest value leave float64 at either end."""
    if power < 2 or largest == 0:
        return
    limit = 2.0 ** (_EXPONENT // power)
    if largest > limit:
        raise MetricError(f"{name} holds {largest:.3g}, whose powers overflow float64; bring it to a scale near 1")
    if power == 2 and largest < 1 / limit:
        raise MetricError(f"{name} holds {largest:.3g} at most, whose squares vanish; bring it to a scale near 1")
