"""Who imports whom, folder by folder: each import counts between the two neighbours, in the deepest folder that holds
both, that it leaves and reaches."""

from __future__ import annotations

import ast
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import grimp

PACKAGE = "ganprobe"
ROOT = Path(__file__).resolve().parents[2]
Edge = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """A module or a folder in a folder. modules: how many lie in it, at any depth; 1 for a module."""

    name: str
    is_folder: bool
    modules: int


@dataclass(frozen=True, slots=True)
class Folder:
    """name: dotted, without the package's own ("" for the package). about: the first paragraph of its docstring.
    imports: from a part of it to another one, with the number of modules behind each."""

    name: str
    about: str
    parts: tuple[Part, ...]
    imports: Mapping[Edge, int]

    @property
    def modules(self) -> int:
        return sum(part.modules for part in self.parts)


def architecture() -> tuple[Folder, ...]:
    """The package, then every folder below it by name; imports for type checkers count as well."""
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=False, cache_dir=None)
    imports = [(module, other) for module in graph.modules for other in graph.find_modules_directly_imported_by(module)]
    return folders_of(graph.modules, imports)


def folders_of(modules: Iterable[str], imports: Iterable[Edge]) -> tuple[Folder, ...]:
    """`architecture` of the dotted names of modules and folders, and of (importer, imported)."""
    names = frozenset(modules)
    packages = sorted({name.rpartition(".")[0] for name in names if "." in name})
    between: dict[str, dict[Edge, set[str]]] = {package: {} for package in packages}
    for importer, imported in imports:
        parent, edge = _neighbours(importer, imported)
        if edge is not None:
            between[parent].setdefault(edge, set()).add(importer)
    return tuple(_folder(package, names, between[package]) for package in packages)


def circle(parts: Iterable[str], edges: Iterable[Edge]) -> list[str]:
    """Parts that import one another in a ring, the first one again at the end; [] where there are none."""
    sorter = TopologicalSorter({part: set[str]() for part in parts})
    for importer, imported in edges:
        sorter.add(importer, imported)
    try:
        sorter.prepare()
    except CycleError as found:
        return list(found.args[1])
    return []


def rooms_from_above(package: Folder) -> tuple[str, ...]:
    """The rooms in the order of the layers that import-linter holds (pyproject.toml). ValueError where that knows other
    rooms than there are."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(each["layers"] for each in settings["contracts"] if each.get("containers") == [PACKAGE])
    order = [name.strip() for layer in layers for name in layer.split("|")]
    if sorted(order) != (rooms := [part.name for part in package.parts if part.is_folder]):
        raise ValueError(f"pyproject.toml lists the rooms {', '.join(order)}; there are {', '.join(rooms)}")
    return tuple(order)


def _neighbours(importer: str, imported: str) -> tuple[str, Edge | None]:
    """The deepest folder that holds both, and the two parts of it; None where one holds the other."""
    one, other = importer.split("."), imported.split(".")
    depth = next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if depth is None:
        return "", None
    return ".".join(one[:depth]), (one[depth], other[depth])


def _folder(package: str, names: frozenset[str], between: Mapping[Edge, set[str]]) -> Folder:
    children = sorted(name for name in names if name.rpartition(".")[0] == package)
    parts = [Part(child.rpartition(".")[2], *_size(child, names)) for child in children]
    imports = {edge: len(who) for edge, who in sorted(between.items())}
    return Folder(package.removeprefix(PACKAGE).lstrip("."), _about(package), tuple(parts), imports)


def _size(name: str, names: frozenset[str]) -> tuple[bool, int]:
    """Whether it is a folder, and how many modules lie in it: `__init__` does not count."""
    below = [other for other in names if other.startswith(f"{name}.")]
    leaves = [other for other in below if not any(one.startswith(f"{other}.") for one in below)]
    return bool(below), len(leaves) or 1


def _about(package: str) -> str:
    path = ROOT.joinpath(*package.split("."), "__init__.py")
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) if path.is_file() else None
    first = (docstring or "").partition("\n\n")[0]
    return " ".join(first.split())
