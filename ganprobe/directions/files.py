"""Directions on disk: one safetensors file for a set, and the boundaries that InterFaceGAN published as .npy.

The tensors are the unit vectors, float32, called 0000, 0001, ... in the order of the set. The metadata has one key,
"ganprobe", whose value is JSON with sorted keys: `format` (1), `kind` ("directions"), `method`, `generator` (name and
fingerprint), `seed`, `provenance`, and `directions`: for each its name, space, layers, scale, intercept and scores. The
same set gives the same bytes, and nothing in the file executes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.core.files import write_bytes
from ganprobe.directions.direction import Direction, Directions, DirectionSpace

FORMAT: Final = 1
KEY: Final = "ganprobe"
KIND: Final = "directions"
PUBLISHED_END: Final = "_boundary"


def save_directions(path: str | Path, directions: Directions) -> None:
    """Write a set, whole or not at all. OutputError where the file cannot be written."""
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
    write_bytes(path, save(tensors, metadata={KEY: json.dumps(header, sort_keys=True, allow_nan=False)}))


def record_of(item: Direction) -> dict[str, Any]:
    """All of a direction but its vector, as JSON has it."""
    return {
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
    header, tensors = _read(path)
    if header.get("kind") != KIND or header.get("format") != FORMAT:
        found = f"kind {header.get('kind')!r}, format {header.get('format')!r}"
        raise CheckpointError(
            f"{path} holds no directions of format {FORMAT} ({found}); `ganprobe directions` makes them"
        )
    try:
        items = tuple(_direction(row, tensors[_key(i)]) for i, row in enumerate(header["directions"]))
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


def import_boundary(path: str | Path, *, space: DirectionSpace | None = None) -> Directions:
    """One direction from a .npy file of (1, D) or (D,), or of (layers, D) for w+, as InterFaceGAN publishes them.

    space: that of the vector. Left out, it follows from a published file's name (stylegan_celebahq_age_w_boundary.npy
    is "age" in w); other names mean z. The scale stays 1, for the caller to measure on a generator, and the generator
    is not known. CheckpointError for a file that cannot be read or holds something else.
    """
    path = Path(path)
    try:
        array: NDArray[Any] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as problem:
        raise CheckpointError(
            f"cannot read {path} as a .npy array ({_line(problem)}); give a boundary file"
        ) from problem
    if not isinstance(array, np.ndarray) or array.dtype.kind != "f" or array.ndim not in (1, 2):
        raise CheckpointError(f"{path} is no boundary: an array of floats, (1, D), (D,) or (layers, D), was expected")
    name, named_space = published_name(path.stem)
    space = space or named_space
    vector = array if space == "w+" else array.reshape(-1) if array.ndim == 1 or len(array) == 1 else array
    item = Direction(name=name, space=space, vector=vector)
    return Directions(
        items=(item,), method="imported", generator="", fingerprint=None, seed=0, provenance={"file": path.name}
    )


def published_name(stem: str) -> tuple[str, DirectionSpace]:
    """The attribute and the space in the name of a published boundary: <model>_<data set>_<attribute>[_w]_boundary."""
    words = stem.removesuffix(PUBLISHED_END)
    space: DirectionSpace = "w" if words.endswith("_w") else "z"
    parts = words.removesuffix("_w").split("_")
    published = stem.endswith(PUBLISHED_END) and len(parts) > 2
    return "_".join(parts[2:]) if published else words.removesuffix("_w"), space


def _direction(row: Mapping[str, Any], vector: NDArray[Any]) -> Direction:
    layers = None if row["layers"] is None else tuple(int(layer) for layer in row["layers"])
    return Direction(
        name=str(row["name"]),
        space=row["space"],
        vector=vector,
        scale=float(row["scale"]),
        layers=layers,
        intercept=None if row["intercept"] is None else float(row["intercept"]),
        scores={str(name): float(value) for name, value in row["scores"].items()},
    )


def _read(path: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    try:
        with safe_open(str(path), framework="numpy") as file:
            header = json.loads((file.metadata() or {}).get(KEY, "{}"))
            return dict(header), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, TypeError) as problem:
        raise CheckpointError(f"cannot read {path} as directions ({_line(problem)}); give a file of them") from problem


def _key(number: int) -> str:
    return f"{number:04}"


def _line(problem: BaseException) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]
