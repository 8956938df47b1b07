"""Encoded images in an LMDB: as rosinality's trainings of StyleGAN keep them, or any whose values are image files.

rosinality's `prepare_data.py` writes each image in several sizes, under keys such as `256-00012`, and their number
under `length`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from ganprobe.core.errors import DataError, one_line
from ganprobe.data.convert import UnreadableError
from ganprobe.data.files import Files, bounded
from ganprobe.data.labels.labelling import LabelFacts, Labelling
from ganprobe.data.sources.extras import library

_FILE: Final = "data.mdb"
_MAGIC: Final = b"\xde\xc0\xef\xbe"
_AT: Final = 16
_SIZED = re.compile(rb"(\d+)-(\d+)")
_IMAGES: Final = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF", b"BM", b"GIF8", b"II*\x00", b"MM\x00*")
LENGTH: Final = b"length"


def is_lmdb(path: Path) -> bool:
    """Whether there is an LMDB at `path`, by its content: a folder with data.mdb, or such a file."""
    file = path / _FILE if path.is_dir() else path
    try:
        with file.open("rb") as opened:
            return opened.read(_AT + len(_MAGIC))[_AT:] == _MAGIC
    except OSError:
        return False


def lmdb_files(path: Path, side: int | None) -> Files:
    """The images of an LMDB by their keys. side: which of several sizes to take; the largest where there is none of it.
    DataError where it cannot be read or holds no images."""
    lmdb = library("lmdb", f"{path}, an LMDB,")
    try:
        place = _opened(lmdb, path)
        with place.begin() as transaction:
            keys = [bytes(key) for key in transaction.cursor().iternext(values=False)]
            chosen, notes = _chosen([key for key in keys if key != LENGTH], sized=LENGTH in keys, side=side)
            first = transaction.get(chosen[0]) if chosen else b""
    except lmdb.Error as problem:
        raise DataError(f"{path} is no LMDB that can be read: {one_line(problem)}") from problem
    if not chosen or not first.startswith(_IMAGES):
        raise DataError(f"{path} is an LMDB of {len(keys)} keys whose values are no image files, as was expected")
    names = tuple(key.decode("utf-8", "backslashreplace") for key in chosen)
    return Files(
        path,
        names,
        names,
        (len(first),) * len(chosen),
        lambda number: _value(place, chosen[number]),
        Labelling(facts=LabelFacts(why="an LMDB of images has none")),
        notes=notes,
    )


_OPEN: dict[tuple[str, int], Any] = {}
"""A process may open an LMDB once only: path and time of its last change to what is open."""


def _opened(lmdb: Any, path: Path) -> Any:
    file = path / _FILE if path.is_dir() else path
    about = str(file.resolve()), file.stat().st_mtime_ns
    if about not in _OPEN:
        for old in [known for known in _OPEN if known[0] == about[0]]:
            _OPEN.pop(old).close()
        how = {"readonly": True, "lock": False, "readahead": False, "meminit": False}
        _OPEN[about] = lmdb.open(str(path), subdir=path.is_dir(), **how)
    return _OPEN[about]


def _chosen(keys: Sequence[bytes], *, sized: bool, side: int | None) -> tuple[list[bytes], tuple[str, ...]]:
    """The keys of one size, and what to say of the others."""
    matched = [(key, _SIZED.fullmatch(key)) for key in keys]
    if not sized or not all(match for _, match in matched):
        return sorted(keys), ()
    numbered = [(int(match[1]), int(match[2]), key) for key, match in matched if match]
    sizes = sorted({size for size, _, _ in numbered})
    if not sizes:
        return [], ()
    size = side if side in sizes else sizes[-1]
    said = f"of the sizes {', '.join(map(str, sizes))} in the LMDB {size} is read"
    return [key for this, _, key in sorted(numbered) if this == size], (said,) if len(sizes) > 1 else ()


def _value(place: Any, key: bytes) -> bytes:
    with place.begin() as transaction:
        value = transaction.get(key)
    if value is None:
        raise UnreadableError(f"the key {key!r} is gone")
    return bounded(bytes(value))
