"""How well the boundaries of attributes separate what they were not fitted to, as LT-GAN's Table 2 has it.

metric = BoundaryAccuracy()
estimate = metric.measure(state, samples)["boundary_accuracy"]

Shen et al. 2020, "Interpreting the latent space of GANs for semantic face editing", section 3.1 and published code.
Patel et al. 2021, "LT-GAN: Self-supervised GAN with latent transformation detection", Table 2. What is fitted and what
the accuracies are is in `ganprobe.directions.methods.interfacegan`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, final

import numpy as np

from ganprobe.core.errors import MetricError
from ganprobe.core.results import Z95, Estimate
from ganprobe.core.tables import DetailTable, Entry, detail_table
from ganprobe.directions.latents import drawn_spaces, latent_sampler
from ganprobe.directions.methods.boundary import project_boundary
from ganprobe.directions.methods.interfacegan import Separation, separate, told_apart
from ganprobe.directions.methods.uncertainty import mean_of
from ganprobe.directions.scored.base import ScoredMetric, ScoredSamples
from ganprobe.directions.scored.protocol import LEAST_BOUNDARIES, THRESHOLD
from ganprobe.directions.scored.rows import score_rows
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.states.rows import KeptRows

NAME: Final = "boundary_accuracy"
AT_MEDIAN: Final = f"{NAME}@median"
ONE_SIDE: Final = 0.9
"""The share of the remaining samples on one side of a cut from which its accuracy says little."""
THRESHOLDS: Final = (THRESHOLD, "median", "zero")
COLUMNS: Final = (
    "training",
    "validation",
    *(f"remaining ({threshold})" for threshold in THRESHOLDS),
    *(f"share above ({threshold})" for threshold in THRESHOLDS),
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BoundaryAccuracy(ScoredMetric):
    """boundary_accuracy: the mean over attributes of the accuracy on all remaining samples, cut at the midrange of the
    scores, in W where the generator has one and else in Z; in [0, 1], higher is better. boundary_accuracy@median: the
    same cut at the median."""

    def protocol(self, samples: ScoredSamples) -> Mapping[str, Any]:
        """How many samples each end has, where the call says it."""
        return {} if samples.extremes is None else {"extremes": samples.extremes}

    def measure(self, state: KeptRows, samples: ScoredSamples) -> Mapping[str, Estimate]:
        """Both by name, the first with the tables "accuracy_<space>", "cosines_<space>" and "conditioned_<space>" of
        every space that can be drawn. Attributes whose ends do not differ have no number, and a note says why;
        UntoldError where none has. MetricError as `score_rows` and `separate`, CapabilityError without latents."""
        sampler = latent_sampler(samples.sampler)
        scores = score_rows(state, samples, least=LEAST_BOUNDARIES, name=NAME)
        columns = {name: scores.column(name) for name in scores.names}
        told, untold = told_apart(columns, extremes=samples.extremes, seed=samples.seed)
        found = {
            space: separate(sampler, told, space=space, seed=samples.seed, extremes=samples.extremes)
            for space in drawn_spaces(sampler)
        }
        tables, notes = [], list(untold.values())
        kinds = dict(zip(scores.names, scores.continuous, strict=True))
        for space, separations in found.items():
            tables.append(accuracy_table(separations, space, [kinds[each.attribute] for each in separations], untold))
            if len(separations) > 1:
                more, note = cosine_tables(separations, space)
                tables += more
                notes += note
        first = next(iter(found.values()))
        at_midrange, at_median = (_mean(first, threshold, len(scores.values)) for threshold in (THRESHOLD, "median"))
        notes = [*_lopsided(first), *notes]
        return {NAME: replace(at_midrange, notes=tuple(notes), tables=tuple(tables)), AT_MEDIAN: at_median}


def accuracy_table(
    separations: Sequence[Separation], space: str, continuous: Sequence[bool], untold: Collection[str] = ()
) -> DetailTable:
    """Accuracies and shares by attribute; those at zero only where zero is a class boundary, and none of attributes
    that are `untold`."""
    rows = {each.attribute: _row(each, kind) for each, kind in zip(separations, continuous, strict=True)}
    rows |= {name: [None] * len(COLUMNS) for name in untold}
    note = (
        f"{separations[0].extremes} samples at each end, 70% for training. Always saying one class is right for the "
        "share above the threshold, or for the rest. The midrange is set by the two most extreme samples; its "
        "intervals hold where others would set it."
    )
    return detail_table(f"accuracy_{space}", f"Boundaries in {space.upper()}", rows, columns=COLUMNS, note=note)


def cosine_tables(separations: Sequence[Separation], space: str) -> tuple[list[DetailTable], list[str]]:
    """The cosines between the boundaries' normals, and between what is left of each once all the others are projected
    out of it, with its cosine to what it was; a note in place of the latter where nothing would be left."""
    names = tuple(each.attribute for each in separations)
    normals = np.stack([each.boundary.normal for each in separations])
    cosines = _matrix(f"cosines_{space}", f"Cosines between boundaries in {space.upper()}", names, normals @ normals.T)
    try:
        free = np.stack([_conditioned(normals, number) for number in range(len(normals))])
    except MetricError as problem:
        return [cosines], [f"no conditioned boundaries in {space}: {problem}"]
    title = f"Cosines between boundaries in {space.upper()}, each conditioned on all others"
    return [cosines, _matrix(f"conditioned_{space}", title, names, free @ free.T, (free * normals).sum(1))], []


def _row(each: Separation, continuous: bool) -> list[Entry]:
    known = [threshold for threshold in THRESHOLDS if not (continuous and threshold == "zero")]
    remaining = [each.remaining[threshold] if threshold in known else None for threshold in THRESHOLDS]
    shares = [each.positives[threshold] if threshold in known else None for threshold in THRESHOLDS]
    return [each.train, each.validation, *remaining, *shares]


def _conditioned(normals: FloatArray, number: int) -> FloatArray:
    others = [normal for other, normal in enumerate(normals) if other != number]
    primal: FloatArray = normals[number]
    return project_boundary(primal, *others)


def _matrix(
    name: str, title: str, names: tuple[str, ...], values: FloatArray, kept: FloatArray | None = None
) -> DetailTable:
    table = np.clip(values, -1.0, 1.0)
    rows: dict[str, list[Entry]] = {each: [float(v) for v in row] for each, row in zip(names, table, strict=True)}
    if kept is None:
        return detail_table(name, title, rows, columns=names, kind="matrix")
    for each, value in zip(names, kept, strict=True):
        rows[each].append(float(value))
    return detail_table(name, title, rows, columns=(*names, "with itself before"), kind="matrix")


def _mean(separations: Sequence[Separation], threshold: str, n: int) -> Estimate:
    """Of the accuracies on the remaining samples, cut at a threshold."""
    value = float(np.mean([each.remaining[threshold].value for each in separations]))
    variance = mean_of([each.uncertain[threshold] for each in separations]).variance
    half = Z95 * float(np.sqrt(variance))
    return Estimate(value, (max(value - half, 0.0), min(value + half, 1.0)), n, variance)


def _lopsided(separations: Sequence[Separation]) -> list[str]:
    """A note on attributes with nearly all samples on one side of the midrange."""
    shares = {each.attribute: each.positives[THRESHOLD] for each in separations}
    far = {name: share for name, share in shares.items() if max(share, 1 - share) >= ONE_SIDE}
    if not far:
        return []
    said = ", ".join(
        f"{name} ({max(share, 1 - share):.1%} {'above' if share > 0.5 else 'below'})" for name, share in far.items()
    )
    return [
        f"nearly all remaining samples lie on one side of the midrange cut of {said}: there the accuracy tells which "
        f"side the plane calls larger, and not how well it parts them; read {AT_MEDIAN}"
    ]
