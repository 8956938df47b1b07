"""From states to results: the numbers of each metric, with the protocol and the notes that go with them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import numpy as np

from ganprobe.core.calls.resizing import resize_of
from ganprobe.core.protocols import Metric
from ganprobe.core.results import Estimate, Result
from ganprobe.engine.columns.networks import Network
from ganprobe.engine.opening.features import FeatureSet
from ganprobe.engine.passes.evaluation import Measurement
from ganprobe.engine.passes.matched import are_by_class, notes_of
from ganprobe.engine.passes.plan import LABEL, ImageSpec, Planned, distance_of
from ganprobe.engine.passes.statistics import Reference
from ganprobe.engine.provenance import (
    call_of,
    image_notes,
    sampler_notes,
    sampling_of,
    skipped_files,
    skipped_summary,
    versions,
)
from ganprobe.features.scores import continuous_of
from ganprobe.metrics.base import ByClass, Measuring, Surroundings
from ganprobe.metrics.spec import MetricSpec
from ganprobe.samplers.moves import MoveSpec


def results_of(planned: Planned, states: Mapping[str, Any], measurement: Measurement, shared: float) -> list[Result]:
    """The results of one metric. seconds: of the pass that it shares, and of its own reading."""
    started = time.monotonic()
    spec = planned.spec
    reference = measurement.reference if spec.needs_reference else None
    estimates = _estimates(planned, states[planned.metric.state_key], reference, measurement)
    seconds = shared + time.monotonic() - started
    network = _network(planned, measurement.features)
    notes = (*network.notes, *_notes(spec, measurement, reference), *_class_notes(planned, measurement))
    more = (
        planned.metric.protocol(_surroundings(planned, reference, measurement))
        if isinstance(planned.metric, Measuring)
        else {}
    )
    protocol = _protocol(spec, measurement, {**network.protocol, **more})
    return [
        Result(name, estimate, spec.better, network.name, protocol, seconds, (*notes, *estimate.notes))
        for name, estimate in estimates.items()
    ]


def _estimates(
    planned: Planned, state: Any, reference: Reference | None, measurement: Measurement
) -> Mapping[str, Estimate]:
    planned = _told_classes(planned, measurement)
    if isinstance(planned.metric, Measuring):
        return planned.metric.measure(state, _surroundings(planned, reference, measurement))
    metric = _metric(planned)
    return metric.compute(state, None if reference is None else reference.state_for(metric))


def _told_classes(planned: Planned, measurement: Measurement) -> Planned:
    """The metric with the names of its classes: those of the pass over images are matched with the reference's."""
    if not isinstance(planned.metric, ByClass):
        return planned
    classes = measurement.classes
    names = classes.matching.shown if isinstance(planned.source, ImageSpec) else classes.ours
    return replace(planned, metric=cast("Metric[Any]", planned.metric.named(names)))


def _surroundings(planned: Planned, reference: Reference | None, measurement: Measurement) -> Surroundings[Any]:
    """What the metric may go back to."""
    evaluation, metric, test = measurement.evaluation, planned.metric, measurement.test
    packed = [None if side is None else side.states.get(metric.state_key) for side in (reference, test)]
    trains = isinstance(metric, Measuring) and metric.trains
    return Surroundings(
        evaluation.sampler,
        evaluation.settings.seed,
        measurement.features.attributes,
        continuous_of(evaluation.scorer),
        reference=None if packed[0] is None else metric.unpack(packed[0]),
        test=None if packed[1] is None else metric.unpack(packed[1]),
        device=measurement.features.device,
        folder=measurement.journal.workplace(planned.spec.name.replace("@", "-")) if trains else None,
        classifier=evaluation.settings.classifier,
        extremes=evaluation.settings.extremes,
        test_named=("", "") if test is None else (test.subject.name, test.subject.fingerprint),
    )


