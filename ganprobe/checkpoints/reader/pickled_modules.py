"""Networks that were pickled whole: their tensors by name, without their code.

torch.save(network) writes the name of the network's class and its attributes; the class is not looked for. The pickles
of StyleGAN2-ADA and StyleGAN3 carry their code.
Such a pickle applies `torch_utils.persistence._reconstruct_persistent_obj` to a dict with the source code of the class
("module_src", which is never compiled) and the object's state, in which a module keeps its parameters, buffers and
submodules as torch.nn.Module does.
"""

from __future__ import annotations

from collections.abc import Mapping

from ganprobe.checkpoints.reader.inert_objects import Readable, StandIn, fields_of, readables
from ganprobe.core.errors import CheckpointError

PERSISTENT = "torch_utils.persistence._reconstruct_persistent_obj"
ARGUMENTS = "init_kwargs"
"""The key under which the arguments that a network was made with stand beside its tensors."""
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
    waiting: list[tuple[str, int, object]] = [("", 0, module)]
    for _ in range(_MAX_MODULES):
        if not waiting:
            return found
        prefix, depth, current = waiting.pop()
        state = _state(current)
        for kind in ("_parameters", "_buffers"):
            found |= {f"{prefix}{name}": value for name, value in readables(fields_of(state.get(kind))).items()}
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
