"""From an opened evaluation to its numbers: what each pass of the plan reads, all of them walked, their states read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ganprobe.core.errors import UntoldError
from ganprobe.core.progress import tell
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.results import Result
from ganprobe.engine.columns.moves import MoveColumns
from ganprobe.engine.columns.sources import ColumnSource, ImageColumns, PairColumns
from ganprobe.engine.passes.evaluation import Measurement
from ganprobe.engine.passes.one_pass import Pass, Passed, run_passes
from ganprobe.engine.passes.plan import IMAGES, LABEL, PassSpec, Planned, distance_of
from ganprobe.engine.passes.results import path_lengths, results_of
from ganprobe.probes.moves.protocol import COLUMN as MOVES
from ganprobe.samplers.moves import Moves, MoveSpec
from ganprobe.samplers.pairs import PairSpec, class_pairs
from ganprobe.samplers.paths import PathPairs, PathSpec
from ganprobe.samplers.starts import PathStarts


def measured(measurement: Measurement) -> tuple[tuple[Result, ...], dict[str, Any]]:
    """The results in the order in which they were asked for, and the path lengths by metric."""
    plan, settings = measurement.evaluation.plan, measurement.evaluation.settings
    rows: dict[str, list[Result]] = {}
    distances: dict[str, Any] = {}
    passes = _passes(measurement)
    passed = run_passes(passes, batch_size=settings.batch_size, journal=measurement.journal, ranks=measurement.ranks)
    for (which, group), done in zip(plan.passes.items(), passed, strict=True):
        rows |= _read(group, done, measurement) if measurement.ranks.lead else {}
        if isinstance(which, PathSpec):
            distances |= {planned.spec.name: path_lengths(planned, done.states) for planned in group}
    measurement.ranks.leave_to_lead()
    if not rows:
        raise next(iter(measurement.untold.values()))
    for name, problem in measurement.untold.items():
        tell(f"ganprobe: {name} has no number: {problem}")
    return tuple(row for name in plan.asked for row in rows.get(name, ())), distances


def _passes(measurement: Measurement) -> list[Pass]:
    """Those of the plan."""
    sampler, labels = measurement.evaluation.sampler, measurement.classes.relabelling.digest
    starts = PathStarts(sampler) if isinstance(sampler, LatentSampler) else None
    passes = []
    for which, group in measurement.evaluation.plan.passes.items():
        source, samples = _source(which, group, measurement, starts)
        name = which.name + labels if which == IMAGES else which.name
        passes.append(Pass(source, [planned.metric for planned in group], samples, name))
    return passes


def _source(
    which: PassSpec, group: Sequence[Planned], measurement: Measurement, starts: PathStarts | None
) -> tuple[ColumnSource, int]:
    """What a pass reads, and how many rows of it."""
    evaluation, features = measurement.evaluation, measurement.features
    sampler, settings = evaluation.sampler, evaluation.settings
    if which == IMAGES:
        relabel = measurement.classes.relabelling.of
        return (
            ImageColumns(sampler, features.extractor, seed=settings.seed, device=features.device, relabel=relabel),
            settings.count,
        )
    if isinstance(which, MoveSpec):
        assert isinstance(sampler, LatentSampler), "make_plan checks it"
        moves, seen = Moves(sampler, which.sigmas), features.extractor_of(evaluation.plan.moved)
        return MoveColumns(moves, seen, prefix=MOVES, seed=settings.seed, device=features.device), settings.count
    names = sorted(frozenset[str]().union(*(planned.metric.needs for planned in group)) - {LABEL})
    calls = {name: features.distances[distance_of(name)].call for name in names}
    if isinstance(which, PairSpec):
        beside = IMAGES in evaluation.plan.passes
        drawn = class_pairs(sampler, samples=settings.count, seed=settings.seed, beside_images=beside)
        return PairColumns(drawn, calls, seed=settings.seed), drawn.count
    assert isinstance(which, PathSpec)
    assert isinstance(sampler, LatentSampler), "make_plan checks it"
    pairs = PathPairs(sampler, which, starts=starts)
    return PairColumns(pairs, calls, seed=settings.seed, scale=pairs.scale), settings.count


def _read(group: Sequence[Planned], passed: Passed, measurement: Measurement) -> dict[str, list[Result]]:
    """The results of `group`."""
    found: dict[str, list[Result]] = {}
    for planned in group:
        try:
            found[planned.spec.name] = results_of(planned, passed.states, measurement, passed.seconds)
        except UntoldError as problem:
            measurement.untold[planned.spec.name] = problem
    return found
