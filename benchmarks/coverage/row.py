"""What a row of the table declares."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ganprobe.core.results import Estimate
from ganprobe.metrics.spec import MetricSpec

Pair = tuple[Estimate, Estimate]
Twins = Callable[[MetricSpec, np.random.Generator], Pair]
"""Two alike generators, drawn apart, measured against one reference."""

Truth = Callable[[], tuple[float, float]]
"""What the intervals should hold, and its own standard error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """metrics: names of one estimator; the first is measured at full size, all of them in the suite. drawn: the
    distribution in words. n, m: samples of either generator and of the reference (0: none). truth: None for the mean of
    all replicates' values, that is, of the estimate at this n. unstated: why no interval is stated here, where that is
    by design. called: the metrics in the table, where they are too many to be named. replicates: at full size. suite:
    replicates in the suite, 0 for none."""

    metrics: tuple[str, ...]
    drawn: str
    n: int
    twins: Twins
    m: int = 0
    truth: Truth | None = None
    unstated: str = ""
    called: str = ""
    replicates: int = 200
    suite: int = 0

    @property
    def name(self) -> str:
        """Of the row alone."""
        return f"{self.metrics[0]}, {self.drawn}, {self.n}, {self.m}"


def closed(value: float) -> Truth:
    """A truth in closed form."""
    return lambda: (value, 0.0)
