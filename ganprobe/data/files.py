"""Encoded images by number, wherever they lie, and the bytes of one.

Nothing is ever extracted to disk, so that a member's name is a name and no path.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.data.convert import SUFFIXES, UnreadableError
from ganprobe.data.labels.class_folders import Tree
from ganprobe.data.labels.labelling import Labelling

MAX_FILE = 2**28
"""The most bytes of one encoded image."""

_PASSED_OVER: Final = ("__MACOSX", "@eaDir", "$RECYCLE.BIN", "lost+found")
Load = Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Files:
    """Encoded images by number.

    source: the folder or archive. paths: each file as found there, for messages. names: the same relative to the
    deepest folder that holds them all, which is what class folders are told by. sizes: in bytes.
    load: number to bytes; UnreadableError where a file cannot be read. beside: other files that may say their labels,
    path to bytes. folders: the paths of all folders there, as far as they are known. notes: what to say of the set.
    """

    source: Path
    paths: tuple[str, ...]
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    load: Callable[[int], bytes]
    labelling: Labelling = field(default_factory=Labelling)
    beside: Mapping[str, Load] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.paths)

    def where(self, number: int) -> str:
        """The file's name for people: its path in a folder, `archive: member` in an archive."""
        inside = self.paths[number]
        file = self.source / inside
        return str(file) if self.source.is_dir() and file.exists() else f"{self.source}: {inside}"

    def select(self, numbers: NDArray[np.int64]) -> Files:
        """The files of `numbers` alone, in that order. Their names and the classes do not change."""
        chosen = [int(number) for number in numbers]
        load = self.load
        return replace(
            self,
            paths=tuple(self.paths[number] for number in chosen),
            names=tuple(self.names[number] for number in chosen),
            sizes=tuple(self.sizes[number] for number in chosen),
            load=lambda position: load(chosen[position]),
            labelling=self.labelling.select(numbers),
        )

    def places(self) -> dict[str, int]:
        """Number of each file by every name that tells it from the others: its path, its name, its last part, and that
        without its ending."""
        found: dict[str, int] = {}
        shared: set[str] = set()
        for number, (path, name) in enumerate(zip(self.paths, self.names, strict=True)):
            last = path.rpartition("/")[2]
            for word in {path, "/".join(parts_of(path)), name, last, last.rpartition(".")[0]} - {""}:
                if word in found:
                    shared.add(word)
                found[word] = number
        return {word: number for word, number in found.items() if word not in shared}

    def tree(self) -> Tree:
        """Where they lie, for the labels that folders give."""
        above = parts_of(self.paths[0])[: len(parts_of(self.paths[0])) - self.names[0].count("/") - 1]
        depth, full = len(above), {name.split("/")[0] for name in self.names if "/" in name}
        inner = [parts_of(each) for each in self.folders]
        beside = {each[depth] for each in inner if len(each) > depth and each[:depth] == above}
        empty = sorted(name for name in beside - full if not is_hidden((name,)))
        return Tree(str(self.source), "/".join(above), self.names, empty, splittable=self.source.is_dir())


def parts_of(path: str) -> tuple[str, ...]:
    """The folders and the file of a path."""
    return tuple(part for part in path.split("/") if part not in ("", "."))


def is_hidden(parts: tuple[str, ...]) -> bool:
    """Whether a path is of what systems keep for themselves."""
    return any(part in _PASSED_OVER or (part[0] == "." and part != "..") for part in parts)


def is_image(path: str, under: str = "") -> bool:
    """Whether a path is an image's, by its ending, and not hidden."""
    return path.startswith(under) and path.lower().endswith(SUFFIXES) and not is_hidden(parts_of(path))


def below_common_root(paths: tuple[str, ...]) -> tuple[str, ...]:
    """The paths below the deepest folder that holds all of them."""
    folders = [parts_of(path)[:-1] for path in paths]
    shortest, last = min(folders), max(folders)
    depth = next(
        (i for i, (a, b) in enumerate(zip(shortest, last, strict=False)) if a != b), min(len(shortest), len(last))
    )
    return tuple("/".join(parts_of(path)[depth:]) for path in paths)


def bounded(data: bytes) -> bytes:
    """The bytes of one image. UnreadableError for too many of them."""
    checked_size(len(data))
    return data


def checked_size(size: int) -> None:
    """UnreadableError for a file of more bytes than one image may have."""
    if size > MAX_FILE:
        raise UnreadableError(f"more than the {MAX_FILE} bytes that one image file may have")


@dataclass(frozen=True, slots=True)
class FileBytes:
    """A file, or `size` bytes of it from `start`."""

    path: str
    start: int = 0
    size: int | None = None

    def __call__(self) -> bytes:
        try:
            with open(self.path, "rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size if self.size is None else self.size
                checked_size(size)
                if self.size is not None:
                    file.seek(self.start)
                    return file.read(size)
                data = file.read(size + 1)
                if len(data) <= size:
                    return data
                # It grows, or says nothing of its size, as devices and pipes do.
                with io.BufferedReader(file) as rest:
                    return bounded(data + rest.read(MAX_FILE))
        except OSError as problem:
            raise UnreadableError(problem.strerror or str(problem)) from problem


@dataclass(frozen=True, slots=True)
class Held:
    """Bytes in memory."""

    data: bytes

    def __call__(self) -> bytes:
        return bounded(self.data)
