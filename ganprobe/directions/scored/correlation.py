"""How attribute scores go together over the images of a generator, as LT-GAN's Table 3 has it.

metric = AttributeCorrelation()
estimate = metric.measure(state, samples)["attribute_correlation"]

Patel et al. 2021, "LT-GAN: Self-supervised GAN with latent transformation detection", Table 3. The single figure is the
mean of the absolute correlations of two different attributes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, final

import numpy as np

from ganprobe.core.results import Z95, Estimate
from ganprobe.core.tables import DetailTable, Entry, detail_table
from ganprobe.directions.scored.base import ScoredMetric, ScoredSamples
from ganprobe.directions.scored.protocol import LEAST_CORRELATION
from ganprobe.directions.scored.rows import score_rows
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.disentanglement.correlation import attribute_correlation
from ganprobe.metrics.states.rows import KeptRows

NAME: Final = "attribute_correlation"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AttributeCorrelation(ScoredMetric):
    """attribute_correlation: in [0, 1], closer to 0 is better. Needs no latents: any images will do."""

    def measure(self, state: KeptRows, samples: ScoredSamples) -> Mapping[str, Estimate]:
        """{name: Estimate}, with the table "correlation". MetricError as `score_rows`, for fewer than two attributes
        too."""
        everything = score_rows(state, samples, least=LEAST_CORRELATION, name=NAME, attributes=2)
        scores, notes = everything.changing(NAME, least=2)
        matrix = attribute_correlation(scores.values)
        value = mean_off_diagonal(matrix)
        variance = float((correlation_influence(scores.values, matrix) ** 2).sum())
        half = Z95 * float(np.sqrt(variance))
        table = _table(scores.values, matrix, scores.names)
        ends = (max(value - half, 0.0), min(value + half, 1.0))
        return {NAME: Estimate(value, ends, len(scores.values), variance, notes=notes, tables=(table,))}


def mean_off_diagonal(matrix: FloatArray) -> float:
    """The mean absolute value off the diagonal of a square matrix (A, A), A >= 2."""
    return float(np.abs(matrix[~np.eye(len(matrix), dtype=bool)]).mean())


def correlation_influence(scores: FloatArray, matrix: FloatArray) -> FloatArray:
    """(N,): what each row of scores (N, A) adds to the mean absolute correlation, to first order: their squares sum up
    to its variance. That of one correlation r of a and b is (a b - r (a^2 + b^2) / 2) / N in standardised scores
    (Devlin, Gnanadesikan and Kettenring 1975)."""
    standard = (scores - scores.mean(0)) / scores.std(0)
    signs = np.sign(matrix) * ~np.eye(len(matrix), dtype=bool)
    products = ((standard @ signs) * standard).sum(1)
    shrinkage = (standard**2) @ (signs * matrix).sum(1)
    pairs = len(matrix) * (len(matrix) - 1)
    return np.asarray((products - shrinkage) / pairs / len(scores), dtype=np.float64)


def correlation_interval(correlation: float, variance: float) -> tuple[float, float]:
    """The 95% interval of a Pearson correlation r: atanh r is about normal (Fisher 1921), with the deviation of r over
    1 - r^2, whatever the scores' distribution is."""
    centre = np.arctanh(np.clip(correlation, -1 + 1e-15, 1 - 1e-15))
    half = Z95 * np.sqrt(variance) / max(1 - correlation**2, 1e-15)
    return float(np.tanh(centre - half)), float(np.tanh(centre + half))


def correlation_variances(scores: FloatArray, matrix: FloatArray) -> FloatArray:
    """(A, A): of each correlation of scores (N, A), the sum of its squared influences (Devlin, Gnanadesikan and
    Kettenring 1975), at N - 3 in place of N, as Fisher's is for normal scores."""
    standard = (scores - scores.mean(0)) / scores.std(0)
    found = np.zeros(matrix.shape)
    for a in range(len(matrix)):
        r = matrix[a]
        influence = standard[:, [a]] * standard - r * (standard[:, [a]] ** 2 + standard**2) / 2
        found[a] = (influence**2).mean(0) / (len(scores) - 3)
    return found


def _table(scores: FloatArray, matrix: FloatArray, names: tuple[str, ...]) -> DetailTable:
    variances, n = correlation_variances(scores, matrix), len(scores)
    rows: dict[str, list[Entry]] = {
        name: [
            1.0 if i == j else Estimate(float(r), correlation_interval(float(r), float(variances[i, j])), n)
            for j, r in enumerate(row)
        ]
        for i, (name, row) in enumerate(zip(names, matrix, strict=True))
    }
    note = "Pearson correlations of the scores; 95% intervals on Fisher's scale, for scores of any distribution."
    return detail_table("correlation", "Correlation of attribute scores", rows, columns=names, kind="matrix", note=note)
