"""Every metric that a run can ask for: those of images and paths, and those that need latents or scores."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ganprobe.core.registry import Registry
from ganprobe.directions.scored.specs import scored_specs
from ganprobe.engine.opening.custom_features import CUSTOM
from ganprobe.metrics import registry
from ganprobe.metrics.custom_specs import custom_specs
from ganprobe.metrics.spec import MetricSpec

CATALOGUE: Registry[MetricSpec] = Registry("metric")
for _spec in (*registry.METRICS.values(), *scored_specs()):
    CATALOGUE.add(_spec.name, _spec)


_ON_CUSTOM: Registry[MetricSpec] = Registry("metric")
for _spec in ({spec.name: spec for spec in (*CATALOGUE.values(), *custom_specs())}).values():
    _ON_CUSTOM.add(_spec.name, _spec)


def catalogue_of(networks: Collection[str]) -> Registry[MetricSpec]:
    """Every metric of a run that looks with `networks`: with a custom one, `fd` and the like are on its features."""
    return _ON_CUSTOM if CUSTOM in networks else CATALOGUE


def resolve(names: Sequence[str], networks: Collection[str] = ()) -> list[MetricSpec]:
    """The specifications of `names` in their order, each once, for a run that looks with `networks`. InputError on no
    names and on an unknown one."""
    return registry.resolve(names, catalogue_of(networks))
