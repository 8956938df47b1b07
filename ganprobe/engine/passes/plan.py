"""What will be done, settled before the first image: names, capabilities, sizes."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from ganprobe.core.calls.settings import Settings
from ganprobe.core.errors import CapabilityError, InputError, MetricError
from ganprobe.core.protocols import Accumulator, LatentSampler, Sampler
from ganprobe.core.spaces import Space
from ganprobe.engine.opening.metrics import catalogue_of, resolve
from ganprobe.engine.opening.names import network_of
from ganprobe.metrics.spec import MetricSpec
from ganprobe.probes.moves.protocol import COLUMN as MOVES
from ganprobe.probes.moves.protocol import SIGMAS
from ganprobe.samplers.images import ImageSampler
from ganprobe.samplers.moves import MoveSpec
from ganprobe.samplers.pairs import PairSpec
from ganprobe.samplers.paths import PathSpace, PathSpec, Sampling

PATH, PAIR, LABEL = "path.", "pair.", "label"
CLASSES = "classes"
_LARGE = ("dinov2", "clip")
ANY_FEATURES = ("pixels", "scores")
"""What metrics look through whichever features a run is told to use."""


@dataclass(frozen=True, slots=True)
class ImageSpec:
    """The pass over the images themselves."""

    name: str = "images"


PassSpec = ImageSpec | PathSpec | PairSpec | MoveSpec
IMAGES = ImageSpec()


@dataclass(frozen=True, slots=True)
class Planned:
    """A metric that was asked for, built."""

    spec: MetricSpec
    metric: Accumulator[Any]

    @property
    def source(self) -> PassSpec:
        """The pass that feeds it."""
        return pass_of(self.metric)


@dataclass(frozen=True, slots=True)
class Plan:
    """The metrics by the pass that feeds them: all that see images share one; each path has its own, and so have pairs.
    asked: their names in the order of the call."""

    passes: Mapping[PassSpec, tuple[Planned, ...]]
    asked: tuple[str, ...]

    @property
    def all(self) -> tuple[Planned, ...]:
        return tuple(planned for group in self.passes.values() for planned in group)

    @property
    def images(self) -> tuple[Planned, ...]:
        return self.passes.get(IMAGES, ())

    @property
    def columns(self) -> frozenset[str]:
        """What the extractor of images has to provide."""
        return columns_of(planned.metric for planned in self.images) | self.moved

    @property
    def moved(self) -> frozenset[str]:
        """What it has to provide of samples as they are and as they are moved."""
        needs = columns_of(planned.metric for planned in self.all if isinstance(planned.source, MoveSpec))
        return frozenset(need.removeprefix(MOVES) for need in needs)

    @property
    def distances(self) -> frozenset[str]:
        """The distances between two images that the other passes measure."""
        needs = (planned.metric.needs for planned in self.all if isinstance(planned.source, PathSpec | PairSpec))
        return frozenset(distance_of(need) for each in needs for need in each if need != LABEL)

    @property
    def needs_reference(self) -> tuple[Planned, ...]:
        return tuple(planned for planned in self.all if planned.spec.needs_reference)


def columns_of(metrics: Collection[Accumulator[Any]] | Any) -> frozenset[str]:
    """What an extractor has to provide for `metrics` of images."""
    return frozenset[str]().union(*(metric.needs for metric in metrics)) - {LABEL}


def pass_of(metric: Accumulator[Any]) -> PassSpec:
    """The pass that a metric's columns come from."""
    for need in sorted(metric.needs):
        if need.startswith(MOVES):
            return MoveSpec(SIGMAS)
        if need.startswith(PAIR):
            return PairSpec()
        if need.startswith(PATH):
            space, sampling, *straight = need.split(".")[1].split("_")
            return PathSpec(space=cast(PathSpace, space), sampling=cast(Sampling, sampling), straight=bool(straight))
    return IMAGES


def distance_of(column: str) -> str:
    """The distance that a column of pairs holds: "lpips" of "path.z_end.lpips"; "" for the default one."""
    head, _, rest = column.partition(".")
    return rest if head == "pair" else rest.partition(".")[2]


def planned_metrics(names: Sequence[str], settings: Settings, *, reference: bool) -> tuple[Planned, ...]:
    """The metrics called `names`, built. Refuses, before anything is opened, what no generator can change: InputError
    for an unknown metric, one of other features or without the reference that it needs, MetricError for too few
    samples."""
    networks = () if settings.features is None else served_by(settings.features)
    planned = tuple(Planned(spec, spec.build()) for spec in resolve(names, networks))
    for each in planned:
        _check(each, settings, reference=reference)
    return planned


