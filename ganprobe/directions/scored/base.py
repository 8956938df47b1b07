"""What a metric of attribute scores is made of: the scores of all samples, and the way back to their latents.

Scores are small and are kept, by index; latents are not: those of the indices that a metric needs are drawn again.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass

from ganprobe.core.columns import SCORES
from ganprobe.core.protocols import Sampler
from ganprobe.core.results import Estimate
from ganprobe.metrics.base import KeeperAccumulator
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.metrics.states.values import ColumnKeeper


@dataclass(frozen=True, slots=True)
class ScoredSamples:
    """Whose scores they are: the sampler, the seed that its samples were drawn under, and the names of the columns.
    continuous: those of them that are estimates of a quantity (age in years), and no logits whose sign is the class."""

    sampler: Sampler
    seed: int
    attributes: tuple[str, ...]
    continuous: frozenset[str] = frozenset()


class ScoredMetric(KeeperAccumulator[KeptRows]):
    """Abstract: keeps the column "scores" (N, A) and reads it together with the samplers' latents."""

    __slots__ = ()

    @property
    def keeper(self) -> ColumnKeeper:
        return ColumnKeeper(column=SCORES, ndim=2)

    @abstractmethod
    def measure(self, state: KeptRows, samples: ScoredSamples) -> Mapping[str, Estimate]:
        """{name: Estimate}. MetricError on no data, on too few samples and on scores that are not finite;
        CapabilityError where the sampler lacks the latents."""
