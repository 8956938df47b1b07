"""Directions that others published as NumPy files: InterFaceGAN's boundaries (.npy), GANSpace's components (.npz)."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.directions.direction import Direction, Directions
from ganprobe.directions.edits.displacement import DirectionSpace

PUBLISHED_END: Final = "_boundary"
SUFFIXES: Final = (".npy", ".npz")
_IN_W: Final = re.compile(r"_w(_seed-?\d+)?$")


def imported_directions(path: str | Path, *, space: DirectionSpace | None = None) -> tuple[Directions, bool]:
    """The directions of a .npy or .npz file, and whether their scales are known (a boundary's have to be measured on
    the generator). Errors: as `import_boundary` and `import_components`."""
    path = Path(path)
    if path.suffix == ".npz":
        return import_components(path, space=space), True
    array = _array(path)
    if array.ndim == 3 and array.shape[1] == 1:
        return _components(array[:, 0], None, path, space), False
    return import_boundary(path, space=space), False


def import_components(path: str | Path, *, space: DirectionSpace | None = None) -> Directions:
    """The components of a .npz file of GANSpace (Harkonen et al. 2020), ganspace_0, ganspace_1, ..., with their
    standard deviations as scales: its arrays lat_comp (K, 1, D) and lat_stdev (K,), and var_ratio (K,) where it is.

    space: that of the latents. Left out, it follows from the file's name, which ends in _w or _w_seed<number> for w;
    other names mean z. CheckpointError for a file that cannot be read or holds something else.
    """
    path = Path(path)
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
    return _components(components.reshape(len(components), -1), arrays, path, space)


def _components(
    vectors: NDArray[Any], arrays: dict[str, NDArray[Any]] | None, path: Path, space: DirectionSpace | None
) -> Directions:
    known = arrays or {}
    in_space: DirectionSpace = space or ("w" if _IN_W.search(path.stem) else "z")
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


def import_boundary(path: str | Path, *, space: DirectionSpace | None = None) -> Directions:
    """One direction from a .npy file of (1, D) or (D,), or of (layers, D) for w+, as InterFaceGAN publishes them.

    space: that of the vector. Left out, it follows from a published file's name (stylegan_celebahq_age_w_boundary.npy
    is "age" in w); other names mean z. The scale stays 1, for the caller to measure on a generator, and the generator
    is not known. CheckpointError for a file that cannot be read or holds something else.
    """
    path = Path(path)
    array = _array(path)
    if array.dtype.kind != "f" or array.ndim not in (1, 2):
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
