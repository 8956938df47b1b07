"""What a foreign checkpoint file is packed in, and what it holds. Nothing in a file is executed."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

from ganprobe.checkpoints.candidates import Candidate, candidates, check_tensors, rank
from ganprobe.checkpoints.layout import Contents
from ganprobe.checkpoints.reader.machine import Budget
from ganprobe.checkpoints.reader.safetensors_files import raw_header, records
from ganprobe.checkpoints.reader.torch_files import LEGACY_START, PickleReader
from ganprobe.core.errors import CheckpointError

_OTHER_PACKINGS = {
    b"\x1f\x8b": "a gzip file",
    b"BZh": "a bzip2 file",
    b"\xfd7zXZ": "an xz file",
    b"7z\xbc\xaf": "a 7z file",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A file: what it is packed in, its outermost object, and all in it that may be a network."""

    path: Path
    container: str
    root: object
    found: list[Candidate]


def open_contents(path: Path) -> Contents:
    """The contents of a file of tensors under the key that comes first, whatever their layout. Errors: as
    `open_file`."""
    opened = open_file(path)
    best = min(
        opened.found, key=lambda candidate: rank(candidate.place), default=Candidate(path=(), records={}, beside={})
    )
    return best.contents(path, opened.container)


def open_file(path: Path) -> Opened:
    """A file of tensors. CheckpointError for one that is missing, damaged, no checkpoint, or holds something that
    checkpoints have no need of."""
    container, root = read_root(path)
    try:
        found = candidates(root)
    except CheckpointError as problem:
        raise CheckpointError(f"{path}: {problem}") from problem
    check_tensors(path, container, root, found)
    return Opened(path=path, container=container, root=root, found=found)


def read_root(path: Path) -> tuple[str, object]:
    """What a file is packed in, and its outermost object, in records of `ganprobe.checkpoints.reader.inert_objects`.
    CheckpointError for a file that is missing, damaged or no such file."""
    if not path.is_file():
        raise CheckpointError(f"there is no checkpoint {path}; check the path")
    try:
        with path.open("rb") as file:
            data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    except ValueError as problem:  # an empty file cannot be mapped
        raise CheckpointError(f"{path} is empty; copy or write it again") from problem
    except OSError as problem:
        raise CheckpointError(f"{path} cannot be read ({problem.strerror}); a checkpoint file is needed") from problem
    return _unpacked(path, data)


def _unpacked(path: Path, data: memoryview) -> tuple[str, object]:
    reader = PickleReader(data, subject=str(path), budget=Budget.of_file(len(data)))
    start = bytes(data[:64])
    if start.startswith(b"PK\x03\x04"):
        return "PyTorch zip archive", reader.archive()
    if LEGACY_START.match(start):
        return "PyTorch file of before 1.6", reader.legacy()
    if start[:1] == b"\x80":
        return "pickle", reader.raw()
    if start[8:9] == b"{" and int.from_bytes(start[:8], "little") < len(data):
        return "safetensors", records(path, raw_header(path))
    for packing, name in _OTHER_PACKINGS.items():
        if start.startswith(packing):
            raise CheckpointError(f"{path} is {name}; unpack it first")
    if bytes(data[257:262]) == b"ustar":
        raise CheckpointError(f"{path} is a tar archive, as PyTorch wrote before 0.1.10 or others; save it anew")
    raise CheckpointError(f"{path} is no checkpoint: it starts with {start[:8]!r}, as no known container does")
