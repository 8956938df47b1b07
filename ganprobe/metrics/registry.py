"""The metrics by name: what each says, what it needs, and the protocol that its name stands for.

>>> [spec.name for spec in resolve(["fd", "ppl_w_end", "fd"])]
['fd', 'ppl_w_end']

They are declared beside what they compute, in modules called `specs`, each with `SPECS`, and, where it has metrics on
other features, with `ON_OTHER_FEATURES`: there `fd` is of those that a run is told to use. None of them needs torch: a
metric's own module is imported when it is built.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import ModuleType
from typing import Final

from ganprobe.core.discovery.declarations import declarations
from ganprobe.core.errors import InputError
from ganprobe.core.registry import Registry
from ganprobe.metrics.spec import MetricSpec

__all__ = ["METRICS", "MetricSpec", "declared", "ordered", "resolve"]

_ORDER: Final = (
    ("fd",),
    ("kd",),
    ("cs",),
    ("ppl",),
    ("fid",),
    ("kid",),
    ("is",),
    ("fd_dinov2",),
    ("cmmd",),
    ("precision", "recall", "density", "coverage"),
    ("ms_ssim",),
    ("lpips_diversity",),
    ("swd",),
    ("authenticity",),
    ("intra",),
    ("ls",),
    ("boundary_accuracy",),
    ("attribute_correlation",),
    ("dci",),
    ("mig",),
    ("sap",),
    ("cas",),
    ("lt_probe",),
)
"""Families of names, as they are listed and measured; what belongs to none comes after them."""

_PLACES: Final = {head: place for place, family in enumerate(_ORDER) for head in family}


def declared(room: str) -> list[ModuleType]:
    """The declarations in `room`, a package."""
    return declarations(room, "specs")


def ordered(specs: Iterable[MetricSpec]) -> list[MetricSpec]:
    """By families of names; within one, and where there is none, as they came."""
    return sorted(specs, key=lambda spec: _place(spec.name))


def _place(name: str) -> int:
    words = name.partition("@")[0].split("_")
    heads = ("_".join(words[:length]) for length in range(len(words), 0, -1))
    return next((_PLACES[head] for head in heads if head in _PLACES), len(_ORDER))


def resolve(names: Sequence[str], known: Registry[MetricSpec] | None = None) -> list[MetricSpec]:
    """The specifications of `names` in their order, each once. InputError on no names, and on an unknown one with the
    nearest known one."""
    found = METRICS if known is None else known
    if not names:
        raise InputError(f"at least one metric was expected; choose from: {', '.join(found)}")
    return [found[name] for name in dict.fromkeys(names)]


METRICS: Registry[MetricSpec] = Registry("metric")
for _spec in ordered(spec for module in declared("ganprobe.metrics") for spec in module.SPECS):
    METRICS.add(_spec.name, _spec)
