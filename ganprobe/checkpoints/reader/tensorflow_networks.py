"""Networks in the pickles of NVlabs' TensorFlow projects: their variables and arguments, without TensorFlow.

Such a file is a pickle of (G, D, Gs), each a `dnnlib.tflib.network.Network` whose state has "variables" (pairs of name
and array), "components" (networks by name), "static_kwargs" (arguments) and the source of its code, which is never
compiled. Gs, the last, is the averaged generator.
"""

from __future__ import annotations

from collections.abc import Mapping

from ganprobe.checkpoints.reader.inert_objects import Readable, StandIn, fields_of
from ganprobe.core.errors import CheckpointError

NETWORK = "dnnlib.tflib.network.Network"
STATIC = "static_kwargs"


def is_network(value: object) -> bool:
    """Whether a record stands for a TensorFlow network."""
    return isinstance(value, StandIn) and value.name == NETWORK


def snapshot(root: object) -> dict[str, object] | None:
    """The networks of a snapshot (G, D, Gs) by name, the averaged generator first; None for anything else."""
    if isinstance(root, tuple | list) and len(root) == 3 and all(is_network(network) for network in root):
        return {"Gs": root[2], "G": root[0], "D": root[1]}
    return None


def variables(network: object) -> tuple[dict[str, Readable], dict[str, object]]:
    """The arrays of a network and of its components ("mapping/Dense0/weight"), and beside them, under the same names,
    the plain numbers, and the arguments ("static_kwargs", "mapping/static_kwargs"). CheckpointError for a state that is
    not as those projects write it."""
    arrays: dict[str, Readable] = {}
    beside: dict[str, object] = {}
    parts = {"": network} | {f"{name}/": part for name, part in fields_of(_state(network)["components"]).items()}
    for prefix, part in parts.items():
        state = _state(part)
        beside[f"{prefix}{STATIC}"] = state.get(STATIC)
        for pair in _pairs(state["variables"]):
            name = f"{prefix}{pair[0]}"
            if isinstance(pair[1], Readable):
                arrays[name] = pair[1]
            else:
                beside[name] = pair[1]
    return arrays, beside


def _state(network: object) -> Mapping[object, object]:
    state = fields_of(network) if is_network(network) else {}
    if "variables" not in state:
        raise CheckpointError("a TensorFlow network has no variables in its state")
    return {"components": {}, **state}


def _pairs(found: object) -> list[tuple[object, ...]]:
    if not isinstance(found, list) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in found):
        raise CheckpointError("the variables of a TensorFlow network are no list of names and arrays")
    return found
