"""Packed states as bytes and back: one npz archive of "<state key>/<array>", nothing pickled.

>>> import numpy as np
>>> unpacked(packed({"rows:x": {"index": np.arange(2)}}))["rows:x"]["index"].tolist()
[0, 1]
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
States = dict[str, dict[str, NDArray[Any]]]


def write_packed(file: BinaryIO, states: Mapping[str, Arrays], **more: NDArray[Any]) -> None:
    """Write the packed state of each state key, and arrays `more` that belong to none."""
    arrays = {f"{key}/{name}": array for key, state in states.items() for name, array in state.items()}
    np.savez(file, **more, **arrays)  # type: ignore[arg-type]


def read_packed(file: BinaryIO) -> tuple[States, dict[str, NDArray[Any]]]:
    """What `write_packed` wrote: the states and the further arrays. ValueError, EOFError, KeyError or BadZipFile where
    it is damaged."""
    states: States = {}
    more: dict[str, NDArray[Any]] = {}
    with np.load(file, allow_pickle=False) as archive:
        for name in archive.files:
            key, slash, inner = name.rpartition("/")
            if slash:
                states.setdefault(key, {})[inner] = archive[name]
            else:
                more[name] = archive[name]
    return states, more


def packed(states: Mapping[str, Arrays]) -> bytes:
    """The packed states as bytes."""
    buffer = io.BytesIO()
    write_packed(buffer, states)
    return buffer.getvalue()


def unpacked(data: bytes) -> States:
    """The packed states that `packed` took."""
    return read_packed(io.BytesIO(data))[0]
