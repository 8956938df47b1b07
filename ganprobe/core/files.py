"""Files that are written whole or not at all, and their hashes."""

from __future__ import annotations

import contextlib
import hashlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ganprobe.core.errors import OutputError


@contextlib.contextmanager
def writing(path: str | Path) -> Iterator[Path]:
    """Gives a temporary path beside `path`; what was written there takes its place when the block ends well, and is
    removed, with the folders made for it, when it does not. OutputError where the folder cannot be written or the disk
    is full."""
    path = Path(path)
    temporary = None
    new = _missing_folders(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=path.suffix)
        os.close(handle)
        temporary = Path(name)
        yield temporary
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
        new.clear()
    except OSError as problem:
        raise _cannot_write(path, problem) from problem
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        for folder in new:
            remove_if_empty(folder)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data` to `path`, whole or not at all."""
    with writing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write `text` to `path` as UTF-8, whole or not at all."""
    write_bytes(path, text.encode())


def check_writable(folder: str | Path) -> None:
    """OutputError unless files can be made in `folder`, which need not exist yet; leaves nothing behind."""
    probe = Path(folder) / f".writable-{os.getpid()}"
    new = _missing_folders(probe)
    try:
        write_bytes(probe, b"?")
    except OutputError as problem:
        raise _cannot_write(Path(folder), problem.__cause__ or problem) from problem
    probe.unlink(missing_ok=True)
    for parent in new:
        remove_if_empty(parent)


def remove_if_empty(folder: Path) -> None:
    """Remove `folder` if it is there and nothing is in it."""
    with contextlib.suppress(OSError):
        folder.rmdir()


def sha256_of(path: str | Path) -> str:
    """The sha256 of a file, in hex."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _cannot_write(path: Path, problem: BaseException) -> OutputError:
    said = problem.strerror if isinstance(problem, OSError) and problem.strerror else str(problem)
    return OutputError(f"cannot write {path}: {said}; choose a folder that can be written")


def _missing_folders(path: Path) -> list[Path]:
    """The folders above `path` that are not there, the deepest first. `os.path.exists` rather than `Path.exists`, which
    raises where a folder may not be looked into."""
    return [folder for folder in path.parents if not os.path.exists(folder)]


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
