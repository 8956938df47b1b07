"""What a metric of attribute scores is made of: the scores of all samples, and the way back to their latents.

Scores are small and are kept, by index; latents are not: those of the indices that a metric needs are drawn again.
"""

from __future__ import annotations

from typing import TypeAlias

from ganprobe.core.columns import SCORES
from ganprobe.metrics.base import Measuring, Surroundings
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.metrics.states.values import ColumnKeeper

ScoredSamples: TypeAlias = Surroundings[KeptRows]
"""Whose scores they are: the sampler, the seed, and the names of the columns."""


class ScoredMetric(Measuring[KeptRows]):
    """Abstract: keeps the column "scores" (N, A) and reads it together with the samplers' latents."""

    __slots__ = ()

    @property
    def keeper(self) -> ColumnKeeper:
        return ColumnKeeper(column=SCORES, ndim=2)
