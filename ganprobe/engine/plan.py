"""What will be done, settled before the first image: names, capabilities, sizes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.core.protocols import Metric, Sampler
from ganprobe.metrics.registry import METRICS, MetricSpec, resolve
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.paths import PathSpace, PathSpec, Sampling

PATH = "path."


@dataclass(frozen=True, slots=True)
class Planned:
    """A metric that was asked for, built."""

    spec: MetricSpec
    metric: Metric[Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """The metrics by the pass that feeds them: all that see images share one; each path has its own."""

    images: tuple[Planned, ...]
    paths: Mapping[PathSpec, tuple[Planned, ...]]

    @property
    def all(self) -> tuple[Planned, ...]:
        return (*self.images, *(planned for group in self.paths.values() for planned in group))

    @property
    def needs_reference(self) -> tuple[Planned, ...]:
        return tuple(planned for planned in self.all if planned.spec.needs_reference)


def path_of(metric: Metric[Any]) -> PathSpec | None:
    """The path that a metric's columns come from; None for a metric of images."""
    names = [need.removeprefix(PATH) for need in metric.needs if need.startswith(PATH)]
    if not names:
        return None
    space, _, sampling = names[0].partition("_")
    return PathSpec(space=cast(PathSpace, space), sampling=cast(Sampling, sampling))


def make_plan(names: Sequence[str], sampler: Sampler, *, samples: int, features: str, reference: str | None) -> Plan:
    """Resolve `names` and refuse, before any work, what cannot be done: InputError for an unknown metric or sizes that
    make no sense, MetricError for too few samples, CapabilityError for a metric that this sampler cannot feed."""
    if samples < 1:
        raise InputError(f"samples must be at least 1, got {samples}")
    length = sampler.spec.length
    if length is not None and samples > length:
        raise InputError(
            f"{sampler.name} has {length} images, {samples} samples were asked for; ask for at most {length}"
        )
    planned = [Planned(spec, spec.build()) for spec in resolve(names)]
    for each in planned:
        _check(each, sampler, samples=samples, features=features, reference=reference)
    paths: dict[PathSpec, tuple[Planned, ...]] = {}
    for each in planned:
        if (path := path_of(each.metric)) is not None:
            paths[path] = (*paths.get(path, ()), each)
    return Plan(tuple(each for each in planned if path_of(each.metric) is None), paths)


def possible_metrics(sampler: Sampler, *, reference: bool = True) -> list[str]:
    """The default metrics of a sampler: every metric under its default protocol that it can feed."""
    return [
        name
        for name, spec in METRICS.items()
        if "@" not in name
        and (reference or not spec.needs_reference)
        and _missing_space(path_of(spec.build()), sampler) is None
    ]


def _check(each: Planned, sampler: Sampler, *, samples: int, features: str, reference: str | None) -> None:
    spec = each.spec
    if samples < spec.minimum_samples:
        raise MetricError(f"{spec.name} needs at least {spec.minimum_samples} samples, got {samples}")
    if spec.needs_reference and reference is None:
        raise InputError(
            f"{spec.name} compares with a reference; name one with --reference (a data set, images or statistics)"
        )
    if spec.features != features:
        raise InputError(
            f"{spec.name} is defined on {spec.features} features, not on {features}; see `ganprobe list metrics`"
        )
    missing = _missing_space(path_of(each.metric), sampler)
    if missing is not None:
        raise CapabilityError(
            f"{spec.name} needs a generator with a {missing.upper()} space; {sampler.name} has "
            f"{', '.join(name.upper() for name in sampler.spec.spaces) or 'images only'}; leave {spec.name} out"
        )


def _missing_space(path: PathSpec | None, sampler: Sampler) -> str | None:
    if path is None:
        return None
    here = isinstance(sampler, GeneratorSampler) and path.space in sampler.spec.spaces
    return None if here else path.space
