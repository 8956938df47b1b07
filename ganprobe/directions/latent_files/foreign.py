"""Latents that others write: arrays of NumPy (.npy, .npz, such as StyleGAN2-ADA's projected_w.npz) and files of PyTorch
(.pt, such as e4e's and pSp's latents, and the projections of rosinality's project), of which nothing is executed.

What space they are of, a key, the file's name or the shape may tell, held against a generator's spaces. Where none
does, the caller is asked: a w+ is never taken for z.
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.checkpoints.containers import read_root
from ganprobe.checkpoints.reader.inert_objects import Readable, fields_of, readables
from ganprobe.checkpoints.reader.lazy_tensors import LazyTensors
from ganprobe.core.errors import CheckpointError, InputError, one_line
from ganprobe.core.spaces import Space
from ganprobe.directions.foreign_vectors import PYTORCH, published_name
from ganprobe.directions.latent_files.latent_set import SPACES, LatentSet
from ganprobe.directions.latent_files.native import load_latents

NATIVE: Final = ".safetensors"
SUFFIXES: Final = (NATIVE, ".npy", ".npz", *PYTORCH)
_KEYS: Final[Mapping[str, Space | None]] = {
    "w": "w",
    "ws": "w+",
    "wp": "w+",
    "w_plus": "w+",
    "z": "z",
    "latents": None,
    "latent": None,
    "codes": None,
    "arr_0": None,
}
"""What arrays are called, and the space that they are of, by rows of one vector each; three axes are always w+."""
_LABELS: Final = ("labels", "label", "c", "y")
_LATENT, _NOISE = "latent", "noise"
MOST: Final = 2**20
"""Latents that are read of one file."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class _Found:
    """Arrays as a file has them. space: as it tells it."""

    values: NDArray[Any]
    space: Space | None = None
    labels: NDArray[Any] | None = None
    noise: tuple[torch.Tensor, ...] = ()
    names: tuple[str, ...] = ()


def read_latents(
    path: str | Path, *, space: Space | None = None, spaces: Mapping[str, tuple[int, ...]] | None = None
) -> LatentSet:
    """The latents of a file of any kind.

    space: theirs, before what the file says; spaces: the generator's, name to shape. CheckpointError for a file that
    cannot be read or holds no latents, InputError where nothing tells the space, or where it is not of that shape.
    """
    path = Path(path)
    if path.suffix not in SUFFIXES:
        raise InputError(f"latents are in files that end in {', '.join(SUFFIXES)}, got {path.name!r}")
    if path.suffix == NATIVE:
        return load_latents(path)
    found = _of_pytorch(path) if path.suffix in PYTORCH else _of_numpy(path)
    values = _numbers(found.values, path)
    named = space or _unless_layers(found.space or published_name(path.stem)[1], values.shape, spaces)
    told, values = _placed(values, named, spaces, path)
    try:
        return LatentSet(
            space=told,
            values=torch.from_numpy(_single(values)),
            labels=_labels(found.labels, path),
            noise=found.noise or "const",
            names=found.names,
            origin={"file": path.name},
        )
    except InputError as problem:
        raise CheckpointError(f"{path} holds no usable latents: {problem}") from problem


def _of_numpy(path: Path) -> _Found:
    try:
        loaded = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            return _Found(values=loaded)
        with loaded as file:
            arrays = {name: file[name] for name in file.files if name in _KEYS or name in _LABELS}
            had = file.files
    except FileNotFoundError as problem:
        raise CheckpointError(f"there are no latents {path}; check the path") from problem
    except (OSError, ValueError, EOFError, KeyError, zipfile.BadZipFile) as problem:
        raise CheckpointError(
            f"cannot read {path} as NumPy's array ({one_line(problem)}); a file of objects has to be saved as numbers"
        ) from problem
    return _named(arrays, had, path)


def _of_pytorch(path: Path) -> _Found:
    _, root = read_root(path)
    if isinstance(root, Readable):
        return _Found(values=_arrays(path, {"latents": root})["latents"])
    if isinstance(root, list | tuple) and root and all(isinstance(value, Readable) for value in root):
        rows = _arrays(path, {str(number): value for number, value in enumerate(root)})
        return _Found(values=_stacked([rows[str(number)] for number in range(len(root))], path))
    entries = fields_of(root)
    if pictures := {str(name): fields_of(value) for name, value in entries.items() if _LATENT in fields_of(value)}:
        return _of_pictures(path, pictures)
    known = readables({name: value for name, value in entries.items() if name in _KEYS or name in _LABELS})
    return _named(_arrays(path, known), [str(name) for name in entries], path)


def _of_pictures(path: Path, pictures: Mapping[str, Mapping[object, object]]) -> _Found:
    """{picture: {"latent": ..., "noise": [...]}}, as rosinality's projector writes it."""
    records = readables({name: each[_LATENT] for name, each in pictures.items()})
    arrays = _arrays(path, records)
    values = _stacked([arrays[name] for name in pictures if name in arrays], path)
    layers = [_noise_maps(path, each.get(_NOISE)) for each in pictures.values()]
    whole = bool(layers[0]) and len({tuple(each.shape for each in maps) for maps in layers}) == 1
    noise = tuple(torch.cat(same) for same in zip(*layers, strict=True)) if whole else ()
    return _Found(values=values, noise=noise, names=tuple(pictures))


