"""What other packages bring along, by entry-point groups: a name, and an object under it.

    [project.entry-points."ganprobe.metrics"]
    class_entropy = "example_package.metrics:CLASS_ENTROPY"

One that cannot be loaded hinders no other: it is named in one line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Generic, TypeVar

from ganprobe.core.errors import one_line

T = TypeVar("T")
_RAISED_BY_IMPORTS = (
    ImportError,
    AttributeError,
    SyntaxError,
    NameError,
    TypeError,
    ValueError,
    LookupError,
    ArithmeticError,
    AssertionError,
    RuntimeError,
    OSError,
)


@dataclass(frozen=True, slots=True)
class PlugIn(Generic[T]):
    """An object of another package; where it cannot be used, `problem` says why in one line, and `item` is None."""

    name: str
    package: str
    item: T | None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Generic[T]):
    """An entry-point group. name: as packages write it. word: what its objects are called in messages. kind: their
    class. lacking: what one lacks to be of use, "" for nothing."""

    name: str
    word: str
    kind: type[T]
    lacking: Callable[[str, T], str] = lambda name, item: ""

    def installed(self, taken: Iterable[str]) -> list[PlugIn[T]]:
        """All that are installed, in the order of their names. taken: names that belong to ganprobe's own."""
        known: set[str] = set(taken)
        found = []
        for entry in sorted(entry_points(group=self.name), key=lambda entry: (entry.name, entry.value)):
            found.append(self._loaded(entry, known))
            known.add(entry.name)
        return found

    def _loaded(self, entry: EntryPoint, taken: set[str]) -> PlugIn[T]:
        if entry.name in taken:
            return self._broken(entry, f"another {self.word} has this name")
        try:
            item = entry.load()
        except _RAISED_BY_IMPORTS as problem:
            return self._broken(entry, f"{type(problem).__name__}: {one_line(problem, 200)}")
        if not isinstance(item, self.kind):
            return self._broken(entry, f"{entry.value} is a {type(item).__name__}, not a {self.kind.__name__}")
        if reason := self.lacking(entry.name, item):
            return self._broken(entry, f"{entry.value} {reason}")
        return PlugIn(entry.name, _package(entry), item)

    def _broken(self, entry: EntryPoint, reason: str) -> PlugIn[T]:
        package = _package(entry)
        said = f"the {self.word} {entry.name!r} of package {package} cannot be used ({reason})"
        return PlugIn(entry.name, package, None, said)


def _package(entry: EntryPoint) -> str:
    return entry.dist.name if entry.dist else entry.module
