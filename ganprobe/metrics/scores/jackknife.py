"""The interval of a score over splits, by leaving out each sample of a split in turn, p(y) with it.

>>> from ganprobe.core.streams import stream
>>> rows = np.eye(4)[stream(0, "jackknife example").integers(0, 4, 100)]
>>> estimate = score_estimate("is", np.array([3.9]), [rows], [np.zeros(100)])
>>> estimate.variance > 0
True

A split's score is exp(H(mean p) - mean H(p)) with H the entropy. Where classes are many for the samples of a split, its
p(y) is made of them, and the first derivative of the score says little of its variance: the jackknife, exact and as
cheap, carries the refit (Efron and Stein 1981, "The jackknife estimate of variance"; docs/metrics/cs.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ganprobe.core.results import Estimate
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.intervals import skewed_estimate

FEWEST_IN_SPLIT = 5
FULL = 0.85
"""A score above this share of a split's samples is near its bound, their number."""


def score_estimate(
    name: str, scores: FloatArray, parts: Sequence[FloatArray], entropies: Sequence[FloatArray]
) -> Estimate:
    """The mean of the splits' `scores` (K,), of probabilities (n, C) with their entropies in nats (n,), a pair a split.
    No interval below 5 samples in a split, and where the scores come near to their number; a note says so."""
    value, n = float(scores.mean()), sum(len(part) for part in parts)
    fewest = min(len(part) for part in parts)
    if fewest < FEWEST_IN_SPLIT:
        wanted = FEWEST_IN_SPLIT * len(parts)
        return Estimate(value, None, n, notes=(f"no interval: {fewest} samples in a split; give {wanted} or more",))
    if value > FULL * n / len(parts):
        said = f"{name} cannot exceed the {n // len(parts)} samples of a split, and comes near to it"
        return Estimate(value, None, n, notes=(f"no interval: {said}; give at least {5 * n:,} samples",))
    pairs = zip(parts, entropies, strict=True)
    terms = np.concatenate([_left_out(part, entropy) for part, entropy in pairs]) / len(parts)
    return skewed_estimate(value, n, terms)


def _left_out(rows: FloatArray, entropy: FloatArray) -> FloatArray:
    """(n,) what each sample adds to its split's score: their squares sum up to the jackknife's variance."""
    n = len(rows)
    mean = np.clip((rows.sum(0) - rows) / (n - 1), 0.0, None)
    logarithm = np.log(mean, out=np.zeros_like(mean), where=mean > 0)
    without = np.exp(-(mean * logarithm).sum(1) - (entropy.sum() - entropy) / (n - 1))
    return np.asarray((without.mean() - without) * np.sqrt((n - 1) / n), dtype=np.float64)
