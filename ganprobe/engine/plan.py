"""What will be done, settled before the first image: names, capabilities, sizes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.core.protocols import LatentSampler, Metric, Sampler
from ganprobe.core.settings import Settings
from ganprobe.metrics.registry import METRICS, MetricSpec, resolve
from ganprobe.samplers.paths import PathSpace, PathSpec, Sampling

PATH = "path."


@dataclass(frozen=True, slots=True)
class Planned:
    """A metric that was asked for, built."""

    spec: MetricSpec
    metric: Metric[Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """The metrics by the pass that feeds them: all that see images share one; each path has its own. asked: their
    names in the order of the call."""

    images: tuple[Planned, ...]
    paths: Mapping[PathSpec, tuple[Planned, ...]]
    asked: tuple[str, ...]

    @property
    def all(self) -> tuple[Planned, ...]:
        return (*self.images, *(planned for group in self.paths.values() for planned in group))

    @property
    def columns(self) -> frozenset[str]:
        """What the extractor of images has to provide."""
        return frozenset[str]().union(*(planned.metric.needs for planned in self.images))

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


def planned_metrics(names: Sequence[str], settings: Settings, *, reference: bool) -> tuple[Planned, ...]:
    """The metrics called `names`, built. Refuses, before anything is opened, what no generator can change: InputError
    for an unknown metric, one of other features or without the reference that it needs, MetricError for too few
    samples."""
    planned = tuple(Planned(spec, spec.build()) for spec in resolve(names))
    for each in planned:
        _check(each.spec, settings, reference=reference)
    return planned


def make_plan(planned: Sequence[Planned], sampler: Sampler, *, samples: int) -> Plan:
    """The passes that feed the `planned` metrics. Refuses, before any image is drawn, what this sampler cannot do:
    InputError for more samples than it has, CapabilityError for a metric that it cannot feed."""
    length = sampler.spec.length
    if length is not None and samples > length:
        raise InputError(
            f"{sampler.name} has {length} images, {samples} samples were asked for; ask for at most {length}"
        )
    paths: dict[PathSpec, tuple[Planned, ...]] = {}
    for each in planned:
        _check_capability(each, sampler)
        if (path := path_of(each.metric)) is not None:
            paths[path] = (*paths.get(path, ()), each)
    images = tuple(each for each in planned if path_of(each.metric) is None)
    return Plan(images, paths, tuple(each.spec.name for each in planned))


def possible_metrics(sampler: Sampler, *, networks: Collection[str], reference: bool = True) -> list[str]:
    """The default metrics of a sampler: every metric under its default protocol that it and `networks` can feed."""
    return [
        name
        for name, spec in METRICS.items()
        if "@" not in name
        and (reference or not spec.needs_reference)
        and (spec.features in networks or path_of(spec.build()) is not None)
        and _missing_space(path_of(spec.build()), sampler) is None
    ]


def served_by(features: str) -> tuple[str, ...]:
    """The networks that a run through `features` may look with: the published ones go together."""
    return ("inception", "vgg16") if features == "inception" else (features,)


def _check(spec: MetricSpec, settings: Settings, *, reference: bool) -> None:
    if settings.count < spec.minimum_samples:
        raise MetricError(f"{spec.name} needs at least {spec.minimum_samples} samples, got {settings.count}")
    if spec.needs_reference and not reference:
        raise InputError(
            f"{spec.name} compares with a reference; name one with --reference (a data set, images or statistics)"
        )
    if settings.features is not None and not _fits(spec, settings.features):
        raise InputError(
            f"{spec.name} is defined on {spec.features} features, not on {settings.features}; "
            "see `ganprobe list metrics`"
        )


def _check_capability(each: Planned, sampler: Sampler) -> None:
    name, missing = each.spec.name, _missing_space(path_of(each.metric), sampler)
    if missing is not None:
        raise CapabilityError(
            f"{name} needs a generator with a {missing.upper()} space; {sampler.name} has "
            f"{', '.join(name.upper() for name in sampler.spec.spaces) or 'images only'}; leave {name} out"
        )


def _fits(spec: MetricSpec, features: str) -> bool:
    # A path length has a perceptual distance of its own, whichever features the images are seen through.
    return spec.features in served_by(features) or path_of(spec.build()) is not None


def _missing_space(path: PathSpec | None, sampler: Sampler) -> str | None:
    if path is None:
        return None
    here = isinstance(sampler, LatentSampler) and path.space in sampler.spec.spaces
    return None if here else path.space
