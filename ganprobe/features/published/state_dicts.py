"""Official weights on disk: a state dict of tensors, read without executing anything in the file."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ganprobe.core.errors import CheckpointError

_UNREADABLE = (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, KeyError, OSError, zipfile.BadZipFile)


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
