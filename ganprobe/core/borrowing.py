"""Networks that somebody else owns: used for a moment, and given back as they were.

>>> net = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.BatchNorm1d(2))
>>> with borrowed(net):
...     net.training, net[0].weight.requires_grad
(False, False)
>>> net.training, net[0].weight.requires_grad
(True, True)
"""

from __future__ import annotations

import copy
import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from ganprobe.core.errors import InputError


@contextmanager
def borrowed(thing: Any, *, seed: int | None = None) -> Iterator[None]:
    """Within: a network is in evaluation mode and its weights take no gradients. seed: where the global random numbers
    start within; None leaves them where they are. Afterwards, also after an error, each
    of its parts is in the mode that it had, each weight takes gradients as it did, and each buffer holds the values
    that it held; the global random numbers go on where they were, whatever `thing` is (a plain function may seed them).

    Nothing is moved to another device or copied, and no hook is added.
    """
    parts = list(thing.modules()) if isinstance(thing, nn.Module) else []
    learning = [part for part in parts if part.training]
    wanting = [weight for part in parts for weight in part.parameters(recurse=False) if weight.requires_grad]
    buffers = _buffers(parts)
    randomness = _Randomness.now(thing)
    try:
        if seed is not None:
            randomness.start(seed)
        for part in learning:
            part.training = False
        for weight in wanting:
            weight.requires_grad_(False)
        yield
    finally:
        for part in learning:
            part.training = True
        for weight in wanting:
            weight.requires_grad_(True)
        for buffer in buffers:
            buffer.restore()
        randomness.restore()


def on_device(module: nn.Module, device: torch.device | str) -> nn.Module:
    """The module itself where all of it is on `device`; else a copy there, since it is not ours to move. InputError
    where it cannot be copied."""
    wanted = torch.empty(0, device=device).device
    if all(tensor.device == wanted for tensor in (*module.parameters(), *module.buffers())):
        return module
    try:
        return copy.deepcopy(module).to(device)
    except (RuntimeError, TypeError) as problem:
        kind = type(module).__name__
        raise InputError(
            f"{kind} cannot be copied to {device} ({problem}); name a factory of it, or move it"
        ) from problem


def version_of(module: nn.Module) -> int:
    """A number that changes when a weight or buffer is written to or replaced: training does, measuring does not."""
    tensors = (*module.parameters(), *module.buffers())
    return hash(tuple((id(tensor), tensor._version) for tensor in tensors))


@final
@dataclass(frozen=True, slots=True)
class _Buffer:
    owner: nn.Module
    name: str
    tensor: Tensor
    version: int
    values: Tensor

    def restore(self) -> None:
        """In place, and only where it was written to: a write would void gradients that are still to come."""
        if self.tensor._version != self.version:
            with torch.no_grad():
                self.tensor.copy_(self.values)
        if getattr(self.owner, self.name, None) is not self.tensor and not isinstance(
            self.owner, torch.jit.ScriptModule
        ):
            setattr(self.owner, self.name, self.tensor)


def _buffers(parts: Iterable[nn.Module]) -> list[_Buffer]:
    held = ((part, name, buffer) for part in parts for name, buffer in part.named_buffers(recurse=False))
    return [_Buffer(part, name, buffer, buffer._version, buffer.detach().clone()) for part, name, buffer in held]


@final
@dataclass(frozen=True, slots=True)
class _Randomness:
    """The states of Python's, numpy's and torch's global generators, those of the devices that are in use included."""

    python: Any
    numpy: Any
    torch: Tensor
    cuda: dict[int, Tensor]

    @staticmethod
    def now(thing: Any) -> _Randomness:
        cuda = {number: torch.cuda.get_rng_state(number) for number in _cuda_devices(thing)}
        return _Randomness(random.getstate(), np.random.get_state(), torch.get_rng_state(), cuda)  # noqa: NPY002

    def start(self, seed: int) -> None:
        """All of them from `seed`."""
        random.seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        torch.default_generator.manual_seed(seed)
        for number in self.cuda:
            torch.cuda.default_generators[number].manual_seed(seed)

    def restore(self) -> None:
        random.setstate(self.python)
        np.random.set_state(self.numpy)  # noqa: NPY002
        torch.set_rng_state(self.torch)
        for number, state in self.cuda.items():
            torch.cuda.set_rng_state(state, number)


def _cuda_devices(thing: Any) -> set[int]:
    """Those of a network's tensors; of a function, which may use any, all that this process has begun to use."""
    if not torch.cuda.is_initialized():  # type: ignore[no-untyped-call]
        return set()
    if not isinstance(thing, nn.Module):
        return set(range(torch.cuda.device_count()))
    devices = {tensor.device for tensor in (*thing.parameters(), *thing.buffers())}
    return {device.index for device in devices if device.type == "cuda" and device.index is not None}
