"""One generator measured at several strengths of truncation, against one reference.

sweep = run_sweep("toyfaces-stylegan", [1.0, 0.7, 0.4], SweepCall(samples=1_000, reference="toyfaces"))
sweep.save("reports/sweep")
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from torch import nn

from ganprobe.core.calls.settings import Settings, SweepCall
from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.files import check_writable
from ganprobe.core.protocols import Sampler
from ganprobe.core.spaces import Truncation
from ganprobe.engine.evaluate import carry_out, prepare
from ganprobe.engine.opening.features import open_device
from ganprobe.engine.opening.names import EMBEDDED, IMAGENET, INCEPTION, features_for, is_custom
from ganprobe.engine.opening.samplers import open_sampler
from ganprobe.engine.passes.evaluation import Evaluation
from ganprobe.engine.reference import References
from ganprobe.report import Sweep, SweepPoint
from ganprobe.samplers.generator import GeneratorSampler

RUNS = "runs"


def run_sweep(
    generator: str | Path | Sampler | nn.Module,
    truncations: Sequence[Truncation],
    call: SweepCall,
) -> Sweep:
    """Measure `generator` at each of `truncations`; see `ganprobe.sweep`. Every run is looked at before the first is
    measured; the network and the reference are opened once."""
    _check_truncations(truncations)
    out, settings = None if call.out is None else Path(call.out), call.settings
    if out is not None:
        check_writable(out)
    names = sweep_metrics(settings) if call.metrics is None else call.metrics
    sampler = truncatable(generator, settings)
    at = [sampler.at(each) for each in truncations]
    _check_distinct([each.truncation for each in at])
    ready = [_prepared(each, settings, call.reference, names) for each in sorted(at, key=_looseness, reverse=True)]
    references = References()
    points = tuple(_point(each, references, out) for each in ready)
    return Sweep(points, "psi" if "w" in sampler.spec.spaces else "threshold")


def sweep_metrics(settings: Settings) -> tuple[str, ...]:
    """The metrics of a sweep that names none: a distance, a score, precision and recall. With Inception's features
    precision and recall only where VGG16's weights are named, for these are a large download."""
    features = features_for(settings.features, None, settings.inception_weights, settings.vgg_weights)
    if features in (EMBEDDED, IMAGENET):
        return "fd", "cs", f"precision@{features}", f"recall@{features}"
    if is_custom(features):
        return "fd", "precision@custom", "recall@custom"
    shares = ("precision", "recall")
    if features == INCEPTION:
        return ("fid", "is", *shares) if settings.vgg_weights is not None else ("fid", "is")
    return shares


def truncatable(generator: str | Path | Sampler | nn.Module, settings: Settings) -> GeneratorSampler:
    """The sampler of a generator whose latents can be truncated; CapabilityError for images, functions and foreign
    networks."""
    if isinstance(generator, GeneratorSampler):
        return generator
    sampler = open_sampler(generator, device=open_device(settings.device), key=settings.key)
    if not isinstance(sampler, GeneratorSampler):
        raise CapabilityError(
            f"{sampler.name} cannot be truncated; a sweep needs a generator's checkpoint or a shipped generator"
        )
    return GeneratorSampler(
        sampler.generator,
        name=sampler.name,
        fingerprint=sampler.weights_fingerprint,
        noise=settings.noise,
        origin=sampler.origin,
    )


def _check_truncations(truncations: Sequence[Truncation]) -> None:
    """InputError for fewer than two, and for what is no psi."""
    if len(truncations) < 2:
        raise InputError(f"a sweep needs at least two truncations, got {len(truncations)}; such as 1, 0.7, 0.4")
    for each in truncations:
        psi = each[0] if isinstance(each, tuple) else each
        if isinstance(psi, bool) or not isinstance(psi, int | float) or not math.isfinite(psi):
            raise InputError(f"truncation must be a finite psi or (psi, layers), got {each!r}")


def _check_distinct(truncations: Sequence[Truncation]) -> None:
    twice = [each for i, each in enumerate(truncations) if each in truncations[:i]]
    if twice:
        raise InputError(f"truncation {twice[0]} was given twice; give each once")


def _looseness(sampler: GeneratorSampler) -> tuple[float, float]:
    """Greater for less truncation."""
    psi, layers = sampler.truncation if isinstance(sampler.truncation, tuple) else (sampler.truncation, math.inf)
    no_threshold = psi == 1.0 and "w" not in sampler.spec.spaces
    return math.inf if no_threshold else psi, -layers


def _prepared(
    sampler: GeneratorSampler, settings: Settings, reference: str | Path | None, metrics: Sequence[str]
) -> Evaluation:
    own = replace(settings, truncation=sampler.truncation, noise=sampler.noise)
    return prepare(sampler, own, reference=reference, metrics=metrics)


def _point(evaluation: Evaluation, references: References, out: Path | None) -> SweepPoint:
    assert isinstance(evaluation.sampler, GeneratorSampler)
    truncation = evaluation.sampler.truncation
    run = carry_out(evaluation, references)
    if out is not None:
        run.save(out / RUNS / run_name(truncation))
    return SweepPoint(truncation, run.record, run.pictures)


def run_name(truncation: Truncation) -> str:
    """The folder of a run: "0.7", or "0.7-4" for the first four layers."""
    return f"{truncation[0]:g}-{truncation[1]}" if isinstance(truncation, tuple) else f"{truncation:g}"
