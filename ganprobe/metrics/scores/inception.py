"""The Inception Score from logits, in the field's orders of the samples.

>>> import torch
>>> score = InceptionScore(column="inception.logits_unbiased", splits=1)
>>> logits = 50 * torch.eye(4).repeat(5, 1)
>>> state = score.update(score.empty(), {"index": torch.arange(20), "inception.logits_unbiased": logits})
>>> round(score.compute(state)["is"].value, 6)
4.0

Salimans et al. 2016, "Improved techniques for training GANs", section 4. The interval is that of `cs`
(docs/metrics/cs.md).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from torch import Tensor

from ganprobe.core.results import Estimate
from ganprobe.metrics.arrays import FloatArray, named, to_array, widened
from ganprobe.metrics.base import KeeperMetric, not_finite, too_few
from ganprobe.metrics.published_draws import torch_fidelity_order
from ganprobe.metrics.scores.jackknife import score_estimate
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.metrics.states.values import ColumnKeeper


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class InceptionScore(KeeperMetric[KeptRows]):
    """The score of the logits in `column` (N, classes): the mean over `splits` consecutive splits of the samples, in
    ascending order of index, or shuffled as torch-fidelity shuffles. Needs two samples for every split."""

    column: str
    name: str = "is"
    splits: int = 10
    shuffled: bool = True

    @property
    def keeper(self) -> ColumnKeeper:
        return ColumnKeeper(column=self.column, ndim=2)

    def compute(self, state: KeptRows, reference: KeptRows | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate}; the reference is not used. MetricError on too few samples, on values not finite."""
        if state.stored < 2 * self.splits:
            raise too_few(state.stored, 2 * self.splits, self.name)
        index, rows = state.whole()
        bad = to_array(index[~torch.isfinite(rows).all(1)])
        if len(bad):
            raise not_finite(self.column, named(bad))
        n = len(rows)
        order = torch.from_numpy(torch_fidelity_order(n) if self.shuffled else np.arange(n)).to(rows.device)
        ends = [k * n // self.splits for k in range(self.splits + 1)]
        found = [_split(rows[order[a:b]]) for a, b in itertools.pairwise(ends)]
        scores, parts, entropies = zip(*found, strict=True)
        return {self.name: score_estimate(self.name, np.array(scores), parts, entropies)}


def _split(logits: Tensor) -> tuple[float, FloatArray, FloatArray]:
    """The score of a split, its probabilities (N, C) and their entropies (N,) in nats, from float64 logarithms: no
    probability underflows to a zero that has one."""
    log_p = widened(logits).log_softmax(1)
    log_marginal = log_p.logsumexp(0) - np.log(len(log_p))
    rows = log_p.exp()
    divergences = np.asarray(to_array((rows * (log_p - log_marginal)).sum(1)), dtype=np.float64)
    return float(np.exp(divergences.mean())), to_array(rows), to_array(-(rows * log_p).sum(1))
