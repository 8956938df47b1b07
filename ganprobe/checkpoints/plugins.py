"""Layouts from other packages, through the entry-point group "ganprobe.layouts": a name, and a `Layout` under it.

    [project.entry-points."ganprobe.layouts"]
    example-biggan = "example_package.reader:LAYOUT"

They are looked for when a file is of none of the built-in layouts, and when the layouts are listed; not before, so
that what is installed beside ganprobe neither slows it nor changes what it reads.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from ganprobe.checkpoints.layout import Layout
from ganprobe.core.discovery.plugins import Group, PlugIn

GROUP: Final = Group(
    name="ganprobe.layouts",
    word="layout",
    kind=Layout,
    lacking=lambda name, layout: "has no reader" if layout.read is None else "",
)


def plug_ins(taken: Iterable[str]) -> list[PlugIn[Layout]]:
    """All that are installed, in the order of their names. taken: names that belong to built-in layouts."""
    return GROUP.installed(taken)
