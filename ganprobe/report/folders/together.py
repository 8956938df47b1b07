"""Several files that appear together: all of them whole, or none."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from ganprobe.core.errors import InputError
from ganprobe.core.files import writing

RESULTS: Final = "results.json"
DIRECTIONS: Final = "directions.json"
_KINDS: Final = {
    RESULTS: "a run",
    DIRECTIONS: "directions",
    "comparison.json": "a comparison",
    "sweep.json": "a sweep",
    "reproduction.json": "a reproduction",
}


def check_owner(out: Path, own: str) -> None:
    """InputError where report.html in `out` is not of the kind whose numbers are in the file `own`, and either is of
    directions: it would be lost."""
    for name, kind in _KINDS.items():
        if name != own and DIRECTIONS in (name, own) and _is_there(out / name) and not _is_there(out / own):
            raise InputError(
                f"{out} holds the report of {kind}, which would be replaced; name another folder, such as "
                f"{out / Path(own).stem}"
            )


def _is_there(path: Path) -> bool:
    """Whether it is a file; not where there cannot be one, for whoever writes says why."""
    try:
        return path.is_file()
    except OSError:
        return False


def write_together(out: Path, files: Mapping[str, bytes]) -> None:
    """Write `files` (path below `out` to content), every one staged in full before the first takes its place; the
    first of the mapping takes its place last.

    What fails while staging leaves everything as it was; what fails later removes the files and folders that this
    call has created. OutputError for a folder that cannot be written or a full disk.
    """
    paths = {out / name: data for name, data in files.items()}
    new_files = [path for path in paths if not path.exists()]
    new_folders = _missing_folders(paths)
    with contextlib.ExitStack() as undo:
        undo.callback(_remove, new_files, new_folders)
        with contextlib.ExitStack() as staged:
            for path, data in paths.items():
                staged.enter_context(writing(path)).write_bytes(data)
        undo.pop_all()


def _missing_folders(paths: Iterable[Path]) -> list[Path]:
    """The folders that do not exist yet, deepest first."""
    missing = {folder for path in paths for folder in path.parents if not folder.exists()}
    return sorted(missing, key=lambda folder: len(folder.parts), reverse=True)


def _remove(files: Iterable[Path], folders: Iterable[Path]) -> None:
    for path in files:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)
    for folder in folders:
        with contextlib.suppress(OSError):
            folder.rmdir()
