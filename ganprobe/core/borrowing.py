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
import functools
import random
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from types import CellType, CodeType, FunctionType, MethodType, ModuleType
from typing import Any, final

import numpy as np
import torch
from torch import Tensor, nn

from ganprobe.core.errors import InputError


@contextmanager
def borrowed(thing: Any, *, seed: int | None = None) -> Iterator[None]:
    """Within: a network, and the networks that a function or another object runs (`networks_in`), are in evaluation
    mode and their weights take no gradients. seed: where the global random numbers start within; None leaves them where
    they are. Afterwards, also after an error, each part is in the mode that it had, each weight takes gradients as it
    did, and each buffer (and each vector of power iteration that is kept as a weight without gradients) holds the
    values that it held; the global random numbers go on where they were, whatever `thing` is (a plain function may
    seed them).

    Nothing is moved to another device or copied, and no hook is added.
    """
    parts = _parts(thing)
    modes = [(part, part.training) for part in parts]
    weights = (weight for part in parts for weight in part.parameters(recurse=False))
    wanting = [(weight, weight.requires_grad) for weight in weights if not weight.is_inference()]
    buffers = _buffers(parts)
    randomness = _Randomness.now(thing)
    try:
        if seed is not None:
            randomness.start(seed)
        for part, learning in modes:
            if learning:
                part.training = False
        for weight, wanted in wanting:
            if wanted:
                weight.requires_grad_(False)
        yield
    finally:
        for part, learning in modes:
            if part.training != learning:
                part.training = learning
        for weight, wanted in wanting:
            if weight.requires_grad != wanted:
                weight.requires_grad_(wanted)
        for buffer in buffers:
            buffer.restore()
        randomness.restore()


def networks_in(thing: Any) -> list[nn.Module]:
    """The networks that running `thing` may run, each once and none that is a part of another: itself, or those among
    the attributes of an object (in lists and mappings too), the arguments of a partial, the object of a method, and
    what a function's code names outside itself, by way of other functions too."""
    found: dict[int, nn.Module] = {}
    seen: dict[int, Any] = {}
    waiting = [(thing, 0)]
    while waiting and len(seen) < _MOST_LOOKED_AT:
        each, depth = waiting.pop(0)
        if id(each) in seen or isinstance(each, _NO_HOLDERS):
            continue
        seen[id(each)] = each
        if isinstance(each, nn.Module):
            found[id(each)] = each
        elif depth < _DEEPEST:
            waiting += [(inner, depth + 1) for inner in _held_by(each)]
    inner = {id(part) for module in found.values() for part in list(module.modules())[1:]}
    return [module for number, module in found.items() if number not in inner]


_DEEPEST, _MOST_LOOKED_AT = 4, 2_000
_NO_HOLDERS = (type, ModuleType, Tensor, np.ndarray, str, bytes, int, float, type(None))


def _held_by(thing: Any) -> list[Any]:
    if isinstance(thing, Mapping):
        return list(thing.values())
    if isinstance(thing, list | tuple | set | frozenset):
        return list(thing)
    if isinstance(thing, functools.partial):
        return [thing.func, *thing.args, *thing.keywords.values()]
    if isinstance(thing, MethodType):
        return [thing.__self__, thing.__func__]
    held = list(vars(thing).values()) if hasattr(thing, "__dict__") else []
    if not isinstance(thing, FunctionType):
        return [*held, *(vars(kind)["__call__"] for kind in type(thing).__mro__ if "__call__" in vars(kind))]
    closed = [cell.cell_contents for cell in thing.__closure__ or () if cell != CellType()]
    code, seen = thing.__code__, thing.__globals__
    names = [*code.co_names, *(name for each in code.co_consts if isinstance(each, CodeType) for name in each.co_names)]
    named = [seen[name] for name in names if name in seen]
    return [*held, *closed, *named, *(thing.__defaults__ or ()), *(thing.__kwdefaults__ or {}).values()]


def _parts(thing: Any) -> list[nn.Module]:
    parts = (part for module in networks_in(thing) for part in module.modules())
    return list({id(part): part for part in parts}.values())


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
    """A number that changes when a weight or buffer is written to or replaced: training does, measuring does not. Their
    sums are looked at too, for torch does not count what is written by way of `.data`, as averages of weights are; on
    the CPU alone, since elsewhere that would wait for the device."""
    tensors = (*module.parameters(), *module.buffers())
    return hash((tuple((id(tensor), _version(tensor)) for tensor in tensors), _sums(tensors)))


def _version(tensor: Tensor) -> int:
    return 0 if tensor.is_inference() else tensor._version


def _sums(tensors: Sequence[Tensor]) -> bytes:
    """The sum of each on the CPU, in bytes; of those that are no plain tables of numbers nothing."""
    here = [each.detach() for each in tensors if each.device.type == "cpu"]
    plain = [each for each in here if each.layout == torch.strided and not each.is_quantized]
    kinds = {torch.float16: torch.float32, torch.bfloat16: torch.float32}
    numbers = (each.real if each.is_complex() else each for each in plain)
    sums = [each.sum(dtype=kinds.get(each.dtype)).float() for each in numbers]
    return torch.stack(sums).numpy().tobytes() if sums else b""


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
        if _version(self.tensor) != self.version:
            with torch.inference_mode() if self.tensor.is_inference() else torch.no_grad():
                self.tensor.copy_(self.values)
        else:
            self._restore_uncounted()
        if getattr(self.owner, self.name, None) is not self.tensor and not isinstance(
            self.owner, torch.jit.ScriptModule
        ):
            setattr(self.owner, self.name, self.tensor)

    def _restore_uncounted(self) -> None:
        """What may have been written by way of `.data`, which torch does not count. On a device it is written again
        whether it was or not, since to look would be to wait."""
        if self.tensor.device.type == "cpu":
            if not _same(self.tensor, self.values):
                self.tensor.data = self.values
        elif self.tensor.shape != self.values.shape:
            self.tensor.data = self.values
        else:
            with torch.inference_mode() if self.tensor.is_inference() else torch.no_grad():
                self.tensor.data.copy_(self.values)


def _same(tensor: Tensor, values: Tensor) -> bool:
    return tensor.shape == values.shape and torch.equal(tensor, values)


def _buffers(parts: Iterable[nn.Module]) -> list[_Buffer]:
    held = [(part, name, buffer) for part in parts for name, buffer in part.named_buffers(recurse=False)]
    held += [
        (part, name, weight)
        for part in parts
        for name, weight in part.named_parameters(recurse=False)
        if weight.ndim <= 1 and not weight.requires_grad
    ]
    return [_Buffer(part, name, tensor, _version(tensor), tensor.detach().clone()) for part, name, tensor in held]


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
