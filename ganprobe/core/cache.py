"""What is kept between runs, in the user's folder for caches: weights that were fetched, references that were measured.

Anything there may be removed at any time: it is fetched or measured again.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ganprobe.core.errors import OutputError
from ganprobe.core.files import write_bytes

CACHE: Final = "GANPROBE_CACHE"
REFERENCES: Final = "references"
ROOM: Final = 2 * 2**30
"""Bytes that measured references may take up; where they would be more, those unused for longest go."""


def cache_folder(environment: Mapping[str, str] | None = None, platform: str = sys.platform) -> Path:
    """GANPROBE_CACHE, else the folder for caches of the platform. Nothing is made."""
    env = os.environ if environment is None else environment
    if env.get(CACHE):
        return Path(env[CACHE]).expanduser()
    home = Path(env.get("HOME") or Path.home())
    if platform == "win32":
        return Path(env.get("LOCALAPPDATA") or home / "AppData" / "Local") / "ganprobe" / "Cache"
    if platform == "darwin":
        return home / "Library" / "Caches" / "ganprobe"
    return Path(env.get("XDG_CACHE_HOME") or home / ".cache") / "ganprobe"


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the cache, its bytes, and when it was used last (seconds since 1970)."""

    path: Path
    size: int
    used: float


def entries() -> list[Entry]:
    """The measured references, the one used last first."""
    found = []
    for path in (cache_folder() / REFERENCES).glob("*.safetensors"):
        with contextlib.suppress(OSError):  # another process may have removed it
            status = path.stat()
            found.append(Entry(path, status.st_size, status.st_mtime))
    return sorted(found, key=lambda entry: (-entry.used, entry.path.name))


def place_of(key: str) -> Path:
    """Where the reference called `key` is, if it is there."""
    return cache_folder() / REFERENCES / f"{key}.safetensors"


def mark_used(path: Path) -> None:
    """Let `path` count as used now."""
    with contextlib.suppress(OSError):
        os.utime(path)


def keep(key: str, data: bytes, *, room: int = ROOM) -> bool:
    """Keep `data`, whole or not at all, and make room for it; whether it was kept: not where it would take up half the
    room or the folder cannot be written. Several processes may do so at once."""
    if len(data) > room // 2:
        return False
    path = place_of(key)
    try:
        write_bytes(path, data)
    except OutputError:
        return False
    taken = 0
    for entry in entries():
        taken += entry.size
        if taken > room and entry.path != path:
            forget(entry.path)
    return True


def forget(path: Path) -> None:
    """Remove a file of the cache, if it is there still."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)


def clear() -> list[Entry]:
    """Remove the measured references; gives those that were there. Fetched weights stay."""
    gone = entries()
    for entry in gone:
        forget(entry.path)
    return gone
