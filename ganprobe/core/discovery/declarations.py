"""What a package declares: the modules of one name in the folders below it.

>>> [module.__name__ for module in declarations("ganprobe.core", "registry")]
['ganprobe.core.registry']
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Iterable, Iterator
from types import ModuleType


def declarations(package: str, name: str) -> list[ModuleType]:
    """The modules called `name` anywhere below `package`, in alphabetical order. Nothing beside them and the packages
    that they lie in is imported."""
    root = importlib.import_module(package)
    return [importlib.import_module(found) for found in sorted(_below(root.__path__, f"{package}.", name))]


def _below(folders: Iterable[str], prefix: str, name: str) -> Iterator[str]:
    for found in pkgutil.iter_modules(folders, prefix):
        leaf = found.name.removeprefix(prefix)
        if found.ispkg:
            yield from _below([os.path.join(folder, leaf) for folder in folders], f"{found.name}.", name)
        elif leaf == name:
            yield found.name
