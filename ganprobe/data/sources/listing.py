"""The image files of a folder, a zip or a tar, in one order everywhere."""

from __future__ import annotations

import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ganprobe.core.errors import DataError
from ganprobe.data.convert import SUFFIXES, UnreadableError
from ganprobe.data.files import (
    MAX_FILE,
    FileBytes,
    Files,
    Held,
    Load,
    below_common_root,
    bounded,
    is_hidden,
    is_image,
    parts_of,
)
from ganprobe.data.labels.label_files import DATASET_JSON

MAX_IN_MEMORY = 2**33
"""The most bytes of encoded images of a compressed tar: it can only be read from its beginning, so all are kept."""

_COMPRESSED = (b"\x1f\x8b", b"\xfd7zXZ", b"BZh")
_BROKEN_TAR = (tarfile.TarError, lzma.LZMAError, zlib.error, EOFError, OSError)


@dataclass(frozen=True, slots=True)
class Entry:
    """A file: its path, its bytes."""

    path: str
    size: int
    load: Load


@dataclass(frozen=True, slots=True)
class Listing:
    """All files of a source, images or not, and its folders."""

    source: Path
    entries: list[Entry] = field(default_factory=list)
    folders: list[str] = field(default_factory=list)

    def images(self, under: str = "") -> Files:
        """The images among them, sorted by path. DataError where there is none."""
        found = (entry for entry in self.entries if is_image(entry.path, under))
        images = sorted(found, key=lambda entry: parts_of(entry.path))
        if not images:
            seen = f"{len(self.entries)} other files" if self.entries else "nothing"
            raise DataError(
                f"no images in {self.source}: it holds {seen}; files ending in {' '.join(SUFFIXES)} were expected"
            )
        loads = [entry.load for entry in images]
        paths = tuple(entry.path for entry in images)
        return Files(
            self.source,
            paths,
            below_common_root(paths),
            tuple(entry.size for entry in images),
            lambda number: loads[number](),
            beside={entry.path: entry.load for entry in self.entries if says_labels(entry.path)},
            folders=tuple(folder for folder in self.folders if folder.startswith(under)),
        )


def list_files(path: Path, *, under: str = "") -> Files:
    """The images of a folder (recursively), a zip or a tar, sorted by path. DataError where there is none.

    under: only those whose path in an archive starts with it. Files with other endings than an image's, hidden ones
    and __MACOSX are passed over.
    """
    if path.is_dir():
        listing = in_folder(path)
    elif path.suffix.lower() == ".zip":
        listing = _in_zip(path)
    else:
        listing = in_tar(path, under)
    return listing.images(under)


def says_labels(path: str) -> bool:
    """Whether a file may say the labels of the images beside it."""
    parts = parts_of(path)
    return bool(parts) and parts[-1] == DATASET_JSON and not is_hidden(parts)


def in_folder(root: Path) -> Listing:
    """A folder and all below it, links followed."""
    found, seen = Listing(root), set[str]()
    for folder, inner, names in os.walk(root, followlinks=True, onerror=_refuse):
        real = os.path.realpath(folder)
        if real in seen:
            inner.clear()
            continue
        seen.add(real)
        inner.sort()
        inside = Path(folder).relative_to(root).as_posix()
        if inside != ".":
            found.folders.append(inside)
        for name in names:
            path = os.path.join(folder, name)
            if (size := _regular_size(path)) is not None:
                found.entries.append(Entry(name if inside == "." else f"{inside}/{name}", size, FileBytes(path)))
    return found


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
class _ZipBytes:
    archive: zipfile.ZipFile
    member: zipfile.ZipInfo

    def __call__(self) -> bytes:
        try:
            with self.archive.open(self.member) as file:
                return bounded(file.read(MAX_FILE + 1))
        except (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError) as problem:
            raise UnreadableError(str(problem)) from problem
        except (RuntimeError, NotImplementedError) as problem:
            raise UnreadableError(f"{problem}; an unencrypted zip of the usual compressions was expected") from problem


def _in_zip(path: Path) -> Listing:
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, OSError) as problem:
        raise DataError(f"{path} is not a zip archive that can be read: {problem}") from problem
    members = archive.infolist()
    entries = [Entry(each.filename, each.file_size, _ZipBytes(archive, each)) for each in members if not each.is_dir()]
    return Listing(path, entries, [each.filename.rstrip("/") for each in members if each.is_dir()])


def in_tar(path: Path, under: str = "") -> Listing:
    """A tar: read in place; a compressed one is unpacked into memory, as far as its files are of use."""
    try:
        with open(path, "rb") as file:
            compressed = file.read(6).startswith(_COMPRESSED)
        found = Listing(path)
        for each in _in_compressed_tar(path, under) if compressed else _in_plain_tar(path):
            if isinstance(each, Entry):
                found.entries.append(each)
            else:
                found.folders.append(each)
        return found
    except _BROKEN_TAR as problem:
        raise DataError(f"{path} is not a tar archive that can be read to its end: {problem}") from problem


def _in_plain_tar(path: Path) -> Iterator[Entry | str]:
    with tarfile.open(path, "r:") as archive:
        for member in archive:
            if member.isreg():
                yield Entry(member.name, member.size, FileBytes(str(path), member.offset_data, member.size))
            elif member.isdir():
                yield member.name
        if FileBytes(str(path), archive.offset, tarfile.BLOCKSIZE)() != bytes(tarfile.BLOCKSIZE):
            raise tarfile.ReadError("it ends without an end mark, so that members may be missing")


def _in_compressed_tar(path: Path, under: str) -> Iterator[Entry | str]:
    kept = 0
    with tarfile.open(path, "r|*") as archive:
        for member in archive:
            if member.isdir():
                yield member.name
            if not member.isreg():
                continue
            data = b""
            if is_image(member.name, under) or says_labels(member.name) or _is_small_text(member):
                kept += member.size
                _check_memory(path, kept)
                file = archive.extractfile(member)
                data = file.read() if file is not None else b""
            yield Entry(member.name, member.size, Held(data))


def _is_small_text(member: tarfile.TarInfo) -> bool:
    """What stands beside images in the samples of a WebDataset."""
    return member.name.endswith((".cls", ".json")) and member.size <= MOST_BESIDE


MOST_BESIDE = 2**16
"""The most bytes of a file that says the class of one image."""


def _check_memory(path: Path, kept: int) -> None:
    if kept > MAX_IN_MEMORY:
        raise DataError(
            f"{path} holds more than {MAX_IN_MEMORY >> 30} GiB of images, which a compressed tar keeps in memory; "
            "unpack it and give the folder"
        )