def _noise_maps(path: Path, given: object) -> list[torch.Tensor]:
    if not isinstance(given, list | tuple) or not all(isinstance(value, Readable) for value in given):
        return []
    maps = LazyTensors(path, {str(number): value for number, value in enumerate(given)})
    found = [maps[name].float() for name in maps]
    return [layer.reshape(1, 1, *layer.shape[-2:]) for layer in found if layer.ndim >= 2]


def _arrays(path: Path, records: Mapping[str, Readable]) -> dict[str, NDArray[Any]]:
    tensors = LazyTensors(path, records)
    return {name: (value.double() if value.is_floating_point() else value).numpy() for name, value in tensors.items()}


def _stacked(rows: Sequence[NDArray[Any]], path: Path) -> NDArray[Any]:
    flat = [row[0] if row.ndim == 3 and len(row) == 1 else row for row in rows]
    if len({row.shape for row in flat}) != 1:
        raise CheckpointError(f"{path} holds latents of several shapes; give each its own file")
    return np.stack(flat)


def _named(arrays: Mapping[str, NDArray[Any]], had: Sequence[str], path: Path) -> _Found:
    names = [name for name in _KEYS if name in arrays]
    if len(names) != 1:
        what = "several" if names else "none of"
        raise CheckpointError(
            f"{path} has {what} {', '.join(names or _KEYS)} (it has {', '.join(map(str, had)) or 'nothing'}); save the "
            "latents alone"
        )
    labels = next((arrays[name] for name in _LABELS if name in arrays), None)
    return _Found(values=arrays[names[0]], space=_KEYS[names[0]], labels=labels)


def _numbers(values: NDArray[Any], path: Path) -> NDArray[Any]:
    if values.dtype.kind != "f" or values.ndim not in (1, 2, 3) or not values.size or len(values) > MOST:
        raise CheckpointError(
            f"{path} holds no latents: floats (N, D) or (N, layers, D) were expected, got {values.dtype} {values.shape}"
        )
    if values.ndim == 3 and values.shape[1] == 1:
        values = values[:, 0]
    return values[None] if values.ndim == 1 else values


def _placed(
    values: NDArray[Any], told: Space | None, spaces: Mapping[str, tuple[int, ...]] | None, path: Path
) -> tuple[Space, NDArray[Any]]:
    """Their space, and (N, ...) of it. InputError where it is not told, or cannot be so."""
    if values.ndim == 3:
        if told not in (None, "w", "w+"):
            raise InputError(
                f"{path} has latents {values.shape}, a vector for each layer: they are of w+, not of {told}"
            )
        return "w+", values
    wide = tuple((spaces or {}).get("w+", ()))
    if told == "w+":
        if wide and values.shape != wide:
            values = np.repeat(values[:, None], wide[0], axis=1) if values.shape[1:] == wide[1:] else values[None]
            return "w+", values
        return "w+", values[None]
    fitting = [told] if told else _fitting(values.shape, spaces or {})
    if len(fitting) == 1:
        return fitting[0], values[None] if fitting[0] == "w+" else values
    if not fitting and spaces:
        had = ", ".join(f"{name} {tuple(shape)}" for name, shape in spaces.items())
        raise InputError(f"{path} has latents {values.shape} and the generator's spaces are {had}; they do not fit it")
    choices = " or ".join(f"--latent-space {name}" for name in fitting or ("z", "w"))
    raise InputError(f"{path} does not say of which space its latents {values.shape} are: say {choices} (space=)")


def _unless_layers(
    named: Space | None, shape: tuple[int, ...], spaces: Mapping[str, tuple[int, ...]] | None
) -> Space | None:
    """The space that a file names; None where it names w, as projectors call their w+ too, and a single w+ has the same
    shape."""
    return None if named == "w" and tuple((spaces or {}).get("w+", ())) == shape else named


def _fitting(shape: tuple[int, ...], spaces: Mapping[str, tuple[int, ...]]) -> list[Space]:
    """The spaces of which rows (N, D) may be: N latents, or one with a row for each layer."""
    rows = [name for name in SPACES if name != "w+" and tuple(spaces.get(name, ())) == shape[1:]]
    return [*rows, *(["w+"] if tuple(spaces.get("w+", ())) == shape else [])]  # type: ignore[list-item]


def _single(values: NDArray[Any]) -> NDArray[np.float32]:
    with np.errstate(over="ignore"):  # what is infinite then is refused
        return np.array(values, dtype=np.float32)


def _labels(values: NDArray[Any] | None, path: Path) -> torch.Tensor | None:
    """Of numbers, or of rows with a single one. None for an empty table, as unconditional networks have it."""
    if values is None or not values.size:
        return None
    if values.dtype.kind not in "biuf":
        raise CheckpointError(f"{path} has labels of type {values.dtype}; numbers of classes were expected")
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2 and bool(((values == 0) | (values == 1)).all() & (values.sum(1) == 1).all()):
        values = values.argmax(1)
    if values.ndim != 1 or not bool((values == np.round(values)).all()):
        raise CheckpointError(f"{path} has labels {values.shape} that are neither numbers of classes nor one-hot rows")
    return torch.from_numpy(values.astype(np.int64))
