"""From a generator to its numbers: settle the plan, pass over the samples once, read the states.

prepared = prepare("toyfaces-stylegan", Settings(samples=1_000), reference="toyfaces", metrics=["fd"])
run = carry_out(prepared, References())
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from ganprobe.core.errors import GanprobeError, InputError, OutputError
from ganprobe.core.files import check_writable
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.core.results import Record, Result, Subject
from ganprobe.core.settings import Settings
from ganprobe.engine.features import (
    EMBEDDED,
    FeatureSet,
    default_networks,
    features_for,
    open_device,
    open_features,
)
from ganprobe.engine.journal import Journal
from ganprobe.engine.opening import open_sampler
from ganprobe.engine.pictures import picture_run
from ganprobe.engine.plan import Plan, Planned, make_plan, path_of, planned_metrics, possible_metrics
from ganprobe.engine.provenance import (
    call_of,
    sampling_of,
    skipped_files,
    skipped_summary,
    time_now,
    versions,
)
from ganprobe.engine.reference import Reference, References, check_reference
from ganprobe.engine.run import Run
from ganprobe.engine.sources import ColumnSource, ImageColumns, PathColumns
from ganprobe.engine.walk import walk
from ganprobe.metrics.registry import MetricSpec
from ganprobe.samplers.images import ImageSampler
from ganprobe.samplers.paths import PathPairs

_NOT_IDENTITY = ("most", "batch_size", "device", "inception_weights", "vgg_weights")
"""Settings that leave the work the same work; of the weights, the extractor's fingerprint tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What is about to be done: all that can be refused before an image is drawn has been looked at. `settings` say
    which features."""

    sampler: Sampler
    plan: Plan
    reference: str | None
    settings: Settings
    device: torch.device


@dataclass(frozen=True, slots=True)
class _Work:
    """An evaluation under way."""

    evaluation: Evaluation
    features: FeatureSet
    reference: Reference | None
    journal: Journal


def run_evaluation(
    generator: str | Path | Sampler | nn.Module,
    settings: Settings,
    *,
    reference: str | None,
    metrics: Sequence[str] | None,
    out: Path | None,
    resume: bool,
) -> Run:
    """Measure `generator`; see `ganprobe.evaluate`. What it leaves in `out` for `resume`, saving the run removes."""
    if resume and out is None:
        raise InputError("a run is taken up from the folder that it was saved to; name it (out)")
    if out is not None:
        check_writable(out)
    evaluation = prepare(generator, settings, reference=reference, metrics=metrics)
    return carry_out(evaluation, References(), out=out, resume=resume)


def prepare(
    generator: str | Path | Sampler | nn.Module,
    settings: Settings,
    *,
    reference: str | None,
    metrics: Sequence[str] | None,
) -> Evaluation:
    """Look at everything that can be wrong before an image is drawn, names and sizes before files are opened."""
    features = features_for(settings.features, metrics, settings.inception_weights, settings.vgg_weights)
    settings = dataclasses.replace(settings, features=features)
    against = reference is not None
    if metrics is not None:
        planned_metrics(metrics, settings, reference=against)
    if reference is not None:
        check_reference(reference)
    device = open_device(settings.device)
    sampler = open_sampler(
        generator,
        device=device,
        noise=settings.noise,
        truncation=settings.truncation,
        skip_unreadable=settings.skip_unreadable,
    )
    settings = settings.settled(sampler.spec.length)
    if isinstance(sampler, ImageSampler):
        # The first images of a sorted folder would be of its first classes alone.
        sampler = ImageSampler(sampler.source.spread(settings.count))
    if metrics is None:
        networks = default_networks(features, settings.vgg_weights)
        metrics = possible_metrics(sampler, networks=networks, reference=against)
    plan = make_plan(planned_metrics(metrics, settings, reference=against), sampler, samples=settings.count)
    return Evaluation(sampler=sampler, plan=plan, reference=reference, settings=settings, device=device)


def carry_out(evaluation: Evaluation, references: References, *, out: Path | None = None, resume: bool = False) -> Run:
    """Draw, observe, measure. References are opened through `references`, each once. What goes wrong with the input
    leaves nothing in `out`; what was saved before an interruption or a full disk stays, for `resume`."""
    started, clock = time_now(), time.monotonic()
    features = _open_features(evaluation)
    journal = Journal(out, _identity(evaluation, features), resume=resume)
    try:
        work = _Work(evaluation, features, _open_reference(evaluation, features, references, journal), journal)
        results, distances = _measure(work)
    except OutputError:
        raise
    except GanprobeError:
        journal.discard()
        raise
    record = Record(
        Subject(evaluation.sampler.name, evaluation.sampler.fingerprint),
        None if work.reference is None else work.reference.subject,
        results,
        _provenance(work, started, time.monotonic() - clock),
    )
    settings = evaluation.settings
    pictures = picture_run(evaluation.sampler, seed=settings.seed, samples=settings.count, distances=distances)
    return Run(record, pictures)


def _open_features(evaluation: Evaluation) -> FeatureSet:
    settings, plan = evaluation.settings, evaluation.plan
    if not plan.images or settings.features is None:
        return open_features(EMBEDDED, device=evaluation.device)
    return open_features(
        settings.features,
        device=evaluation.device,
        columns=plan.columns,
        inception_weights=settings.inception_weights,
        vgg_weights=settings.vgg_weights,
    )


def _open_reference(
    evaluation: Evaluation, features: FeatureSet, references: References, journal: Journal
) -> Reference | None:
    metrics = [planned.metric for planned in evaluation.plan.needs_reference]
    if evaluation.reference is None or not metrics:
        return None
    settings = evaluation.settings
    return references.open(
        evaluation.reference,
        metrics,
        features,
        batch_size=settings.batch_size,
        skip_unreadable=settings.skip_unreadable,
        journal=journal,
    )


def _measure(work: _Work) -> tuple[tuple[Result, ...], dict[str, Any]]:
    """The results in the order in which they were asked for, and the path lengths by metric."""
    sampler, plan, settings = work.evaluation.sampler, work.evaluation.plan, work.evaluation.settings
    rows: dict[str, list[Result]] = {}
    distances: dict[str, Any] = {}
    if plan.images:
        columns = ImageColumns(sampler, work.features.extractor, seed=settings.seed, device=work.features.device)
        rows |= _pass(columns, plan.images, work, "images")[0]
    for path, group in plan.paths.items():
        assert isinstance(sampler, LatentSampler), "make_plan checks it"
        pairs = PathColumns(PathPairs(sampler, path), work.features.distance, seed=settings.seed)
        found, states = _pass(pairs, group, work, path.name)
        rows |= found
        distances |= {planned.spec.name: path_lengths(planned, states) for planned in group}
    return tuple(row for name in plan.asked for row in rows[name]), distances


def _pass(
    source: ColumnSource, group: Sequence[Planned], work: _Work, name: str
) -> tuple[dict[str, list[Result]], Mapping[str, Any]]:
    started = time.monotonic()
    settings = work.evaluation.settings
    states = walk(
        source,
        [planned.metric for planned in group],
        samples=settings.count,
        batch_size=settings.batch_size,
        journal=work.journal,
        name=name,
    )
    shared = time.monotonic() - started
    return {planned.spec.name: _read(planned, states, work, shared) for planned in group}, states


def _read(planned: Planned, states: Mapping[str, Any], work: _Work, shared: float) -> list[Result]:
    """The results of one metric. seconds: of the pass that it shares, and of its own reading."""
    started = time.monotonic()
    spec, metric = planned.spec, planned.metric
    reference = work.reference if spec.needs_reference else None
    against = None if reference is None else reference.state_for(metric)
    estimates = metric.compute(states[metric.state_key], against)
    seconds = shared + time.monotonic() - started
    network = work.features.distance_network if path_of(metric) is not None else work.features.networks[spec.features]
    notes = (*network.notes, *_notes(spec, work, reference))
    protocol = _protocol(spec, work, network.protocol)
    return [
        Result(name, estimate, spec.better, network.name, protocol, seconds, (*notes, *estimate.notes))
        for name, estimate in estimates.items()
    ]


def _protocol(spec: MetricSpec, work: _Work, of_features: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers are compared where their protocols agree: a folder of images has no noise to name, so that a generator's
    is named only where it is not the usual one."""
    sampling = sampling_of(work.evaluation.sampler)
    layer_noise = sampling.get("noise", "random")
    return {
        **spec.protocol,
        **of_features,
        "samples": work.evaluation.settings.count,
        "truncation": sampling.get("truncation", 1.0),
        **({} if layer_noise == "random" else {"layer_noise": layer_noise}),
    }


