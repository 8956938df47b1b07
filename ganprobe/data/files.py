"""The image files of a folder or an archive, listed in one order everywhere and read one at a time.

Nothing is ever extracted to disk, so that a member's name is a name and no path.
"""

from __future__ import annotations

import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import DataError
from ganprobe.data.convert import SUFFIXES, UnreadableError

MAX_FILE = 2**28
"""The most bytes of one encoded image."""

MAX_IN_MEMORY = 2**33
"""The most bytes of encoded images of a compressed tar: it can only be read from its beginning, so all are kept."""

_COMPRESSED = (b"\x1f\x8b", b"\xfd7zXZ\x00", b"BZh")
_BROKEN_TAR = (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError)


@dataclass(frozen=True, slots=True)
class Files:
    """Encoded images by number.

    source: the folder or archive. paths: each file as found there, for messages. names: the same relative to the
    deepest folder that holds them all, which is what labels and fingerprints see. sizes: in bytes.
    load: number to bytes; UnreadableError where a file cannot be read. labels and class_names: see `labels_of`.
    """

    source: Path
    paths: tuple[str, ...]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    load: Callable[[int], bytes]
    labels: NDArray[np.int64] | None = None
    class_names: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    def where(self, number: int) -> str:
        """The file's name for people: its path in a folder, `archive: member` in an archive."""
        inside = self.paths[number]
        return str(self.source / inside) if self.source.is_dir() else f"{self.source}: {inside}"

    def select(self, numbers: NDArray[np.int64]) -> Files:
        """The files of `numbers` alone, in that order. Their names and the classes do not change."""
        chosen = [int(number) for number in numbers]
        load = self.load
        return Files(
            self.source,
            tuple(self.paths[number] for number in chosen),
            tuple(self.names[number] for number in chosen),
            tuple(self.sizes[number] for number in chosen),
            lambda position: load(chosen[position]),
            None if self.labels is None else self.labels[chosen],
            self.class_names,
        )


@dataclass(frozen=True, slots=True)
class _Entry:
    path: str
    size: int
    load: Callable[[], bytes]


def list_files(path: Path, *, under: str = "") -> Files:
    """The images of a folder (recursively), a zip or a tar, sorted by path. DataError where there is none.

    under: only those whose path in an archive starts with it. Files with other endings than an image's, hidden ones
    and __MACOSX are passed over.
    """
    if path.is_dir():
        entries = list(_in_folder(path))
    elif path.suffix.lower() == ".zip":
        entries = _in_zip(path)
    else:
        entries = _in_tar(path, under)
    images = sorted((entry for entry in entries if _is_image(entry.path, under)), key=lambda entry: _key(entry.path))
    if not images:
        seen = f"{len(entries)} other files" if entries else "nothing"
        raise DataError(f"no images in {path}: it holds {seen}; files ending in {' '.join(SUFFIXES)} were expected")
    loads = [entry.load for entry in images]
    paths = tuple(entry.path for entry in images)
    sizes = tuple(entry.size for entry in images)
    names = _below_common_root(paths)
    return Files(path, paths, names, sizes, lambda number: loads[number](), *labels_of(names))


def labels_of(names: Iterable[str]) -> tuple[NDArray[np.int64] | None, tuple[str, ...]]:
    """Labels (N,) and class names from file names: the first folder of each name is its class, classes count from 0
    in sorted order. (None, ()) where an image lies in no folder."""
    folders = [name.split("/")[0] if "/" in name else None for name in names]
    if any(folder is None for folder in folders):
        return None, ()
    classes = sorted({folder for folder in folders if folder is not None})
    numbers = {name: number for number, name in enumerate(classes)}
    return np.array([numbers[str(folder)] for folder in folders], dtype=np.int64), tuple(classes)


def _key(path: str) -> tuple[str, ...]:
    return tuple(part for part in path.split("/") if part not in ("", "."))


def _is_image(path: str, under: str) -> bool:
    if not (path.startswith(under) and path.lower().endswith(SUFFIXES)):
        return False
    return not any(part == "__MACOSX" or (part[0] == "." and part != "..") for part in _key(path))


