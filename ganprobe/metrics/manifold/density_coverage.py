"""Precision, recall, density and coverage of features.

>>> import numpy as np
>>> points = np.random.default_rng(0).normal(size=(50, 2))
>>> prdc(points, points)["coverage"]
1.0

Naeem et al. 2020, "Reliable fidelity and diversity metrics for generative models", section 3.
"""

from __future__ import annotations

from typing import TypedDict

from ganprobe.metrics.arrays import Values
from ganprobe.metrics.neighbours.radii import ball_counts


class Prdc(TypedDict):
    """precision, recall and coverage in [0, 1]; density at least 0, about 1 where both sides are alike."""

    precision: float
    recall: float
    density: float
    coverage: float


def prdc(real: Values, fake: Values, k: int = 5) -> Prdc:
    """The four numbers of fake (M, d) against real (N, d), with open balls that reach from each point to its k-th
    nearest other point. MetricError unless both sides have more than k points, all finite."""
    counts = ball_counts(real, fake, k, closed=False)
    return Prdc(
        precision=float((counts.real_balls_at_fake > 0).double().mean()),
        recall=float((counts.fake_balls_at_real > 0).double().mean()),
        density=float(counts.real_balls_at_fake.mean()) / k,
        coverage=float((counts.fakes_in_real_ball > 0).double().mean()),
    )
