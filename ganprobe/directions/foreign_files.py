"""Directions that others published: InterFaceGAN's boundaries (.npy), GANSpace's components (.npz), and vectors in
PyTorch's files."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.directions.direction import Direction, Directions
from ganprobe.directions.edits.displacement import DirectionSpace
from ganprobe.directions.foreign_vectors import (
    PYTORCH,
    Spaces,
    Vector,
    checked,
    published_name,
    settled,
    tensor_vectors,
)

SUFFIXES: Final = (".npy", ".npz", *PYTORCH)
_IN_W: Final = re.compile(r"_w(_seed-?\d+)?$")
_OF_GANSPACE: Final = re.compile(r".+_n\d+(_w)?(_seed-?\d+)?")
"""<model>-<class>_<layer>_<method>_c<components>_n<samples>[_w][_seed<number>]: no _w means z there."""


def imported_directions(
    path: str | Path, *, space: DirectionSpace | None = None, spaces: Spaces | None = None
) -> tuple[Directions, bool]:
    """The directions of a file, and whether their scales are known (a boundary's have to be measured on the generator).

    space: that of the vectors; left out, the file's name or, with the generator's `spaces` (name to shape), their shape
    tells. Errors: as `import_boundary` and `import_components`.
    """
    path = Path(path)
    if path.suffix == ".npz":
        return import_components(path, space=space, spaces=spaces), True
    if path.suffix in PYTORCH:
        return _imported(path, tensor_vectors(path), space, spaces), False
    array = _array(path)
    if array.ndim == 3 and array.shape[1] == 1 and len(array) > 1:
        return _components(array[:, 0], None, path, space, spaces), False
    return import_boundary(path, space=space, spaces=spaces), False


def check_importable(path: str | Path) -> None:
    """What can be told of such a file without a generator. CheckpointError where it cannot be read or holds something
    else."""
    path = Path(path)
    if path.suffix in PYTORCH:
        tensor_vectors(path)
    elif path.suffix == ".npz":
        _component_arrays(path)
    elif (array := _array(path)).ndim != 3:
        checked(array, path)


def import_components(
    path: str | Path, *, space: DirectionSpace | None = None, spaces: Spaces | None = None
) -> Directions:
    """The components of a .npz file of GANSpace (Harkonen et al. 2020), ganspace_0, ganspace_1, ..., with their
    standard deviations as scales: its arrays lat_comp (K, 1, D) and lat_stdev (K,), and var_ratio (K,) where it is.

    space: that of the latents. Left out, it follows from the file's name, which ends in _w or _w_seed<number> for w,
    where other names of GANSpace's mean z; else as `import_boundary` has it. CheckpointError for a file that cannot be
    read or holds something else.
    """
    path = Path(path)
    arrays = _component_arrays(path)
    components = arrays["lat_comp"]
    return _components(components.reshape(len(components), -1), arrays, path, space, spaces)


def _component_arrays(path: Path) -> dict[str, NDArray[Any]]:
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in ("lat_comp", "lat_stdev", "var_ratio") if name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as problem:
        raise CheckpointError(
            f"cannot read {path} as an .npz archive ({_line(problem)}); give GANSpace's components"
        ) from problem
    components, scales = arrays.get("lat_comp"), arrays.get("lat_stdev")
    if components is None or scales is None or components.ndim < 2 or len(scales) != len(components):
        raise CheckpointError(f"{path} holds no components of GANSpace: lat_comp (K, 1, D) and lat_stdev (K,) expected")
    if not np.isfinite(components).all():
        raise CheckpointError(f"{path} holds no usable components: some are not finite")
    return arrays


def _components(
    vectors: NDArray[Any],
    arrays: dict[str, NDArray[Any]] | None,
    path: Path,
    space: DirectionSpace | None,
    spaces: Spaces | None,
) -> Directions:
    known = arrays or {}
    named: DirectionSpace | None = (
        "w" if _IN_W.search(path.stem) else "z" if _OF_GANSPACE.fullmatch(path.stem) else None
    )
    first = Vector(name="ganspace_0", values=vectors[0], space=named)
    in_space, _ = settled(first, path, space=space, spaces=spaces)
    try:
        items = tuple(
            Direction(
                name=f"ganspace_{number}",
                space=in_space,
                vector=vector,
                scale=float(known["lat_stdev"][number]) if "lat_stdev" in known else 1.0,
                scores={"explained": float(known["var_ratio"][number])} if "var_ratio" in known else {},
            )
            for number, vector in enumerate(vectors)
        )
    except InputError as problem:
        raise CheckpointError(f"{path} holds no usable components: {problem}") from problem
    return Directions(
        items=items, method="ganspace", generator="", fingerprint=None, seed=0, provenance={"file": path.name}
    )


def import_boundary(
    path: str | Path, *, space: DirectionSpace | None = None, spaces: Spaces | None = None
) -> Directions:
    """One direction from a .npy file of (1, D) or (D,), or of (layers, D) for w+, as InterFaceGAN publishes them.

    space: that of the vector. Left out, it follows from a published file's name (stylegan_celebahq_age_w_boundary.npy
    is "age" in w, ..._age_boundary.npy in z) or an ending (smile_w.npy); else from the shape, held against `spaces`,
    the generator's (name to shape). The scale stays 1, for the caller to measure on a generator, and the generator is
    not known. CheckpointError for a file that cannot be read or holds something else; InputError where nothing tells
    the space.
    """
    path = Path(path)
    name, named = published_name(path.stem)
    vector = Vector(name=name, values=checked(_array(path), path), space=named)
    return _imported(path, [vector], space, spaces)


def _imported(path: Path, vectors: Sequence[Vector], space: DirectionSpace | None, spaces: Spaces | None) -> Directions:
    ready = [(vector.name, *settled(vector, path, space=space, spaces=spaces)) for vector in vectors]
    items = tuple(Direction(name=name, space=in_space, vector=values) for name, in_space, values in ready)
    return Directions(
        items=items, method="imported", generator="", fingerprint=None, seed=0, provenance={"file": path.name}
    )


def _array(path: Path) -> NDArray[Any]:
    try:
        array = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as problem:
        raise CheckpointError(
            f"cannot read {path} as a .npy array ({_line(problem)}); give a boundary file"
        ) from problem
    if not isinstance(array, np.ndarray):
        raise CheckpointError(f"{path} is an archive called .npy; give a boundary file, or call it .npz")
    return np.asarray(array)


def _line(problem: BaseException) -> str:
    return (str(problem).splitlines() or [type(problem).__name__])[0]
