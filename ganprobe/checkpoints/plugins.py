"""Layouts from other packages, through the entry-point group "ganprobe.layouts": a name, and a `Layout` under it.

    [project.entry-points."ganprobe.layouts"]
    example-biggan = "example_package.reader:LAYOUT"

They are looked for when a file is of none of the built-in layouts, and when the layouts are listed; not before, so
that what is installed beside ganprobe neither slows it nor changes what it reads. One that cannot be loaded hinders no
other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from ganprobe.checkpoints.fitting import one_line
from ganprobe.checkpoints.layout import Layout

GROUP: Final = "ganprobe.layouts"
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
class PlugIn:
    """A layout of another package; where it cannot be used, `problem` says why in one line, and `layout` is None."""

    name: str
    package: str
    layout: Layout | None
    problem: str = ""


def plug_ins(taken: Iterable[str]) -> list[PlugIn]:
    """All that are installed, in the order of their names. taken: names that belong to built-in layouts."""
    known: set[str] = set(taken)
    found = []
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        found.append(_loaded(entry, known))
        known.add(entry.name)
    return found


def _loaded(entry: EntryPoint, taken: set[str]) -> PlugIn:
    package = entry.dist.name if entry.dist else entry.module
    if entry.name in taken:
        return _broken(entry.name, package, "another layout has this name")
    try:
        layout = entry.load()
    except _RAISED_BY_IMPORTS as problem:
        return _broken(entry.name, package, f"{type(problem).__name__}: {one_line(problem, 200)}")
    if not isinstance(layout, Layout) or layout.read is None:
        return _broken(entry.name, package, f"{entry.value} is a {type(layout).__name__}, not a Layout with a reader")
    return PlugIn(entry.name, package, layout)


def _broken(name: str, package: str, reason: str) -> PlugIn:
    return PlugIn(name, package, None, f"the layout {name!r} of package {package} cannot be used ({reason})")
