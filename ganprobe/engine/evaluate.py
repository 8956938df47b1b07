"""From a generator to its numbers: settle the plan, pass over the samples once, read the states."""

from __future__ import annotations

import dataclasses
import datetime
import platform
import shlex
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import ganprobe
from ganprobe.core.errors import GanprobeError, InputError
from ganprobe.core.files import check_writable
from ganprobe.core.protocols import Sampler
from ganprobe.core.results import Record, Result, Subject
from ganprobe.core.spaces import Truncation
from ganprobe.engine.features import FeatureSet, open_device, open_features
from ganprobe.engine.journal import Journal
from ganprobe.engine.opening import open_sampler
from ganprobe.engine.pictures import picture_run
from ganprobe.engine.plan import Plan, Planned, make_plan, possible_metrics
from ganprobe.engine.reference import Reference, open_reference
from ganprobe.engine.run import Run
from ganprobe.engine.sources import ColumnSource, ImageColumns, PathColumns
from ganprobe.engine.walk import walk
from ganprobe.generators.base import Generator
from ganprobe.samplers.generator import BatchNoise, GeneratorSampler
from ganprobe.samplers.paths import PathPairs


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """How to measure; see `evaluate`."""

    samples: int = 50_000
    seed: int = 0
    features: str = "embedded"
    batch_size: int = 64
    device: str | None = None
    truncation: Truncation = 1.0
    noise: BatchNoise = "random"
    skip_unreadable: bool = False


DEFAULTS = Settings()


def evaluate(
    generator: str | Path | Sampler | Generator,
    *,
    reference: str | Path | None = None,
    metrics: Sequence[str] | None = None,
    samples: int = DEFAULTS.samples,
    seed: int = DEFAULTS.seed,
    features: str = DEFAULTS.features,
    batch_size: int = DEFAULTS.batch_size,
    device: str | None = DEFAULTS.device,
    truncation: Truncation = DEFAULTS.truncation,
    noise: BatchNoise = DEFAULTS.noise,
    skip_unreadable: bool = DEFAULTS.skip_unreadable,
    out: str | Path | None = None,
    resume: bool = False,
) -> Run:
    """Measure `generator` and give a Run.

    generator: a checkpoint file, a shipped name, images, "package.module:callable", or a sampler.
    reference: a data set's name, images, or saved statistics; metrics that compare need one.
    metrics: names as in `ganprobe list metrics`; None means all that the generator and the reference allow.
    samples: images (and pairs on each path) to draw. seed: sample i is a function of (seed, i) alone.
    batch_size: images an extractor sees at a time; results do not depend on it beyond rounding.
    truncation: psi or (psi, cutoff); a threshold on z for BigGAN. noise: "random", "const" or "zero".
    out: a folder for resumable states while the run lasts (nothing else is written; see Run.save).
    resume: take up what a killed run with the same settings left in `out`.
    Errors: GanprobeError, before any image is drawn wherever the fault can be told by then.
    """
    settings = Settings(
        samples=samples,
        seed=seed,
        features=features,
        batch_size=batch_size,
        device=device,
        truncation=truncation,
        noise=noise,
        skip_unreadable=skip_unreadable,
    )
    return run_evaluation(
        generator,
        settings,
        reference=None if reference is None else str(reference),
        metrics=metrics,
        out=None if out is None else Path(out),
        resume=resume,
    )


def run_evaluation(
    generator: str | Path | Sampler | Generator,
    settings: Settings,
    *,
    reference: str | None,
    metrics: Sequence[str] | None,
    out: Path | None,
    resume: bool,
) -> Run:
    """`evaluate` with its settings in one piece."""
    started = datetime.datetime.now(datetime.UTC)
    if settings.batch_size < 1:
        raise InputError(f"batch size must be at least 1, got {settings.batch_size}")
    if out is not None:
        check_writable(out)
    device = open_device(settings.device)
    sampler = open_sampler(
        generator,
        device=device,
        noise=settings.noise,
        truncation=settings.truncation,
        skip_unreadable=settings.skip_unreadable,
    )
    names = possible_metrics(sampler, reference=reference is not None) if metrics is None else list(metrics)
    plan = make_plan(names, sampler, samples=settings.samples, features=settings.features, reference=reference)
    feature_set = open_features(settings.features, device=device)
    measured = _open_reference(plan, reference, feature_set, settings)
    identity = _identity(plan, sampler, feature_set, settings)
    journal = Journal(out, identity, resume=resume)
    try:
        results, distances = _measure(plan, sampler, feature_set, measured, settings, journal)
    except GanprobeError:
        journal.discard()
        raise
    record = Record(
        Subject(sampler.name, sampler.fingerprint),
        None if measured is None else measured.subject,
        tuple(results),
        _provenance(settings, device, started),
    )
    pictures = picture_run(sampler, seed=settings.seed, samples=settings.samples, distances=distances)
    return Run(record, pictures)


