"""Networks that were pickled whole: their tensors by name, without their code.

torch.save(network) writes the name of the network's class and its attributes; the class is not looked for. The pickles
of StyleGAN2-ADA and StyleGAN3 carry their code.
Such a pickle applies `torch_utils.persistence._reconstruct_persistent_obj` to a dict with the source code of the class
("module_src", which is never compiled) and the object's state, in which a module keeps its parameters, buffers and
submodules as torch.nn.Module does.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ganprobe.checkpoints.reader.inert_objects import Readable, StandIn, fields_of, readables
from ganprobe.core.errors import CheckpointError

PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"
ARGUMENTS = "init_kwargs"
"""The key under which the arguments that a network was made with stand beside its tensors."""
NUMBERS = "numbers of modules"
"""The key under which the numbers that its modules keep stand there (`module_numbers`)."""
_MAX_DEPTH = 32
_MAX_MODULES = 10_000


def is_module(value: object) -> bool:
    """Whether a record stands for a network that was pickled whole, by NVlabs' projects or by torch.save(network)."""
    return isinstance(value, StandIn) and "_modules" in _state(value) and "_parameters" in _state(value)


def module_arguments(module: object) -> Mapping[object, object]:
    """The keyword arguments that the network was made with."""
    return fields_of(_state(module).get("_init_kwargs"))


def module_records(module: object) -> dict[str, Readable]:
    """The parameters and buffers by the names that they have in a state dict. CheckpointError where modules lie in
    themselves, or are more than any network has."""
    found: dict[str, Readable] = {}
    for prefix, state in _modules(module):
        for kind in ("_parameters", "_buffers"):
            found |= {f"{prefix}{name}": value for name, value in readables(fields_of(state.get(kind))).items()}
    return found


def module_numbers(module: object) -> dict[str, object]:
    """The attributes of all its modules that are numbers or None, under names as tensors have them."""
    return {
        f"{prefix}{name}": value
        for prefix, state in _modules(module)
        for name, value in state.items()
        if (value is None or type(value) in (int, float)) and not str(name).startswith("_")
    }


def number_of(beside: Mapping[str, object], name: str, *, otherwise: object = None) -> object:
    """A number that a module of a network keeps, whatever wrappers the network lies in; `otherwise` where what lies
    beside its tensors tells none."""
    numbers = fields_of(beside.get(NUMBERS))
    return next((value for place, value in numbers.items() if f".{place}".endswith(f".{name}")), otherwise)


def _modules(module: object) -> Iterator[tuple[str, Mapping[object, object]]]:
    """The attributes of a module and of those in it, each after the prefix of its tensors' names."""
    waiting: list[tuple[str, int, object]] = [("", 0, module)]
    for _ in range(_MAX_MODULES):
        if not waiting:
            return
        prefix, depth, current = waiting.pop()
        state = _state(current)
        yield prefix, state
        if depth < _MAX_DEPTH:
            inner = reversed(list(fields_of(state.get("_modules")).items()))
            waiting += [(f"{prefix}{name}."[:1000], depth + 1, child) for name, child in inner]
    raise CheckpointError(f"a network has more than {_MAX_MODULES} modules")


def _state(module: object) -> Mapping[object, object]:
    """The attributes of a module: in the dict it is reconstructed from, or set on it."""
    if not isinstance(module, StandIn):
        return {}
    if module.name == PERSISTENT and module.arguments:
        return fields_of(fields_of(module.arguments[0]).get("state"))
    return fields_of(module.state)
