"""Directions on disk: one safetensors file for a set.

The tensors are the unit vectors, float32, called 0000, 0001, ... in the order of the set; those of a curved walk are
called 0000.forward.weight_in and so on. The metadata has one key, "ganprobe", whose value is JSON with sorted keys:
`format` (1), `kind` ("directions"), `method`, `generator` (name and fingerprint), `seed`, `provenance`, and
`directions`: for each its name, space, layers, scale, intercept and scores, and of a walk its pace. The same
set gives the same bytes, and nothing in the file executes.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save

from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.files import write_bytes
from ganprobe.directions.direction import Direction, Directions
from ganprobe.directions.headed_files import header_text, read_headed
from ganprobe.directions.walks import walk_of, walk_record

FORMAT: Final = 1
KIND: Final = "directions"


def save_directions(path: str | Path, directions: Directions) -> None:
    """Write a set, whole or not at all. OutputError where the file cannot be written."""
    write_bytes(path, directions_bytes(directions))


def directions_bytes(directions: Directions) -> bytes:
    """What `save_directions` writes."""
    header = {
        "format": FORMAT,
        "kind": KIND,
        "method": directions.method,
        "generator": {"name": directions.generator, "fingerprint": directions.fingerprint},
        "seed": directions.seed,
        "provenance": dict(directions.provenance),
        "directions": [record_of(item) for item in directions],
    }
    tensors = {_key(i): np.ascontiguousarray(item.vector) for i, item in enumerate(directions)}
    for i, item in enumerate(directions):
        if item.walk is not None:
            tensors |= {f"{_key(i)}.{name}": array for name, array in item.walk.tensors().items()}
    return bytes(save(tensors, metadata=header_text(header)))


def record_of(item: Direction) -> dict[str, Any]:
    """All of a direction but its tensors, as JSON has it."""
    return {
        **({} if item.walk is None else walk_record(item.walk)),
        "name": item.name,
        "space": item.space,
        "layers": None if item.layers is None else list(item.layers),
        "scale": float(item.scale),
        "intercept": None if item.intercept is None else float(item.intercept),
        "scores": {name: float(value) for name, value in item.scores.items()},
    }


def load_directions(path: str | Path) -> Directions:
    """The set of a file that `save_directions` wrote. CheckpointError where it cannot be read or is no such file."""
    path = Path(path)
    header, tensors = read_headed(path, "directions", "numpy")
    if header.get("kind") != KIND or header.get("format") != FORMAT:
        found = f"kind {header.get('kind')!r}, format {header.get('format')!r}"
        raise CheckpointError(
            f"{path} holds no directions of format {FORMAT} ({found}); `ganprobe directions` makes them"
        )
    try:
        items = tuple(_direction(row, _key(i), tensors) for i, row in enumerate(header["directions"]))
        return Directions(
            items=items,
            method=str(header["method"]),
            generator=str(header["generator"]["name"]),
            fingerprint=header["generator"]["fingerprint"],
            seed=int(header["seed"]),
            provenance=header["provenance"],
        )
    except (KeyError, TypeError, ValueError, AttributeError, InputError) as problem:
        raise CheckpointError(f"{path} is malformed ({problem}); write it again") from problem


def _direction(row: Mapping[str, Any], key: str, tensors: Mapping[str, NDArray[Any]]) -> Direction:
    parts = {name.removeprefix(f"{key}."): array for name, array in tensors.items() if name.startswith(f"{key}.")}
    layers = None if row["layers"] is None else tuple(int(layer) for layer in row["layers"])
    return Direction(
        name=str(row["name"]),
        space=row["space"],
        vector=tensors[key],
        scale=float(row["scale"]),
        layers=layers,
        intercept=None if row["intercept"] is None else float(row["intercept"]),
        walk=walk_of(parts, **row["walk"]) if "walk" in row else None,
        scores={str(name): float(value) for name, value in row["scores"].items()},
    )


def _key(number: int) -> str:
    return f"{number:04}"
