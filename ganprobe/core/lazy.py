"""Names that a package hands on, imported when they are asked for (PEP 562), so that the package alone costs nothing.

    if TYPE_CHECKING:
        from ganprobe.metrics.frechet.distance import frechet_distance

    __all__ = ["frechet_distance"]
    __getattr__, __dir__ = on_demand(__name__)

The imports are written once, where type checkers and editors read them: under TYPE_CHECKING, at the package's top.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from typing import Any


def on_demand(package: str) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of `package`. ImportError where its source is not there to be read."""
    origins = dict(_imports(package))

    def found(name: str) -> Any:
        if name not in origins:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        module, original = origins[name]
        value = getattr(importlib.import_module(module), original)
        setattr(sys.modules[package], name, value)
        return value

    return found, lambda: sorted({*vars(sys.modules[package]), *origins})


def _imports(package: str) -> Iterator[tuple[str, tuple[str, str]]]:
    """(name, (module, name in it)) of every `from module import name` under TYPE_CHECKING."""
    for statement in ast.parse(_source(package)).body:
        if isinstance(statement, ast.If) and ast.unparse(statement.test) == "TYPE_CHECKING":
            for line in statement.body:
                if isinstance(line, ast.ImportFrom) and line.module:
                    yield from ((each.asname or each.name, (line.module, each.name)) for each in line.names)


def _source(package: str) -> str:
    spec = importlib.util.find_spec(package)
    source = getattr(spec.loader, "get_source", lambda name: None)(package) if spec else None
    if source is None:
        raise ImportError(f"the source of {package} is needed to find what it hands on; install it with its .py files")
    return str(source)