def _below_common_root(paths: tuple[str, ...]) -> tuple[str, ...]:
    folders = [_key(path)[:-1] for path in paths]
    shortest, last = min(folders), max(folders)
    depth = next(
        (i for i, (a, b) in enumerate(zip(shortest, last, strict=False)) if a != b), min(len(shortest), len(last))
    )
    return tuple("/".join(_key(path)[depth:]) for path in paths)


def _in_folder(root: Path) -> Iterator[_Entry]:
    seen: set[str] = set()
    for folder, inner, names in os.walk(root, followlinks=True, onerror=_refuse):
        real = os.path.realpath(folder)
        if real in seen:
            inner.clear()
            continue
        seen.add(real)
        inner.sort()
        inside = Path(folder).relative_to(root).as_posix()
        for name in names:
            path = os.path.join(folder, name)
            if (size := _regular_size(path)) is not None:
                yield _Entry(name if inside == "." else f"{inside}/{name}", size, _FileBytes(path))


def _regular_size(path: str) -> int | None:
    """0 for a link to nowhere, which is an image that cannot be read; None for a pipe or device, which is none."""
    try:
        status = os.stat(path)
    except OSError:
        return 0
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _refuse(problem: OSError) -> None:
    raise DataError(f"cannot read {problem.filename}: {problem.strerror}; check its permissions") from problem


@dataclass(frozen=True, slots=True)
class _FileBytes:
    """A file, or `size` bytes of it from `start`."""

    path: str
    start: int = 0
    size: int | None = None

    def __call__(self) -> bytes:
        try:
            with open(self.path, "rb") as file:
                file.seek(self.start)
                data = file.read(MAX_FILE + 1 if self.size is None else min(self.size, MAX_FILE + 1))
        except OSError as problem:
            raise UnreadableError(problem.strerror or str(problem)) from problem
        return _bounded(data)


@dataclass(frozen=True, slots=True)
class _ZipBytes:
    archive: zipfile.ZipFile
    member: zipfile.ZipInfo

    def __call__(self) -> bytes:
        try:
            with self.archive.open(self.member) as file:
                return _bounded(file.read(MAX_FILE + 1))
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as problem:
            raise UnreadableError(str(problem)) from problem
        except (RuntimeError, NotImplementedError) as problem:
            raise UnreadableError(f"{problem}; an unencrypted zip of the usual compressions was expected") from problem


def _bounded(data: bytes) -> bytes:
    if len(data) > MAX_FILE:
        raise UnreadableError(f"more than the {MAX_FILE} bytes that one image file may have")
    return data


def _in_zip(path: Path) -> list[_Entry]:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as problem:
        raise DataError(f"{path} is not a zip archive that can be read: {problem}") from problem
    members = [member for member in archive.infolist() if not member.is_dir()]
    return [_Entry(member.filename, member.file_size, _ZipBytes(archive, member)) for member in members]


def _in_tar(path: Path, under: str) -> list[_Entry]:
    try:
        with open(path, "rb") as file:
            compressed = file.read(6).startswith(_COMPRESSED)
        return list(_in_compressed_tar(path, under) if compressed else _in_plain_tar(path))
    except _BROKEN_TAR as problem:
        raise DataError(f"{path} is not a tar archive that can be read to its end: {problem}") from problem


def _in_plain_tar(path: Path) -> Iterator[_Entry]:
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            if member.isreg():
                yield _Entry(member.name, member.size, _FileBytes(str(path), member.offset_data, member.size))
        if _FileBytes(str(path), archive.offset, tarfile.BLOCKSIZE)() != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("it ends without an end mark, so that members may be missing")


def _in_compressed_tar(path: Path, under: str) -> Iterator[_Entry]:
    kept = 0
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            if not member.isreg():
                continue
            data = b""
            if _is_image(member.name, under):
                kept += member.size
                _check_memory(path, kept)
                file = archive.extractfile(member)
                data = file.read() if file is not None else b""
            yield _Entry(member.name, member.size, _Held(data))


@dataclass(frozen=True, slots=True)
class _Held:
    data: bytes

    def __call__(self) -> bytes:
        return _bounded(self.data)


def _check_memory(path: Path, kept: int) -> None:
    if kept > MAX_IN_MEMORY:
        raise DataError(
            f"{path} holds more than {MAX_IN_MEMORY >> 30} GiB of images, which a compressed tar keeps in memory; "
            "unpack it and give the folder"
        )
