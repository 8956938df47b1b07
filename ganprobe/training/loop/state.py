"""The state of a run on disk: one safetensors file with every number that the next step depends on. There is no
random state in it, for the streams are functions of the step."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ganprobe.core.errors import TrainingError
from ganprobe.core.files import write_bytes

FORMAT = 2


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: steps done, seconds spent, scalars noted but not logged, and the loss scaler's state.
    signature: of what must stay the same, where that is kept with the state."""

    step: int = 0
    seconds: float = 0.0
    pending: Mapping[str, list[float]] | None = None
    scaler: Mapping[str, Any] | None = None
    signature: str = ""


def save_state(
    path: Path,
    progress: Progress,
    networks: Mapping[str, nn.Module],
    optimisers: Mapping[str, torch.optim.Optimizer],
) -> None:
    """Write everything to `path`, whole or not at all."""
    tensors: dict[str, Tensor] = {}
    for name, network in networks.items():
        tensors |= {f"{name}/{key}": value for key, value in network.state_dict().items()}
        if name in optimisers:
            tensors |= _optimiser_tensors(name, network, optimisers[name])
    header = {
        "format": FORMAT,
        "step": progress.step,
        "seconds": progress.seconds,
        "pending": dict(progress.pending or {}),
        "scaler": dict(progress.scaler or {}),
        "signature": progress.signature,
    }
    plain = {key: value.detach().cpu().clone(memory_format=torch.contiguous_format) for key, value in tensors.items()}
    write_bytes(path, save(plain, metadata={"ganprobe.training": json.dumps(header, sort_keys=True)}))


def load_state(
    path: Path, networks: Mapping[str, nn.Module], optimisers: Mapping[str, torch.optim.Optimizer]
) -> Progress:
    """Fill networks and optimisers from `path`. TrainingError where it is not a state of these networks."""
    try:
        with safe_open(str(path), framework="pt") as file:
            progress = _progress(file)
            tensors = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a mapping)
        for name, network in networks.items():
            prefix = f"{name}/"
            network.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
            if name in optimisers:
                _fill_optimiser(name, network, optimisers[name], tensors)
    except (SafetensorError, OSError, KeyError, ValueError, RuntimeError) as problem:
        raise _no_state(path, problem) from problem
    return progress


def read_progress(path: Path) -> Progress:
    """How far the run of the state at `path` is; no tensor is read. TrainingError where it is no state."""
    try:
        with safe_open(str(path), framework="pt") as file:
            return _progress(file)
    except (SafetensorError, OSError, KeyError, ValueError) as problem:
        raise _no_state(path, problem) from problem


def _progress(file: Any) -> Progress:
    header = json.loads((file.metadata() or {})["ganprobe.training"])
    return Progress(header["step"], header["seconds"], header["pending"], header["scaler"], header["signature"])


def _no_state(path: Path, problem: Exception) -> TrainingError:
    reason = str(problem).splitlines()[0]
    return TrainingError(f"{path} is not the state of this run ({reason}); remove it, or train into a new folder")


def _optimiser_tensors(name: str, network: nn.Module, optimiser: torch.optim.Optimizer) -> dict[str, Tensor]:
    state = optimiser.state
    return {
        f"{name}.optimiser/{key}/{slot}": value
        for key, weight in network.named_parameters()
        if weight in state
        for slot, value in state[weight].items()
    }


def _fill_optimiser(
    name: str, network: nn.Module, optimiser: torch.optim.Optimizer, tensors: Mapping[str, Tensor]
) -> None:
    weights = dict(network.named_parameters())
    for full, value in tensors.items():
        owner, _, rest = full.partition("/")
        if owner != f"{name}.optimiser":
            continue
        key, slot = rest.rsplit("/", 1)
        # As Adam makes them: moments laid out like the weight, and all beside it.
        weight = weights[key]
        moment = value.to(weight.device) if slot == "step" else torch.zeros_like(weight).copy_(value)
        optimiser.state[weight][slot] = moment