def make_plan(planned: Sequence[Planned], sampler: Sampler, *, samples: int) -> Plan:
    """The passes that feed the `planned` metrics. Refuses, before any image is drawn, what this sampler cannot do:
    InputError for more samples than it has, CapabilityError for a metric that it cannot feed."""
    length = sampler.spec.length
    if length is not None and samples > length:
        raise InputError(
            f"{sampler.name} has {length} images, {samples} samples were asked for; ask for at most {length}"
        )
    passes: dict[PassSpec, tuple[Planned, ...]] = {}
    for each in sorted(planned, key=lambda each: each.source != IMAGES):
        _check_capability(each, sampler)
        passes[each.source] = (*passes.get(each.source, ()), each)
    return Plan(passes, tuple(each.spec.name for each in planned))


def possible_metrics(sampler: Sampler, *, networks: Collection[str], reference: bool = True) -> list[str]:
    """The default metrics of a sampler: every metric under its default protocol that it and `networks` can feed, path
    lengths among them, and those by class not, which need classes in the reference too."""
    candidates = [Planned(spec, spec.build()) for name, spec in catalogue_of(networks).items() if "@" not in name]
    return [
        each.spec.name
        for each in candidates
        if each.spec.usual
        and (reference or not each.spec.needs_reference)
        and (each.spec.features in networks or isinstance(each.source, PathSpec))
        and _missing(each, sampler) is None
        and not (each.source == IMAGES and LABEL in each.metric.needs)
    ]


def served_by(features: str) -> tuple[str, ...]:
    """The networks that a run through `features` may look with: the published ones go together."""
    if features == "inception":
        return "inception", "vgg16", *_LARGE
    return (features, *_LARGE) if features in ("vgg16", *_LARGE) else (network_of(features),)


def _check(planned: Planned, settings: Settings, *, reference: bool) -> None:
    spec = planned.spec
    if settings.count < spec.minimum_samples:
        raise MetricError(f"{spec.name} needs at least {spec.minimum_samples} samples, got {settings.count}")
    if spec.needs_reference and not reference:
        raise InputError(
            f"{spec.name} compares with a reference; name one with --reference (a data set, images or statistics)"
        )
    if settings.features is not None and not _fits(planned, settings.features):
        raise InputError(
            f"{spec.name} is defined on {spec.features} features, not on {settings.features}; "
            "see `ganprobe list metrics`"
        )


def check_attributes(plan: Plan, attributes: Sequence[str]) -> None:
    """MetricError where a metric needs more attributes than are scored."""
    for spec in (each.spec for each in plan.images):
        if len(attributes) < spec.minimum_attributes:
            raise MetricError(
                f"{spec.name} needs scores of at least {spec.minimum_attributes} attributes, and the scorer gives "
                f"{', '.join(attributes)} alone; leave {spec.name} out"
            )


def _check_capability(each: Planned, sampler: Sampler) -> None:
    name, missing = each.spec.name, _missing(each, sampler)
    if missing is not None:
        why = str(getattr(sampler, "no_w", ""))
        if missing == CLASSES and isinstance(sampler, ImageSampler):
            why = sampler.source.facts.why
        had = ", ".join(name.upper() for name in sampler.spec.spaces) or "images only"
        raise CapabilityError(
            f"{name} needs a generator with {missing}; {sampler.name} has {f'{had}: {why}' if why else had}; "
            f"leave {name} out"
        )


def _fits(planned: Planned, features: str) -> bool:
    # A distance between images is one of its own, whichever features the images are seen through.
    known = (*served_by(features), *ANY_FEATURES)
    return planned.spec.features in known or isinstance(planned.source, PathSpec | PairSpec)


def _missing(planned: Planned, sampler: Sampler) -> str | None:
    """What `sampler` lacks for a metric, in words; None where it has it all."""
    if LABEL in planned.metric.needs and planned.source == IMAGES and not sampler.spec.num_classes:
        return CLASSES
    source, latents = planned.source, planned.spec.latents
    spaces: tuple[Space, ...] = (source.space,) if isinstance(source, PathSpec) else latents or ()
    here = sampler.spec.spaces if isinstance(sampler, LatentSampler) else {}
    for space in spaces:
        if space not in here:
            return f"a {space.upper()} space"
    return "latents" if latents is not None and not here else None