def _metric(planned: Planned) -> Metric[Any]:
    """The metric as one that is read from its own states."""
    return cast("Metric[Any]", planned.metric)


def _network(planned: Planned, features: FeatureSet) -> Network:
    """What the metric looks through."""
    if isinstance(planned.source, ImageSpec | MoveSpec):
        return features.networks[planned.spec.features]
    (column,) = planned.metric.needs - {LABEL}
    return features.distances[distance_of(column)].network


def _protocol(spec: MetricSpec, measurement: Measurement, of_features: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers are compared where their protocols agree: a folder of images has no noise to name, so that a generator's
    is named only where it is not the usual one."""
    sampling = sampling_of(measurement.evaluation.sampler)
    layer_noise = sampling.get("noise", "random")
    return {
        **spec.protocol,
        **of_features,
        "samples": measurement.evaluation.settings.count,
        "truncation": sampling.get("truncation", 1.0),
        **_resize_said(measurement),
        **({} if layer_noise == "random" else {"layer_noise": layer_noise}),
    }


def _resize_said(measurement: Measurement) -> dict[str, Any]:
    size = resize_of(measurement.evaluation.settings.resize)
    return {} if size is None else {"resize": f"centred square to {size.side} by {size.method}"}


def _notes(spec: MetricSpec, measurement: Measurement, reference: Reference | None) -> tuple[str, ...]:
    samples = measurement.evaluation.settings.count
    theirs = reference.subject.n if reference is not None else None
    fewest = samples if theirs is None else min(samples, theirs)
    advice = (f"{fewest} samples: {spec.advice}",) if fewest < spec.advised_samples else ()
    missing = len(skipped_files(measurement.evaluation.sampler)), len(reference.skipped) if reference is not None else 0
    sides = zip(("", " of the reference"), missing, strict=True)
    left_out = (f"unreadable images{side} left out: {n}" for side, n in sides if n)
    there = () if reference is None else reference.origin
    own = sampler_notes(measurement.evaluation.sampler)
    return (*own, *advice, *left_out, *image_notes(measurement.evaluation.sampler), *there)


def _class_notes(planned: Planned, measurement: Measurement) -> tuple[str, ...]:
    """What there is to say of the classes, of metrics that go by them."""
    if not are_by_class([planned]):
        return ()
    theirs = () if measurement.reference is None else measurement.reference.notes
    return notes_of(measurement.classes, measurement.evaluation.sampler, theirs)


def path_lengths(planned: Planned, states: Mapping[str, Any]) -> Any:
    """The path lengths (N,) of every pair, for the histogram."""
    arrays = planned.metric.pack(states[planned.metric.state_key])
    return np.asarray(arrays["rows"], dtype=np.float64).ravel()


def _classes_said(measurement: Measurement) -> dict[str, Any]:
    said = measurement.classes.said()
    return {"classes": said} if said else {}


def provenance_of(measurement: Measurement, started: str, seconds: float) -> dict[str, Any]:
    evaluation, settings = measurement.evaluation, measurement.evaluation.settings
    skipped = {
        "generator": skipped_files(evaluation.sampler),
        "reference": measurement.reference.skipped if measurement.reference is not None else (),
    }
    return {
        **versions(evaluation.device),
        "features": measurement.features.name,
        "features_fingerprint": measurement.features.extractor.fingerprint,
        "seed": settings.seed,
        "samples": settings.count,
        "batch_size": settings.batch_size,
        **({} if measurement.ranks.world == 1 else {"processes": measurement.ranks.world}),
        **sampling_of(evaluation.sampler),
        **({"untold": {name: str(why) for name, why in measurement.untold.items()}} if measurement.untold else {}),
        **skipped_summary(skipped),
        **_classes_said(measurement),
        "started": started,
        "seconds": round(seconds, 3),
        "command": call_of(
            evaluation.sampler.name, settings, reference=evaluation.reference, metrics=evaluation.plan.asked
        ),
    }
