"""The recipes that ship, by name, and reading one: from its file, with what it is based on.

A recipe's file may say `base = NAME`, another recipe that ships; what it says itself comes in place of that.

>>> "cifar10-sndcgan-lt" in shipped()
True
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

from ganprobe.core.errors import InputError
from ganprobe.core.registry import unknown
from ganprobe.training.recipe import toml

FOLDER = Path(__file__).parents[1] / "recipes"
BASE = "base"
SMALL = ("classifier", "scorer")
"""The small networks that ganprobe measures with, which are trained by no recipe."""


@functools.cache
def shipped() -> Mapping[str, Path]:
    """The file of each recipe, by name: those of single architectures first."""
    files = sorted(FOLDER.glob("*/*.toml"), key=lambda path: (path.parent.name != "networks", path.stem))
    return MappingProxyType({path.stem: path for path in files})


def tables_of(name: str) -> dict[str, Any]:
    """The tables of a recipe: a shipped name, or the path of a TOML file. InputError for an unknown one."""
    path = shipped().get(name)
    if path is None and (name.endswith(".toml") or Path(name).is_file()):
        path = Path(name)
    if path is None:
        raise unknown("recipe or architecture to train", name, [*shipped(), *SMALL])
    own = toml.read(path)
    own.setdefault("name", path.stem)
    return _based(own, path)


def merged(tables: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """`tables` with the values of `over` in their place, table by table."""
    both = dict(tables)
    for name, value in over.items():
        old = both.get(name)
        both[name] = merged(old, value) if isinstance(old, Mapping) and isinstance(value, Mapping) else value
    return both


def _based(own: dict[str, Any], path: Path) -> dict[str, Any]:
    if (base := own.pop(BASE, None)) is None:
        return own
    if base not in shipped() or shipped()[base] == path:
        raise InputError(f"{path}: base must be another recipe that ships (`ganprobe list recipes`), got {base!r}")
    return merged(tables_of(base), own)
