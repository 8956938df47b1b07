"""Every metric that a run can ask for: those of images and paths, those that need latents or scores, and those that
other packages bring along.

    [project.entry-points."ganprobe.metrics"]
    class_entropy = "example_package.specs:CLASS_ENTROPY"

Installed ones are looked for when a name is none of ganprobe's own, and when metrics are listed; not before, so that
what is installed neither slows a run nor changes what it measures.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from ganprobe.core.discovery.plugins import Group, PlugIn
from ganprobe.core.errors import InputError
from ganprobe.core.registry import Registry
from ganprobe.metrics import registry
from ganprobe.metrics.spec import MetricSpec

_ROOMS: Final = ("ganprobe.directions", "ganprobe.probes")
"""Beside that of the metrics."""

PLUG_INS: Final = Group(
    name="ganprobe.metrics",
    word="metric",
    kind=MetricSpec,
    lacking=lambda name, spec: "" if spec.name == name else f"is the metric {spec.name!r}",
)


def _specs(rooms: Sequence[str], declared: str) -> list[MetricSpec]:
    found = (spec for room in rooms for module in registry.declared(room) for spec in vars(module).get(declared, ()))
    return registry.ordered(found)


CATALOGUE: Final[Registry[MetricSpec]] = Registry(
    "metric", registry.METRICS, {spec.name: spec for spec in _specs(_ROOMS, "SPECS")}
)
_ELSEWHERE: Final = _specs(("ganprobe.metrics", *_ROOMS), "ON_OTHER_FEATURES")
_ON_OTHERS: Final[Mapping[str, Registry[MetricSpec]]] = {
    network: Registry("metric", CATALOGUE, {spec.name: spec for spec in _ELSEWHERE if spec.features == network})
    for network in dict.fromkeys(spec.features for spec in _ELSEWHERE)
}
"""By the network that a run is told to look with."""


def catalogue_of(networks: Collection[str]) -> Registry[MetricSpec]:
    """Every metric of a run that looks with `networks`: with a custom one, or the one that knows ImageNet, `fd` and the
    like are on its features."""
    return next((_ON_OTHERS[network] for network in networks if network in _ON_OTHERS), CATALOGUE)


def resolve(names: Sequence[str], networks: Collection[str] = ()) -> list[MetricSpec]:
    """The specifications of `names` in their order, each once, for a run that looks with `networks`. InputError on no
    names, on an unknown one, and on one of another package that cannot be used."""
    known = catalogue_of(networks)
    if not all(name in known for name in names):
        known = _with_installed(known, names)
    return registry.resolve(names, known)


def installed() -> list[PlugIn[MetricSpec]]:
    """The metrics of other packages."""
    return PLUG_INS.installed(CATALOGUE)


def _with_installed(known: Registry[MetricSpec], names: Sequence[str]) -> Registry[MetricSpec]:
    found = installed()
    for each in found:
        if each.item is None and each.name in names and each.name not in known:
            raise InputError(each.problem)
    return Registry("metric", known, {each.name: each.item for each in found if each.item is not None})
