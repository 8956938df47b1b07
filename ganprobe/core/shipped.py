"""Where the shipped files are, and what `manifest.toml` says of each."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from ganprobe.core.errors import CheckpointError
from ganprobe.core.files import sha256_of
from ganprobe.core.registry import unknown

_PACKAGE = Path(__file__).resolve().parents[1]


@cache
def shipped_folder() -> Path:
    """`pretrained/` of the checkout, or its copy inside an installed package."""
    beside = _PACKAGE.parent / "pretrained"
    return beside if (beside / "manifest.toml").is_file() else _PACKAGE / "_pretrained"


@cache
def manifest() -> Mapping[str, Mapping[str, Mapping[str, Any]]]:
    """manifest.toml: kind ("generators", "statistics", "networks") to name to record (file, sha256, data, ...)."""
    path = shipped_folder() / "manifest.toml"
    try:
        return tomllib.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as problem:
        raise CheckpointError(f"{path} is damaged ({problem}); restore it from the repository") from problem


def shipped_names(kind: str) -> list[str]:
    """The names of one kind, in the manifest's order."""
    return list(manifest().get(kind, {}))


@cache
def shipped_file(kind: str, name: str) -> Path:
    """The path of a shipped file, its sha256 checked once a process. CheckpointError where it does not match."""
    records = manifest().get(kind, {})
    if name not in records:
        raise unknown(f"shipped {kind.removesuffix('s')}", name, records)
    path = shipped_folder() / str(records[name]["file"])
    if not path.is_file() or sha256_of(path) != records[name]["sha256"]:
        raise CheckpointError(f"{path} is missing or is not the file of manifest.toml; restore it from the repository")
    return path
