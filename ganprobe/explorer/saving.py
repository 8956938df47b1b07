"""Where things that somebody keeps go: to a folder under names that are free, or to the browser."""

from __future__ import annotations

from pathlib import Path
from typing import final

from ganprobe.core.files import check_writable, write_bytes


@final
class Saver:
    """folder: None for none. OutputError for one that cannot be written."""

    def __init__(self, folder: str | Path | None) -> None:
        self.folder = None if folder is None else Path(folder)
        if self.folder is not None:
            check_writable(self.folder)

    def save(self, name: str, data: bytes) -> Path | None:
        """Where it was written, under `name` or, where that is taken, name-2, name-3, ...; None without a folder."""
        if self.folder is None:
            return None
        wanted = self.folder / name
        path, number = wanted, 1
        while path.exists():
            number += 1
            path = wanted.with_stem(f"{wanted.stem}-{number}")
        write_bytes(path, data)
        return path
