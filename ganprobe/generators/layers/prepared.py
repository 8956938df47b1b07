"""Weights as a layer's products take them, made once for many passes instead of once for each.

>>> made = []
>>> layer = torch.nn.Linear(2, 2)
>>> def make():
...     made.append(1)
...     return layer.weight * 2
>>> with torch.no_grad(), weights_prepared_once(layer.eval()):
...     for _ in range(3):
...         _ = prepared(layer, make)
>>> len(made)
1

Nothing outlives the block, so that nothing has to notice when weights change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Final, TypeVar, cast

import torch
from torch import Tensor, nn

T = TypeVar("T")

_MADE: Final[ContextVar[dict[nn.Module, Any] | None]] = ContextVar("weights prepared so far", default=None)


@contextmanager
def weights_prepared_once(network: nn.Module) -> Iterator[None]:
    """Within, each layer's `prepared` makes its weights once; no weight may change. Without effect where gradients are
    wanted and in training mode, where spectral normalisation moves at every pass."""
    if torch.is_grad_enabled() or network.training:
        yield
        return
    token = _MADE.set({})
    try:
        yield
    finally:
        _MADE.reset(token)


def prepared(layer: nn.Module, make: Callable[[], T]) -> T:
    """What `make` gives; within `weights_prepared_once`, what it gave the first time for `layer`."""
    made = _MADE.get()
    if made is None:
        return make()
    if layer not in made:
        made[layer] = make()
    return cast(T, made[layer])


def is_interleaved(maps: Tensor) -> bool:
    """Whether maps are kept with their channels last: on a CPU within `weights_prepared_once`, where that is what
    convolutions work in, so that none of them copies."""
    return _MADE.get() is not None and maps.device.type == "cpu"


def interleaved(maps: Tensor) -> Tensor:
    """Maps or kernels with their channels last where `is_interleaved`; elsewhere as they are."""
    return maps.contiguous(memory_format=torch.channels_last) if is_interleaved(maps) else maps
