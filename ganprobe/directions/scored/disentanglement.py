"""DCI, MIG and SAP: whether single latent numbers go with single attributes.

metric = DciMetric(space="w")
estimate = metric.measure(state, samples)["dci_w"]

The formulas are in `ganprobe.metrics.disentanglement.dci`, `mig` and `sap`; here they are given the latents of a
generator and the scores of its images, all attributes. These three ask for the axes of a space; whether any direction
will do is what separability and boundaries ask.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from ganprobe.core.results import Z95, Estimate
from ganprobe.core.tables import DetailTable, Entry, detail_table
from ganprobe.directions.scored.base import ScoredMetric, ScoredSamples
from ganprobe.directions.scored.protocol import LEAST_AXES, MIG_SAMPLES, SAP_SAMPLES, ReadSpace
from ganprobe.directions.scored.rows import (
    ScoreRows,
    affordable,
    all_latents,
    exclusion,
    latent_parts,
    one_class_alone,
    score_rows,
    style_loading,
)
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.disentanglement.dci import Dci, dci_of_moments
from ganprobe.metrics.disentanglement.lasso import CrossMoments
from ganprobe.metrics.disentanglement.mig import mutual_information_gap
from ganprobe.metrics.disentanglement.protocol import DCI_GROUPS
from ganprobe.metrics.disentanglement.sap import fitted_part, separated_predictability
from ganprobe.metrics.states.rows import KeptRows


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DciMetric(ScoredMetric):
    """dci_<space>: disentanglement, in [0, 1], higher is better; completeness and informativeness in its tables. The
    lasso reads moments, so all samples count and none is kept. Styles are linear functions of w, and so w's moments
    serve them too."""

    space: ReadSpace

    @property
    def name(self) -> str:
        return f"dci_{self.space}"

    def measure(self, state: KeptRows, samples: ScoredSamples) -> Mapping[str, Estimate]:
        """{name: Estimate} with the tables "scores" and "attributes". MetricError as `score_rows`, CapabilityError
        without the latents."""
        everything = score_rows(state, samples, least=LEAST_AXES, name=self.name, attributes=2)
        scores, notes = everything.changing(self.name, least=2)
        moments = _group_moments(samples, scores, "z" if self.space == "z" else "w")
        loading = style_loading(samples.sampler) if self.space == "s" else None
        found = dci_of_moments(moments, latents=len(moments[0].total) - len(scores.names), loading=loading)
        three = _three(found, len(scores.values))
        disentanglement = replace(three["disentanglement"], notes=notes)
        tables = (_dci_scores(three), _dci_attributes(found, scores.names))
        return {self.name: replace(disentanglement, tables=tables)}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MigMetric(ScoredMetric):
    """mig_<space>: the mean gap, in [0, 1], higher is better. samples: at most so many, the first ones."""

    space: ReadSpace
    samples: int = MIG_SAMPLES

    @property
    def name(self) -> str:
        return f"mig_{self.space}"

    def measure(self, state: KeptRows, samples: ScoredSamples) -> Mapping[str, Estimate]:
        """{name: Estimate} with the table "attributes". A logit of one sign alone is left out and named in a note;
        MetricError where that leaves none, and as `score_rows`, CapabilityError without the latents."""
        most = affordable(samples.sampler, self.space, self.samples)
        scores, alone = score_rows(state, samples, least=LEAST_AXES, name=self.name).first(most).told()
        if not scores.names:
            raise one_class_alone(self.name, alone)
        n = len(scores.values)
        latents = all_latents(samples.sampler, n, seed=samples.seed, space=self.space)
        found = mutual_information_gap(latents, _with_classes(scores), seed=samples.seed)
        variances = np.append(found.halves.var(0, ddof=1), found.halves.mean(1).var(ddof=1))
        best = found.information.argmax(0)
        more = [(found.information.max(0)[a], found.entropies[a], best[a]) for a in range(len(scores.names))]
        table = _gap_table(scores.names, found.gaps, variances, more, ("information (nats)", "entropy (nats)"), n)
        return {self.name: _bounded(found.value, float(variances[-1]), n, (table,), exclusion(alone))}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SapMetric(ScoredMetric):
    """sap_<space>: the mean gap, in [0, 1], higher is better. samples: at most so many, the first ones."""

    space: ReadSpace
    samples: int = SAP_SAMPLES

    @property
    def name(self) -> str:
        return f"sap_{self.space}"

    def measure(self, state: KeptRows, samples: ScoredSamples) -> Mapping[str, Estimate]:
        """{name: Estimate} with the table "attributes". A logit of one sign alone in the part that fits is left out and
        named in a note; errors as those of `mig_<space>`."""
        most = affordable(samples.sampler, self.space, self.samples)
        everything = score_rows(state, samples, least=LEAST_AXES, name=self.name).first(most)
        n = len(everything.values)
        scores, alone = everything.told(fitted_part(n))
        if not scores.names:
            raise one_class_alone(self.name, alone)
        latents = all_latents(samples.sampler, n, seed=samples.seed, space=self.space)
        found = separated_predictability(latents, scores.values, continuous=scores.continuous)
        groups = len(found.left_out)
        left_out = np.column_stack([found.left_out, found.left_out.mean(1)])
        variances = (groups - 1) * left_out.var(0)
        best = found.scores.argmax(0)
        seconds = np.sort(found.scores, axis=0)[-2]
        more = [(found.scores.max(0)[a], seconds[a], best[a]) for a in range(len(scores.names))]
        table = _gap_table(scores.names, found.gaps, variances, more, ("best score", "second score"), n)
        return {self.name: _bounded(found.value, float(variances[-1]), n, (table,), exclusion(alone))}


def _group_moments(samples: ScoredSamples, scores: ScoreRows, space: ReadSpace) -> list[CrossMoments]:
    """Of runs of consecutive samples, of nearly equal length."""
    ends = [len(scores.values) * group // DCI_GROUPS for group in range(DCI_GROUPS + 1)]
    found: list[CrossMoments | None] = [None] * DCI_GROUPS
    # About a point among them, since sums about a far one lose their digits.
    near, about = None, scores.values.mean(0)
    for rows, latents in latent_parts(samples.sampler, len(scores.values), seed=samples.seed, space=space):
        for group in range(DCI_GROUPS):
            low, high = max(rows.start, ends[group]), min(rows.stop, ends[group + 1])
            if low < high:
                part = latents[low - rows.start : high - rows.start].astype(np.float64)
                near = part.mean(0) if near is None else near
                moments = CrossMoments.of(part - near, scores.values[low:high] - about)
                before = found[group]
                found[group] = moments if before is None else before + moments
    return [moments for moments in found if moments is not None]


def _three(found: Dci, n: int) -> dict[str, Estimate]:
    values = (found.disentanglement, found.completeness, found.informativeness)
    names = ("disentanglement", "completeness", "informativeness")
    return {
        name: _bounded(value, float(variance), n)
        for name, value, variance in zip(names, values, found.variances, strict=True)
    }


def _dci_scores(three: Mapping[str, Estimate]) -> DetailTable:
    rows: dict[str, list[Entry]] = {name: [estimate] for name, estimate in three.items()}
    note = "Informativeness is the mean held-out R^2 of the lasso; intervals cover another choice of penalties too."
    return detail_table("scores", "Disentanglement, completeness, informativeness", rows, columns=("value",), note=note)


def _dci_attributes(found: Dci, names: Sequence[str]) -> DetailTable:
    rows: dict[str, list[Entry]] = {}
    for a, name in enumerate(names):
        importances = found.importances[:, a]
        used = float((importances > 0).sum())
        error = float(np.sqrt(max(1 - found.r_squared[a], 0.0)))
        best = float(importances.argmax()) if used else None
        rows[name] = [float(found.per_factor[a]), float(found.r_squared[a]), error, used, best]
    columns = ("completeness", "R^2, held out", "error / deviation, held out", "latents used", "most important latent")
    return detail_table("attributes", "By attribute", rows, columns=columns)


def _with_classes(scores: ScoreRows) -> FloatArray:
    """Logits as the class that they stand for, quantities as they are."""
    return np.where(scores.continuous, scores.values, scores.values > scores.thresholds)


def _gap_table(
    names: Sequence[str],
    gaps: FloatArray,
    variances: FloatArray,
    more: Sequence[tuple[float, float, int]],
    columns: tuple[str, str],
    n: int,
) -> DetailTable:
    rows: dict[str, list[Entry]] = {
        name: [_bounded(float(gaps[a]), float(variances[a]), n), *(float(value) for value in more[a])]
        for a, name in enumerate(names)
    }
    return detail_table("attributes", "By attribute", rows, columns=("gap", *columns, "best latent"))


def _bounded(
    value: float, variance: float, n: int, tables: tuple[DetailTable, ...] = (), notes: tuple[str, ...] = ()
) -> Estimate:
    """With its 95% interval, cut to [0, 1] where the value lies in it."""
    half = Z95 * float(np.sqrt(max(variance, 0.0)))
    low = max(value - half, 0.0) if value >= 0 else value - half
    return Estimate(value, (low, min(value + half, 1.0)), n, variance, notes=notes, tables=tables)
