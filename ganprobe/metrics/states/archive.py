"""Packed states as one safetensors file of "<state key>/<array>", with words beside them.

>>> import numpy as np
>>> unpacked(packed({"rows:x": {"index": np.arange(2)}}))["rows:x"]["index"].tolist()
[0, 1]
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load, save

Arrays = Mapping[str, NDArray[Any]]
States = dict[str, dict[str, NDArray[Any]]]
DAMAGED = (SafetensorError, OSError)
"""What reading raises of a file that is not whole, or of another kind."""


def packed(states: Mapping[str, Arrays], words: Mapping[str, str] | None = None) -> bytes:
    """The packed state of each state key, and `words` that belong to none."""
    arrays = {
        f"{key}/{name}": np.asarray(array, order="C") for key, state in states.items() for name, array in state.items()
    }
    # An empty mapping of words in a file without arrays makes a header that cannot be read.
    return save(arrays, metadata=dict(words) if words else None)


def unpacked(data: bytes) -> States:
    """The states that `packed` took. SafetensorError where `data` is nothing of the kind."""
    return _by_key(load(data))


def read_packed(path: Path) -> tuple[States, dict[str, str]]:
    """The states and the words of a file of what `packed` gave; one of DAMAGED where it is none."""
    with safe_open(path, framework="numpy") as file:
        words = file.metadata() or {}
        return _by_key({name: file.get_tensor(name) for name in file.keys()}), words  # noqa: SIM118


def words_of(path: Path) -> dict[str, str]:
    """The words alone; one of DAMAGED as `read_packed`."""
    with safe_open(path, framework="numpy") as file:
        return file.metadata() or {}


def _by_key(arrays: Arrays) -> States:
    states: States = {}
    for name, array in arrays.items():
        key, _, inner = name.rpartition("/")
        states.setdefault(key, {})[inner] = array
    return states
