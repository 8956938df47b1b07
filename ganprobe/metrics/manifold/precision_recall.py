"""Improved precision and recall of features.

>>> import numpy as np
>>> points = np.random.default_rng(0).normal(size=(50, 2))
>>> precision_recall(points, points)
PrecisionRecall(precision=1.0, recall=1.0)

Kynkaanniemi et al. 2019, "Improved precision and recall metric for assessing generative models", equations 1 and 2.
"""

from __future__ import annotations

from typing import NamedTuple

from ganprobe.metrics.arrays import Values
from ganprobe.metrics.neighbours.radii import ball_counts


class PrecisionRecall(NamedTuple):
    """precision: the share of fakes inside the reals' manifold; recall: of reals inside the fakes'. Both in [0, 1]."""

    precision: float
    recall: float


def precision_recall(real: Values, fake: Values, k: int = 3) -> PrecisionRecall:
    """Precision and recall of fake (M, d) against real (N, d); a manifold is the union of closed balls that reach from
    each point to its k-th nearest other point. MetricError unless both sides have more than k points, all finite."""
    counts = ball_counts(real, fake, k, closed=True)
    precision = (counts.real_balls_at_fake > 0).double().mean()
    recall = (counts.fake_balls_at_real > 0).double().mean()
    return PrecisionRecall(float(precision), float(recall))
