"""Forgetting: the best accuracy so far less the one now, on the same test images.

>>> import numpy as np
>>> hits = np.array([[1, 1, 0, 0], [1, 1, 1, 0], [0, 1, 0, 0]], dtype=bool)
>>> [each.value for each in forgetting(hits)]
[0.0, 0.0, 0.5]

Chen et al. 2019, "Self-supervised GANs via auxiliary rotation loss", section 3: the accuracy of a linear classifier on
the discriminator's features rises and falls again as an unsupervised discriminator forgets.

The best of many is best by luck too. With d_s the difference of snapshot s from now and e_s its standard error over the
test images, what is forgotten is max over s of the true d_s: surely at least each d_s - c e_s, c being the quantile of
the largest of their errors, which are correlated; and at most d_s + 1.96 e_s of the truly best one, and so the largest
such sum. That is the interval.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ganprobe.core.errors import MetricError
from ganprobe.core.results import Z95, Estimate
from ganprobe.core.streams import stream
from ganprobe.metrics.arrays import FloatArray
from ganprobe.probes.accuracy import Hits

DRAWS: Final = 20_000


def forgetting(hits: Hits) -> list[Estimate]:
    """What is forgotten at each of S snapshots, of hits (S, T): whether the probe of snapshot s has test image i right.
    In [0, 1]; reference_terms are those of the difference from the best one, one a test image. MetricError for fewer
    than two test images."""
    if hits.ndim != 2 or hits.shape[1] < 2 or not len(hits):
        raise MetricError(f"hits of snapshots x two or more test images were expected, got shape {hits.shape}")
    values = hits.astype(np.float64)
    return [_lost(values[: now + 1]) for now in range(len(values))]


def _lost(values: FloatArray) -> Estimate:
    """At the last of values (S, T)."""
    differences = values - values[-1]
    d, images = differences.mean(axis=1), values.shape[1]
    errors = (differences - d[:, None]) / np.sqrt(images * (images - 1))
    e = np.sqrt((errors**2).sum(axis=1))
    best = int(d.argmax())
    low, high = (d - _quantile(errors, e) * e).max(), (d + Z95 * e).max()
    terms = differences[best] / np.sqrt(images * (images - 1))
    return Estimate(float(d[best]), (float(low), float(min(high, 1.0))), images, 0.0, reference_terms=terms)


def _quantile(errors: FloatArray, e: FloatArray) -> float:
    """Of the largest of the errors in their own deviations, 97.5%: they are normal, as correlated as errors (S, T)."""
    vary = e > 0
    if vary.sum() < 2:
        return Z95
    standard = errors[vary] / e[vary, None]
    values, axes = np.linalg.eigh(standard @ standard.T)
    drawn = stream(0, "forgetting", int(vary.sum())).standard_normal((DRAWS, len(values)))
    largest = (drawn @ (axes * np.sqrt(values.clip(min=0))).T).max(axis=1)
    return float(np.quantile(largest, 0.975))
