"""The correlation of attribute scores over samples: which attributes a generator (or a data set) ties together.

>>> attribute_correlation([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]]).round(6).tolist()
[[1.0, 1.0], [1.0, 1.0]]
"""

from __future__ import annotations

import numpy as np

from ganprobe.core.errors import MetricError
from ganprobe.metrics.arrays import FloatArray, Values, named
from ganprobe.metrics.given import array64, centred


def attribute_correlation(scores: Values) -> FloatArray:
    """(A, A) Pearson correlations of scores (N, A), N >= 2; symmetric, ones on the diagonal, all in [-1, 1].

    MetricError on fewer than 2 samples, values not finite, and attributes whose score never changes.
    """
    values = array64(scores, "scores", 2)
    constant = np.flatnonzero(values.min(0) == values.max(0))
    if len(values) < 2:
        raise MetricError(f"at least 2 samples were expected, got scores of shape {values.shape}: give more")
    if len(constant):
        raise MetricError(f"scores of attributes {named(constant)} never change, so nothing correlates; leave them out")
    about = centred(values)
    about /= np.linalg.norm(about, axis=0)
    correlation = np.clip(about.T @ about, -1.0, 1.0)
    np.fill_diagonal(correlation, 1.0)
    return np.asarray(correlation, dtype=np.float64)
