"""Published weights on disk: a state dict of tensors, read without executing anything in the file, and the network that
it fills."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import torch
from torch import Tensor, nn

from ganprobe.core.errors import CheckpointError
from ganprobe.features.published.downloads import WeightRecord

_UNREADABLE = (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError, zipfile.BadZipFile)
N = TypeVar("N", bound=nn.Module)


@dataclass(frozen=True, slots=True)
class NetworkWeights(Generic[N]):
    """A network, the sha256 of the file that filled it, and the record of the weights that published numbers rest
    on."""

    network: N
    sha256: str
    record: WeightRecord

    @property
    def official(self) -> bool:
        """Whether these are the weights of the record."""
        return self.sha256 == self.record.sha256

    @property
    def name(self) -> str:
        """What numbers from them are marked with: unofficial weights bear the first 12 digits of their hash."""
        network = self.record.name.partition("-")[0]
        return self.record.name if self.official else f"{network}-unofficial:{self.sha256[:12]}"


def read_state_dict(path: str | Path, what: str) -> Mapping[str, Tensor]:
    """The tensors of a state dict of `what`, by name. What would have to be executed is a CheckpointError, as is a file
    that is missing, damaged, or holds anything else."""
    path = Path(path)
    if not path.is_file():
        raise CheckpointError(f"there are no {what} weights at {path}; check the path")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except _UNREADABLE as problem:
        reason = " ".join(str(problem).split("\n", 1)[0].split())[:120]
        raise CheckpointError(f"{path} holds no weights that can be read safely ({reason})") from problem
    if not isinstance(state, Mapping) or not all(isinstance(value, Tensor) for value in state.values()):
        raise CheckpointError(f"{path} holds a {type(state).__name__}; a state dict of tensors was expected")
    return state


def check_layout(
    tensors: Mapping[str, Tensor], expected: Mapping[str, tuple[int, ...]], *, what: str, record: WeightRecord
) -> None:
    """CheckpointError unless `tensors` have the names and shapes that are `expected` of `what`."""
    got = {name: tuple(value.shape) for name, value in tensors.items()}
    for name in sorted(expected.keys() | got.keys()):
        if expected.get(name) != got.get(name):
            raise CheckpointError(
                f"this is no {what}: {name} should be {expected.get(name, 'absent')} "
                f"and is {got.get(name, 'absent')}; give {record.file}"
            )
