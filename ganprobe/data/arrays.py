"""Images in arrays: .npy, .npz and arrays in memory.

>>> import numpy as np
>>> images = array_images(np.zeros((4, 8, 8, 3), dtype=np.float32), name="black")
>>> images.shape, len(images), int(images.read(range(1)).max())
((3, 8, 8), 4, 0)
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganprobe.core.calls.resizing import Resize
from ganprobe.core.errors import DataError
from ganprobe.data.convert import eight_bits, fit
from ganprobe.data.images import Images, spread
from ganprobe.data.labels.labelling import MOST_CLASSES, LabelFacts

STRAY = 0.01
"""How far floats may lie outside their range before they are taken to be in another one."""

CHUNK_BYTES = 2**25
"""About how much of an array is looked at in one go."""

Array = NDArray[Any]


def open_npy(path: Path, *, size: Resize | None = None, limit: int | None = None) -> Images:
    """The images of a .npy file, memory-mapped. DataError where it is none, or of objects (nothing is unpickled)."""
    return array_images(_load(path, mmap_mode="r"), name=path.name, size=size, limit=limit)


def open_npz(path: Path, *, size: Resize | None = None, limit: int | None = None) -> Images:
    """The images of a .npz file: its array `images`, or `arr_0`, or the only one of 3 or 4 dimensions; labels from
    `labels` or `arr_1` where there are integers, one an image."""
    with _load(path) as archive:
        try:
            arrays = {name: archive[name] for name in archive.files}
        except (ValueError, OSError, EOFError, KeyError, zipfile.BadZipFile, zlib.error) as problem:
            raise DataError(f"{path} cannot be read: {problem}; plain arrays were expected") from problem
    images = _images_among(arrays, path)
    key = next((name for name in ("labels", "arr_1") if _are_labels(arrays.get(name), len(images))), "")
    return array_images(images, name=path.name, labels=arrays.get(key), said_by=key, size=size, limit=limit)


def array_images(
    array: Array,
    *,
    name: str,
    labels: NDArray[np.integer] | None = None,
    names: Sequence[str] = (),
    said_by: str = "",
    size: Resize | None = None,
    limit: int | None = None,
) -> Images:
    """Images from an array N x H x W x 3, N x 3 x H x W (or 1 for grey) or N x H x W.

    uint8 stays as it is; uint16 v becomes round(v / 257); floats are scaled from [-1, 1] if one of them is below 0,
    else from [0, 1], rounded half up. DataError for any other shape, type or range, or values that are not finite.
    labels: (N,) integers from 0. names: of the classes, their numbers where none are given. said_by: what the labels
    were read from.
    """
    planes_first = _layout(array, name)
    chosen = spread(len(array), limit)
    lowest = _lowest(array, chosen, name)

    def fetch(numbers: NDArray[np.int64]) -> NDArray[np.uint8]:
        return _fitted(_planes(_to_eight_bits(array[chosen[numbers]], lowest), planes_first), size)

    shape = fetch(np.zeros(1, dtype=np.int64)).shape
    kept, classes = _checked_labels(labels, chosen, name, names)
    return Images(
        name=name,
        fingerprint=_fingerprint(fetch, len(chosen), shape, kept),
        shape=(3, shape[2], shape[3]),
        length=len(chosen),
        fetch=fetch,
        labels=kept,
        class_names=classes,
        facts=LabelFacts(said_by) if kept is not None else LabelFacts(),
    )


def _load(path: Path, mmap_mode: Any = None) -> Any:
    try:
        return np.load(path, mmap_mode=mmap_mode, allow_pickle=False)
    except (ValueError, OSError, EOFError, zipfile.BadZipFile) as problem:
        raise DataError(f"{path} is not a file of numpy arrays that can be read: {problem}") from problem


def _images_among(arrays: Mapping[str, Array], path: Path) -> Array:
    for name in ("images", "arr_0"):
        if name in arrays:
            return arrays[name]
    candidates = [array for array in arrays.values() if array.ndim in (3, 4)]
    if len(candidates) != 1:
        raise DataError(f"{path} holds {', '.join(arrays) or 'nothing'}; an array named `images` was expected")
    return candidates[0]


def _are_labels(array: Array | None, n: int) -> bool:
    return array is not None and array.shape == (n,) and array.dtype.kind in "iu"


def _layout(array: Array, name: str) -> bool | None:
    """Whether planes come first (N x 3 x H x W); None for N x H x W."""
    expected = "images N x H x W x 3, N x 3 x H x W or N x H x W"
    if array.ndim not in (3, 4) or 0 in array.shape:
        raise DataError(f"{name} has shape {array.shape}; {expected} were expected")
    if array.dtype not in (np.uint8, np.uint16) and array.dtype.kind != "f":
        raise DataError(f"{name} holds {array.dtype} values; uint8, uint16 or floats were expected")
    if array.ndim == 3:
        return None
    first, last = array.shape[1] in (1, 3), array.shape[3] in (1, 3)
    if first == last:
        what = "could be either" if first else "is neither"
        raise DataError(f"{name} has shape {array.shape}, which {what} of N x 3 x H x W and N x H x W x 3")
    return first


def _chunks(length: int, row_bytes: int) -> Iterator[NDArray[np.int64]]:
    step = max(1, CHUNK_BYTES // max(1, row_bytes))
    for start in range(0, length, step):
        yield np.arange(start, min(start + step, length), dtype=np.int64)


def _lowest(array: Array, chosen: NDArray[np.int64], name: str) -> float:
    """Where the range of floats begins: -1.0 or 0.0 (0.0 for integers, which need none)."""
    if array.dtype.kind != "f":
        return 0.0
    low, high = np.inf, -np.inf
    for numbers in _chunks(len(chosen), array[:1].nbytes):
        rows = array[chosen[numbers]]
        finite = np.isfinite(rows).reshape(len(rows), -1).all(axis=1)
        if not finite.all():
            raise DataError(f"{name}: image {chosen[numbers[~finite][0]]} has values that are not finite")
        low, high = min(low, float(rows.min())), max(high, float(rows.max()))
    if low < -1 - STRAY or high > 1 + STRAY:
        raise DataError(f"{name} holds floats from {low:g} to {high:g}; [-1, 1], [0, 1] or uint8 was expected")
    return -1.0 if low < 0 else 0.0


def _to_eight_bits(rows: Array, lowest: float) -> NDArray[np.uint8]:
    if rows.dtype == np.uint8:
        return np.asarray(rows, dtype=np.uint8)
    if rows.dtype.kind != "f":
        return eight_bits(rows)
    scaled = (rows.astype(np.float64) - lowest) * (255.0 / (1.0 - lowest))
    return np.floor(np.clip(scaled, 0, 255) + 0.5).astype(np.uint8)


def _planes(rows: NDArray[np.uint8], planes_first: bool | None) -> NDArray[np.uint8]:
    if planes_first is None:
        rows = rows[:, None]
    elif not planes_first:
        rows = rows.transpose(0, 3, 1, 2)
    return np.repeat(rows, 3, axis=1) if rows.shape[1] == 1 else np.ascontiguousarray(rows)


def _fitted(planes: NDArray[np.uint8], size: Resize | None) -> NDArray[np.uint8]:
    if size is None or planes.shape[2:] == (size.side, size.side):
        return planes
    out = np.empty((len(planes), 3, size.side, size.side), dtype=np.uint8)
    for row, image in zip(out, planes, strict=True):
        upright = Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
        row[:] = np.asarray(fit(upright, size)).transpose(2, 0, 1)
    return out


def _checked_labels(
    labels: NDArray[np.integer] | None, chosen: NDArray[np.int64], name: str, names: Sequence[str]
) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    if labels is None:
        return None, ()
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= MOST_CLASSES:
        raise DataError(f"{name}: labels count from 0 to {MOST_CLASSES - 1}, found {low if low < 0 else high}")
    if names and high >= len(names):
        raise DataError(f"{name}: label {high} has no name; there are {len(names)}")
    return labels[chosen].astype(np.int64), tuple(names or map(str, range(high + 1)))


def _fingerprint(fetch: Any, length: int, shape: tuple[int, ...], labels: NDArray[np.int64] | None) -> str:
    digest = hashlib.sha256(f"array {(length, *shape[1:])}\n".encode())
    for numbers in _chunks(length, int(np.prod(shape[1:]))):
        digest.update(fetch(numbers).tobytes())
    if labels is not None:
        digest.update(labels.astype("<i8").tobytes())
    return digest.hexdigest()
