"""The vectors in files that others made: NumPy's, and PyTorch's, of which nothing is executed.

What a vector is of, a file seldom says: its name may, as InterFaceGAN's published ones do, or its shape, held against a
generator's spaces. Where neither tells, the caller is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray

from ganprobe.checkpoints.containers import read_root
from ganprobe.checkpoints.reader.inert_objects import Readable, fields_of
from ganprobe.checkpoints.reader.lazy_tensors import LazyTensors
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.directions.edits.displacement import DirectionSpace

PUBLISHED_END: Final = "_boundary"
PYTORCH: Final = (".pt", ".pth", ".bin", ".pkl")
MOST: Final = 1000
"""No file of directions has more."""
Spaces = Mapping[str, tuple[int, ...]]
_PUBLISHED: Final = re.compile(r"(pggan|stylegan)_(celebahq|ffhq)_(?P<name>.+?)(?P<w>_w)?_boundary")
_NAMED: Final = re.compile(r"(?P<name>.+?)_(?P<space>z|w|wp|wplus|w\+)")
_EIGENVECTORS: Final = "eigvec"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Vector:
    """A vector as a file has it: (D,), or (layers, D). space: as the file or its name tells it, else None."""

    name: str
    values: NDArray[Any]
    space: DirectionSpace | None = None
    scores: Mapping[str, float] = field(default_factory=dict)


def published_name(stem: str) -> tuple[str, DirectionSpace | None]:
    """The attribute and the space in the name of a boundary: <model>_<data set>_<attribute>[_w]_boundary as published,
    where no _w means z; elsewhere an ending, and None for a name that does not tell.

    >>> published_name("stylegan_celebahq_age_w_boundary"), published_name("pggan_celebahq_age_boundary")
    (('age', 'w'), ('age', 'z'))
    >>> published_name("smile_w"), published_name("boundary")
    (('smile', 'w'), ('boundary', None))
    """
    if found := _PUBLISHED.fullmatch(stem):
        return found["name"], "w" if found["w"] else "z"
    words = stem.removesuffix(PUBLISHED_END)
    if found := _NAMED.fullmatch(words):
        return found["name"], {"z": "z", "w": "w"}.get(found["space"], "w+")  # type: ignore[return-value]
    return words, None


def tensor_vectors(path: Path) -> list[Vector]:
    """The vectors in a file of torch.save: one tensor, or several by name; of the closed-form factorisation of
    rosinality's project ("eigvec") the columns, in w. CheckpointError for a file that holds anything else."""
    _, root = read_root(path)
    records = {path.stem: root} if isinstance(root, Readable) else _records(root)
    if not records or len(records) > MOST:
        raise CheckpointError(f"{path} holds no directions: a tensor (D,), (1, D) or (layers, D), or several by name")
    tensors = LazyTensors(path, records)
    if _EIGENVECTORS in tensors:
        columns = tensors[_EIGENVECTORS].double().numpy().T
        return [Vector(name=f"sefa_{number}", values=column, space="w") for number, column in enumerate(columns)]
    arrays = {name: value.double() if value.is_floating_point() else value for name, value in tensors.items()}
    return [_named(path, name, value.numpy()) for name, value in arrays.items()]


def _records(root: object) -> dict[str, Readable]:
    entries = dict(enumerate(root)) if isinstance(root, list | tuple) else fields_of(root)
    found = {str(name): value for name, value in entries.items() if isinstance(value, Readable)}
    return {
        name: value for name, value in found.items() if value.shape
    }  # single numbers, as intercepts, are no vectors


def _named(path: Path, name: str, values: NDArray[Any]) -> Vector:
    told, space = published_name(name)
    space = space or published_name(path.stem)[1]
    return Vector(name=told, values=checked(values, path), space=space)


def checked(values: NDArray[Any], path: Path) -> NDArray[Any]:
    """(D,), or (layers, D). CheckpointError for anything else."""
    values = values[0] if values.ndim == 3 and len(values) == 1 else values
    if values.dtype.kind != "f" or values.ndim not in (1, 2):
        raise CheckpointError(f"{path} is no boundary: an array of floats, (1, D), (D,) or (layers, D), was expected")
    return values


def settled(
    vector: Vector, path: Path, *, space: DirectionSpace | None, spaces: Spaces | None
) -> tuple[DirectionSpace, NDArray[Any]]:
    """The space of a vector, and its values as that space has them. space: as the caller tells it, before the file's
    name; spaces: of the generator, with their shapes, where it is known. InputError where the space is not told, and
    for rows of several layers that are to be one vector and differ."""
    values = vector.values
    flat = values[0] if values.ndim == 2 and len(values) == 1 else values
    told = space or (vector.space if flat.ndim == 1 or vector.space == "w+" else None)
    if told is None:
        told = _of_shape(flat, path, spaces)
    if told == "w+":
        return told, values if values.ndim == 2 else _every_layer(values, path, spaces)
    if flat.ndim == 2 and (flat == flat[:1]).all():
        flat = flat[0]
    if flat.ndim != 1:
        raise InputError(
            f"{path} has an array of shape {values.shape}, layers by numbers; give the space w+ (--space w+)"
        )
    return told, flat


def _every_layer(values: NDArray[Any], path: Path, spaces: Spaces | None) -> NDArray[Any]:
    if spaces is None or "w+" not in spaces:
        raise InputError(f"{path} has one vector {values.shape} for w+: give an array (layers, D), or the space w")
    return np.tile(values, (spaces["w+"][0], 1))


def _of_shape(values: NDArray[Any], path: Path, spaces: Spaces | None) -> DirectionSpace:
    if values.ndim == 2 and (spaces is None or values.shape == tuple(spaces.get("w+", ()))):
        return "w+"
    known = spaces or {"z": values.shape, "w": values.shape}
    fitting = [name for name in get_args(DirectionSpace) if tuple(known.get(name, ())) == values.shape]
    if len(fitting) == 1:
        only: DirectionSpace = fitting[0]
        return only
    if not fitting:
        had = ", ".join(f"{name} {tuple(shape)}" for name, shape in known.items())
        raise InputError(
            f"{path} has shape {values.shape} and the generator's spaces are {had}; it belongs to another generator"
        )
    choices = " or ".join(f"--space {name}" for name in fitting)
    raise InputError(
        f"{path} does not say of which space it is, and it fits {' and '.join(fitting)}: say {choices} (space=)"
    )
