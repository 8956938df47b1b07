"""What a foreign checkpoint file is packed in, and the generator's tensors in it. Nothing in a file is executed."""

from __future__ import annotations

import pickle
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from ganprobe.checkpoints.reading import Contents
from ganprobe.core.errors import CheckpointError

AVERAGED = ("g_ema", "G_ema", "g_running")
"""Keys under which a dict of several networks holds the averaged generator."""


def open_contents(path: Path) -> Contents:
    """The contents of a PyTorch file. CheckpointError for a file that is missing, damaged or no checkpoint."""
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}; check the path")
    try:
        root = torch.load(path, map_location="cpu", weights_only=True)
    except (
        pickle.UnpicklingError,
        RuntimeError,
        EOFError,
        ValueError,
        KeyError,
        OSError,
        zipfile.BadZipFile,
    ) as problem:
        reason = " ".join(str(problem).split("\n", 1)[0].split())[:120]
        raise CheckpointError(f"{path} is no checkpoint that can be read safely ({reason})") from problem
    return contents_of(path, "PyTorch file", root)


def contents_of(path: Path, container: str, root: object) -> Contents:
    """The contents of a file whose outermost object is `root`."""
    if not isinstance(root, Mapping):
        raise CheckpointError(f"{path} holds a {type(root).__name__}; a state dict was expected")
    for key in AVERAGED:
        if isinstance(inner := root.get(key), Mapping):
            beside = {str(name): value for name, value in root.items() if name != key}
            return Contents(path=path, container=container, tensors=tensors_of(inner), place=key, beside=beside)
    beside = {str(name): value for name, value in root.items() if not isinstance(value, Tensor)}
    return Contents(path=path, container=container, tensors=tensors_of(root), beside=beside)


def tensors_of(state: Mapping[object, object]) -> dict[str, Tensor]:
    """The tensors of a state dict; a prefix "module." that all names bear (DataParallel's) is dropped."""
    tensors = {str(name): value for name, value in state.items() if isinstance(value, Tensor)}
    if tensors and all(name.startswith("module.") for name in tensors):
        return {name.removeprefix("module."): value for name, value in tensors.items()}
    return tensors
