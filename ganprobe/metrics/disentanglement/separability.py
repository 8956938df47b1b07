"""The separability of attributes in a latent space.

>>> separability_score([[[50, 0], [0, 50]]])
1.0

Karras et al. 2019, "A style-based generator architecture for generative adversarial networks", section 4.2 and
appendix C. A score of 1 is perfect; every bit of uncertainty doubles it.
"""

from __future__ import annotations

import numpy as np

from ganprobe.core.errors import MetricError
from ganprobe.metrics.arrays import FloatArray, Values, named, relative_entropy
from ganprobe.metrics.given import array64


def separability_score(confusions: Values) -> float:
    """2 to the sum over attributes of H(Y|X) in bits.

    confusions (A, 2, 2): counts [attribute, X, Y], X the class that the hyperplane predicts and Y the classifier's.
    MetricError on counts that are negative or not finite, and on attributes where only one class Y remains.
    """
    return float(2.0 ** conditional_entropies(confusions).sum())


def conditional_entropies(confusions: Values) -> FloatArray:
    """(A,) H(Y|X) = -sum p(x, y) log p(y|x) of each attribute, in bits, between 0 and 1; confusions as above."""
    counts = array64(confusions, "confusions", 3)
    if counts.shape[1:] != (2, 2) or counts.min() < 0:
        raise MetricError(f"confusions must be counts of shape (A, 2, 2), none negative; their shape is {counts.shape}")
    alone = np.flatnonzero((counts.sum(1) == 0).any(1))
    if len(alone):
        raise MetricError(f"attributes {named(alone)} have samples of one class alone; leave them out or draw more")
    joint = counts / counts.sum((1, 2), keepdims=True)
    nats = -relative_entropy(joint, joint.sum(2, keepdims=True)).sum((1, 2))
    return np.asarray(np.maximum(nats, 0) / np.log(2), dtype=np.float64)
