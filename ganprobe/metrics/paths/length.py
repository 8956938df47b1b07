"""Perceptual path length: the trimmed mean of path distances, and `ppl_*` as metrics.

>>> trimmed_mean([1.0, 2.0, 3.0, 1000.0], low=0.0, high=60.0)
2.0

Karras et al. 2019, "A style-based generator architecture for generative adversarial networks", section 4.1. What a
pair is (space, ends, epsilon) is the sampler's matter; here a sample's value is its distance over epsilon squared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np

from ganprobe.core.errors import MetricError
from ganprobe.core.results import Estimate
from ganprobe.metrics.arrays import FloatArray, Values
from ganprobe.metrics.base import KeeperMetric
from ganprobe.metrics.given import array64
from ganprobe.metrics.paths.protocol import HIGH, LEAST, LOW
from ganprobe.metrics.paths.trim import trimmed_estimate
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.metrics.states.values import ColumnKeeper, usable_rows


def trimmed_mean(values: Values, low: float = LOW, high: float = HIGH) -> float:
    """The mean of the values (N,) between two percentiles, ends included, as StyleGAN takes it: the lower percentile
    is the data point at or below it, the upper the one at or above. MetricError on no values, on values not finite."""
    data = array64(values, "values", 1, power=1)
    return float(_inside(data, *_ends(data, low, high)).mean())


def trimmed_mean_variance(values: Values, low: float = LOW, high: float = HIGH) -> float:
    """The variance of `trimmed_mean`: the variance of the values clipped to the ends (winsorised; Tukey and McLaughlin
    1963), over n and the square of the share that is not trimmed. N >= 2."""
    data = array64(values, "values", 1)
    if len(data) < LEAST:
        raise MetricError(f"a variance needs at least {LEAST} values; there are {len(data)}: give more")
    ends = _ends(data, low, high)
    share = len(_inside(data, *ends)) / len(data)
    return float(data.clip(*ends).var(ddof=1)) / (len(data) * share**2)


def _ends(data: FloatArray, low: float, high: float) -> tuple[float, float]:
    if not 0 <= low < high <= 100:
        raise MetricError(f"percentiles 0 <= low < high <= 100 were expected; got {low} and {high}")
    return float(np.percentile(data, low, method="lower")), float(np.percentile(data, high, method="higher"))


def _inside(data: FloatArray, low: float, high: float) -> FloatArray:
    return data[(data >= low) & (data <= high)]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PathLength(KeeperMetric[KeptRows]):
    """The trimmed mean of the path distances in `column` (N,); low and high are percentiles."""

    column: str
    name: str
    low: float = LOW
    high: float = HIGH

    @property
    def keeper(self) -> ColumnKeeper:
        return ColumnKeeper(column=self.column, ndim=1)

    def compute(self, state: KeptRows, reference: KeptRows | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate}; the reference is not used. MetricError on fewer than 2 pairs, on values not finite."""
        values = usable_rows(state, LEAST, self.name, self.column)
        mean, ends = trimmed_mean(values, self.low, self.high), _ends(values, self.low, self.high)
        return {self.name: trimmed_estimate(mean, values, ends, self.high)}