def _notes(spec: MetricSpec, work: _Work, reference: Reference | None) -> tuple[str, ...]:
    samples = work.evaluation.settings.count
    theirs = reference.subject.n if reference is not None else None
    fewest = samples if theirs is None else min(samples, theirs)
    advice = (f"{fewest} samples: {spec.advice}",) if fewest < spec.advised_samples else ()
    missing = len(skipped_files(work.evaluation.sampler)), len(reference.skipped) if reference is not None else 0
    sides = zip(("", " of the reference"), missing, strict=True)
    return (*advice, *(f"unreadable images{side} left out: {n}" for side, n in sides if n))


def path_lengths(planned: Planned, states: Mapping[str, Any]) -> Any:
    """The path lengths (N,) of every pair, for the histogram."""
    arrays = planned.metric.pack(states[planned.metric.state_key])
    return np.asarray(arrays["rows"], dtype=np.float64).ravel()


def _identity(evaluation: Evaluation, features: FeatureSet) -> dict[str, Any]:
    settings = dataclasses.asdict(evaluation.settings)
    return {
        "generator": evaluation.sampler.fingerprint,
        "extractor": features.extractor.fingerprint,
        "metrics": sorted(evaluation.plan.asked),
        **{key: value for key, value in settings.items() if key not in _NOT_IDENTITY},
    }


def _provenance(work: _Work, started: str, seconds: float) -> dict[str, Any]:
    evaluation, settings = work.evaluation, work.evaluation.settings
    skipped = {
        "generator": skipped_files(evaluation.sampler),
        "reference": work.reference.skipped if work.reference is not None else (),
    }
    return {
        **versions(evaluation.device),
        "features": work.features.name,
        "features_fingerprint": work.features.extractor.fingerprint,
        "seed": settings.seed,
        "samples": settings.count,
        "batch_size": settings.batch_size,
        **sampling_of(evaluation.sampler),
        **skipped_summary(skipped),
        "started": started,
        "seconds": round(seconds, 3),
        "command": call_of(
            evaluation.sampler.name, settings, reference=evaluation.reference, metrics=evaluation.plan.asked
        ),
    }