def _open_reference(plan: Plan, ref: str | None, features: FeatureSet, settings: Settings) -> Reference | None:
    metrics = [planned.metric for planned in plan.needs_reference]
    if ref is None or not metrics:
        return None
    return open_reference(
        ref, metrics, features, batch_size=settings.batch_size, skip_unreadable=settings.skip_unreadable
    )


def _measure(
    plan: Plan,
    sampler: Sampler,
    features: FeatureSet,
    reference: Reference | None,
    settings: Settings,
    journal: Journal,
) -> tuple[list[Result], dict[str, Any]]:
    results: list[Result] = []
    distances: dict[str, Any] = {}
    if plan.images:
        columns = ImageColumns(sampler, features.extractor, seed=settings.seed, device=features.device)
        results += _pass(columns, plan.images, reference, settings, journal, "images")[0]
    for path, group in plan.paths.items():
        assert isinstance(sampler, GeneratorSampler)
        pairs = PathColumns(PathPairs(sampler, path), features.distance, seed=settings.seed)
        rows, states = _pass(pairs, group, reference, settings, journal, path.name)
        results += rows
        distances |= {planned.spec.name: path_lengths(planned, states) for planned in group}
    return results, distances


def _pass(
    source: ColumnSource,
    group: Sequence[Planned],
    reference: Reference | None,
    settings: Settings,
    journal: Journal,
    name: str,
) -> tuple[list[Result], Mapping[str, Any]]:
    started = time.monotonic()
    states = walk(
        source,
        [planned.metric for planned in group],
        samples=settings.samples,
        batch_size=settings.batch_size,
        journal=journal,
        name=name,
    )
    shared = time.monotonic() - started
    rows = [row for planned in group for row in _read(planned, states, reference, settings, shared)]
    return rows, states


def _read(
    planned: Planned, states: Mapping[str, Any], reference: Reference | None, settings: Settings, shared: float
) -> list[Result]:
    started = time.monotonic()
    spec, metric = planned.spec, planned.metric
    against = reference.state_for(metric) if reference is not None and spec.needs_reference else None
    estimates = metric.compute(states[metric.state_key], against)
    seconds = shared + time.monotonic() - started
    protocol = {
        **spec.protocol,
        "samples": settings.samples,
        "noise": settings.noise,
        "truncation": settings.truncation,
    }
    return [
        Result(name, estimate, spec.better, settings.features, protocol, seconds)
        for name, estimate in estimates.items()
    ]


def path_lengths(planned: Planned, states: Mapping[str, Any]) -> Any:
    """The path lengths (N,) of every pair, for the histogram."""
    arrays = planned.metric.pack(states[planned.metric.state_key])
    return np.asarray(arrays["rows"], dtype=np.float64).ravel()


def _identity(plan: Plan, sampler: Sampler, features: FeatureSet, settings: Settings) -> dict[str, Any]:
    return {
        "generator": sampler.fingerprint,
        "features": features.extractor.fingerprint,
        "metrics": [planned.spec.name for planned in plan.all],
        **{key: value for key, value in dataclasses.asdict(settings).items() if key not in ("batch_size", "device")},
    }


def _provenance(settings: Settings, device: torch.device, started: datetime.datetime) -> dict[str, Any]:
    return {
        "ganprobe": ganprobe.__version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
        "seed": settings.seed,
        "batch_size": settings.batch_size,
        "started": started.isoformat(timespec="seconds"),
        "command": shlex.join(["ganprobe", *sys.argv[1:]]) if sys.argv[:1] else "",
    }
