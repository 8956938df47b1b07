"""The classifier score: the Inception Score's formula on any classifier's probabilities, and `cs` as a metric.

>>> import numpy as np
>>> round(inception_score(np.tile(np.eye(10), (10, 1)), splits=10), 6)
10.0

Salimans et al. 2016, "Improved techniques for training GANs", section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from ganprobe.core.errors import MetricError
from ganprobe.core.results import Estimate, normal_estimate
from ganprobe.core.streams import stream
from ganprobe.core.tables import DetailTable, detail_table
from ganprobe.metrics.arrays import FloatArray, Values, relative_entropy
from ganprobe.metrics.base import KeeperMetric
from ganprobe.metrics.given import array64, whole
from ganprobe.metrics.scores.jackknife import score_estimate
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.metrics.states.values import ColumnKeeper, usable_rows

LIKELIEST = 10
"""Classes in the table."""

_SUM_TOLERANCE = 1e-3


def inception_score(probabilities: Values, splits: int = 10) -> float:
    """exp(mean of KL(p(y|x) || p(y))), averaged over consecutive splits of the rows as they come.

    probabilities (N, classes), rows summing to 1, N >= splits. Between 1 and the number of classes.
    MetricError on rows that are no probabilities, and on fewer rows than splits.
    """
    return float(inception_score_splits(probabilities, splits).mean())


def inception_score_splits(probabilities: Values, splits: int = 10) -> FloatArray:
    """(splits,) the score of each split; the field's "+-" is their standard deviation (ddof 0)."""
    parts = _split(_probabilities(probabilities), splits)
    return np.array([np.exp(_divergences(part).mean()) for part in parts])


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ClassifierScore(KeeperMetric[KeptRows]):
    """The score of the probabilities in `column`, over `splits` splits of the samples in an order shuffled by `seed`.

    The order starts from ascending indices, so it does not depend on batches. Needs two samples for every split.
    classes: the names of the columns; where they are given a table tells the likeliest ones.
    """

    column: str
    name: str = "cs"
    splits: int = 10
    seed: int = 0
    classes: tuple[str, ...] = ()

    @property
    def keeper(self) -> ColumnKeeper:
        return ColumnKeeper(column=self.column, ndim=2)

    def compute(self, state: KeptRows, reference: KeptRows | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate}; the reference is not used. MetricError on too few samples and on no probabilities."""
        rows = _probabilities(usable_rows(state, 2 * self.splits, self.name, self.column))
        order = stream(self.seed, "classifier score splits").permutation(len(rows))
        parts = _split(rows[order], self.splits)
        scores = np.exp([_divergences(part).mean() for part in parts])
        entropies = [-relative_entropy(part, np.ones(part.shape)).sum(1) for part in parts]
        score = score_estimate(self.name, scores, parts, entropies)
        return {self.name: replace(score, tables=self._tables(rows)) if self.classes else score}

    def _tables(self, rows: FloatArray) -> tuple[DetailTable, ...]:
        """The likeliest classes: the mean of each one's probability, and the share of samples that it is first for."""
        means, firsts = rows.mean(0), np.bincount(rows.argmax(1), minlength=rows.shape[1]) / len(rows)
        chosen = np.argsort(-means, kind="stable")[:LIKELIEST]
        spread = rows[:, chosen].var(0, ddof=1) / len(rows)
        told = {
            self.classes[k]: (normal_estimate(float(means[k]), len(rows), float(variance)), float(firsts[k]))
            for k, variance in zip(chosen, spread, strict=True)
        }
        columns = ("mean probability", "share of images it is first for")
        return (detail_table("classes", f"The {len(told)} likeliest classes", told, columns=columns),)


def _divergences(rows: FloatArray) -> FloatArray:
    """(N,) KL(p(y|x) || p(y)) in nats, p(y) the mean of `rows`."""
    return np.asarray(relative_entropy(rows, rows.mean(0)).sum(1), dtype=np.float64)


def _split(rows: FloatArray, splits: int) -> list[FloatArray]:
    whole(splits, "splits", 1, len(rows))
    return [rows[k * len(rows) // splits : (k + 1) * len(rows) // splits] for k in range(splits)]


def _probabilities(values: Values) -> FloatArray:
    rows = array64(values, "probabilities", 2, power=1)
    if rows.min() < 0 or np.abs(rows.sum(1) - 1).max() > _SUM_TOLERANCE:
        raise MetricError("probabilities must not be negative and rows must sum to 1; apply softmax to logits first")
    return rows
