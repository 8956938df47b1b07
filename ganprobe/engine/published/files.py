"""The files in which other projects keep statistics of images, read without executing anything in them.

- pytorch-fid, TTUR, clean-fid: .npz of `mu` and `sigma`; clean-fid's of features: `feats`
- ADM: .npz of images `arr_0`, with `mu` and `sigma` of more of them
- StyleGAN3, StyleGAN2-ADA: .pkl of `num_items`, `raw_mean` and `raw_cov`, or `all_features`
- torch-fidelity: .pt of `mu` and `sigma`, or of one tensor of features
"""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.checkpoints.containers import read_root
from ganprobe.checkpoints.reader.inert_objects import Readable, fields_of
from ganprobe.checkpoints.reader.lazy_tensors import LazyTensors
from ganprobe.core.errors import CheckpointError, InputError

NUMPY: Final = ".npz"
PICKLES: Final = (".pkl", ".pickle")
TORCH: Final = (".pt", ".pth")
SUFFIXES: Final = (NUMPY, *PICKLES, *TORCH)
_MODES: Final = {"legacy_pytorch": "pytorch-fid", "legacy_tensorflow": "ttur", "clean": "clean-fid"}
"""In the names of clean-fid's files."""
Array = NDArray[Any]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Raw:
    """What a file holds: mean (d,) and covariance (d, d), or features (N, d). protocol: whose it is, where the file
    tells. n: of how many images, where it tells. images: whether it holds images besides."""

    mean: Array | None = None
    covariance: Array | None = None
    rows: Array | None = None
    protocol: str | None = None
    n: int | None = None
    images: bool = False


def read_raw(path: Path) -> Raw | None:
    """The statistics in a file; None for a file that is of another kind, and holds images perhaps. InputError for one
    that is damaged, or lacks a part."""
    suffix = path.suffix.lower()
    if not path.is_file():
        return None
    if suffix == NUMPY:
        return _of_numpy(path)
    if suffix in PICKLES or suffix in TORCH:
        try:
            _, root = read_root(path)
        except CheckpointError:
            return None
        return _of_pickle(path, root)
    return None


def _of_numpy(path: Path) -> Raw | None:
    try:
        with np.load(path, allow_pickle=False) as file:
            names = set(file.files)
            if not names & {"mu", "sigma", "feats"}:
                return None
            arrays = {name: file[name] for name in ("mu", "sigma", "feats") if name in names}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile, zipfile.LargeZipFile):
        return None
    told = next((name for mode, name in _MODES.items() if f"_{mode}_" in path.name), None)
    if "feats" in arrays:
        return Raw(rows=arrays["feats"], protocol=told)
    mean, covariance = _both(path, arrays, "mu", "sigma")
    return Raw(mean=mean, covariance=covariance, protocol=told, images="arr_0" in names)


def _of_pickle(path: Path, root: object) -> Raw | None:
    if isinstance(root, Readable):
        return _of_features(path, root)
    fields: dict[Any, Any] = dict(fields_of(root)) if isinstance(root, Mapping) or hasattr(root, "__dict__") else {}
    if {"raw_mean", "raw_cov", "num_items"} & fields.keys() and "num_items" in fields:
        return _of_stylegan3(path, fields)
    if {"mu", "sigma"} & fields.keys():
        mean, covariance = _both(path, _arrays(path, fields, ("mu", "sigma")), "mu", "sigma")
        return Raw(mean=mean, covariance=covariance, protocol="torch-fidelity")
    return None


def _of_features(path: Path, root: Readable) -> Raw | None:
    if len(root.shape) != 2 or "-features-" not in path.name:
        return None
    return Raw(rows=LazyTensors(path, {"features": root})["features"].numpy(), protocol="torch-fidelity")


def _of_stylegan3(path: Path, fields: Mapping[str, Any]) -> Raw:
    n = fields["num_items"]
    if not isinstance(n, int) or n < 2:
        raise InputError(f"{path} counts {n!r} images; statistics of at least 2 were expected")
    parts = fields.get("all_features")
    if isinstance(parts, list | tuple) and parts:
        tensors = LazyTensors(path, {str(number): part for number, part in enumerate(parts)})
        rows = np.concatenate([tensors[str(number)].numpy() for number in range(len(parts))])
        return Raw(rows=rows[:n], protocol="stylegan3")
    arrays = _arrays(path, fields, ("raw_mean", "raw_cov"))
    total, outer = _both(path, arrays, "raw_mean", "raw_cov")
    mean = total.astype(np.float64) / n
    covariance = outer.astype(np.float64) / n - np.multiply.outer(mean, mean)
    return Raw(mean=mean, covariance=covariance, protocol="stylegan3", n=n)


def _arrays(path: Path, fields: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Array]:
    tensors = LazyTensors(path, {name: fields[name] for name in names if isinstance(fields.get(name), Readable)})
    return {name: tensors[name].numpy() for name in tensors}


def _both(path: Path, arrays: Mapping[str, Array], first: str, second: str) -> tuple[Array, Array]:
    for name in (first, second):
        if name not in arrays:
            raise InputError(f"{path} holds no {name}; statistics are {first} (d,) and {second} (d, d): save both")
    return arrays[first], arrays[second]
