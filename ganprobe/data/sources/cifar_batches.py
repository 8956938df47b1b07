"""CIFAR-10 and CIFAR-100 as their authors pickled them, and as torchvision downloads them; no pickle is executed.

A folder stands for its training images; the file of the test images (`test_batch`, `test`) for these.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.calls.resizing import Resize
from ganprobe.core.errors import DataError
from ganprobe.data.arrays import array_images
from ganprobe.data.images import Images

FOLDERS: Final = ("cifar-10-batches-py", "cifar-100-python")
_TEN: Final = tuple(f"data_batch_{number}" for number in range(1, 6))
_PARTS: Final = {"batches.meta": (_TEN, "test_batch"), "meta": (("train",), "test")}
"""The file of the classes' names to those of the training and the test images."""
SIDE: Final = 32


def batches_at(path: Path) -> tuple[Path, ...]:
    """The files of pickled batches that a path stands for; () where it is none."""
    for inner in FOLDERS:
        if (path / inner).is_dir():
            return batches_at(path / inner)
    for meta, (training, test) in _PARTS.items():
        if path.is_dir() and (path / meta).is_file() and (path / training[0]).is_file():
            return tuple(path / name for name in training)
        if path.is_file() and path.name in (*training, test) and (path.parent / meta).is_file():
            return (path,)
    return ()


def test_batch_of(path: Path) -> Path | None:
    """The test images beside the training images that a path stands for."""
    batches = batches_at(path)
    places = (batches[0].parent / test for _, test in _PARTS.values()) if len(batches) > 0 else ()
    found = next((place for place in places if place.is_file()), None)
    return None if found is None or found == path else found


def cifar_images(path: Path, *, size: Resize | None = None, limit: int | None = None) -> Images:
    """The images of pickled batches with their labels and names. DataError for a file that is no such batch."""
    files = batches_at(path)
    parts = [_batch(file) for file in files]
    images = np.concatenate([images for images, _ in parts])
    labels = np.concatenate([labels for _, labels in parts])
    names = _names(files[0].parent)
    return array_images(
        images, name=path.name, labels=labels, names=names, said_by="the batches", size=size, limit=limit
    )


def _batch(file: Path) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    found = _unpickled(file)
    pixels = _array(found.get("data"), file)
    labels = found.get("labels", found.get("fine_labels"))
    if not isinstance(labels, list) or len(labels) != len(pixels) or not all(type(each) is int for each in labels):
        raise _no_batch(file, "its labels are no list of as many numbers")
    return pixels, np.array(labels, dtype=np.int64)


def _array(record: Any, file: Path) -> NDArray[np.uint8]:
    from ganprobe.checkpoints.reader.inert_objects import ArrayRecord, Blob

    if not isinstance(record, ArrayRecord) or len(record.shape) != 2 or record.shape[1] != 3 * SIDE * SIDE:
        raise _no_batch(file, f"its data are no array N x {3 * SIDE * SIDE}")
    if record.dtype.code != "u1":
        raise _no_batch(file, f"its data are of type {record.dtype.code}")
    data = record.data.view if isinstance(record.data, Blob) else record.data
    values = np.frombuffer(data, dtype=np.uint8)
    rows = values.reshape(record.shape, order="F" if record.order == "F" else "C")
    return np.ascontiguousarray(rows).reshape(-1, 3, SIDE, SIDE)


def _names(folder: Path) -> tuple[str, ...]:
    meta = next(folder / name for name in _PARTS if (folder / name).is_file())
    found = _unpickled(meta)
    names = found.get("label_names", found.get("fine_label_names"))
    return tuple(map(_text, names)) if isinstance(names, list) else ()


def _unpickled(file: Path) -> Mapping[str, Any]:
    """The outermost mapping of a pickle, as inert records; keys that are bytes as text."""
    from ganprobe.checkpoints.containers import read_root

    _, root = read_root(file)
    if not isinstance(root, Mapping):
        raise _no_batch(file, "it holds no mapping")
    return {_text(key): value for key, value in root.items()}


def _text(value: object) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else str(value)


def _no_batch(file: Path, why: str) -> DataError:
    return DataError(f"{file} is no pickled batch of CIFAR: {why}")
