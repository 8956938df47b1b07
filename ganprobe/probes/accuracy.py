"""Accuracies of classifiers on one set of test images, with what chance has to do with them: that of the images, and
that of the seeds that several classifiers were trained from.

>>> import numpy as np
>>> hits = np.array([[1, 1, 1, 0], [1, 1, 0, 0]], dtype=bool)
>>> accuracy(hits).value, gap(hits, hits).value
(0.625, 0.0)

A hit is whether classifier r has test image i right: 1 / 0 = m + A_r + B_i + e_ri. The mean over both has the variance
var A / R + var B / T + var e / (R T) (the two-way layout without replication; Searle, Casella and McCulloch 1992,
"Variance components", section 4.4). A few classifiers tell their share of it poorly, for which Student's quantile
stands.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from ganprobe.core.errors import MetricError
from ganprobe.core.results import Z95, Estimate, difference, reference_variance
from ganprobe.metrics.arrays import FloatArray

Hits = NDArray[np.bool_]


def accuracy(hits: Hits) -> Estimate:
    """The mean of hits (R, T): of R classifiers on the same T test images. The interval is Wilson's, at the number of
    independent images that would have its variance; variance (of the seeds) and reference_terms (one a test image) let
    two accuracies on the same images be compared. MetricError for other shapes."""
    _check(hits)
    value, terms, seeds = float(hits.mean()), _terms(hits.mean(axis=0)), _of_seeds(hits)
    ends = _wilson(value, seeds + reference_variance(terms), hits.shape)
    return Estimate(value, ends, hits.shape[1], seeds, reference_terms=terms)


def share(hits: Hits) -> Estimate:
    """The mean of hits (R, T): of R fixed questions about each of T images, which need not be independent of one
    another. The interval is Wilson's, at the number of independent trials that would have its variance."""
    _check(hits)
    value, by_image = float(hits.mean()), hits.mean(axis=0)
    variance = float(by_image.var(ddof=1)) / len(by_image) if len(by_image) > 1 else 0.0
    return Estimate(value, _wilson(value, variance, hits.shape), len(by_image), variance)


def gap(better: Hits, worse: Hits) -> Estimate:
    """The mean of `better` (R, T) less that of `worse` (R', T) on the same images in the same order, in which the
    images' shares partly cancel. MetricError for other shapes."""
    found = difference(accuracy(better), accuracy(worse))
    if found.ci95 is None:
        raise MetricError(f"accuracies on the same images were expected, got {better.shape[1]} and {worse.shape[1]}")
    low, high = found.ci95
    return replace(found, ci95=(max(low, -1.0), min(high, 1.0)))


def _of_seeds(hits: Hits) -> float:
    """The variance from the classifiers' seeds, widened for how few there are. The mean square between classifiers
    holds the rest e as well, which the images' share has already."""
    count, images = hits.shape
    if count == 1:
        return 0.0
    values = hits.astype(np.float64)
    rest = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    noise = float((rest**2).sum()) / ((count - 1) * max(images - 1, 1)) / images
    own = max(float(values.mean(axis=1).var(ddof=1)) - noise, 0.0) / count
    quantile = float(stdtrit(count - 1, 0.975))
    widened: float = own * (quantile / Z95) ** 2
    return widened


def _terms(by_image: FloatArray) -> FloatArray:
    """(T,): sum((c - mean(c))^2) is the variance of the mean of `by_image`."""
    return np.asarray(by_image / math.sqrt(max(len(by_image) * (len(by_image) - 1), 1)), dtype=np.float64)


def _wilson(share: float, variance: float, shape: tuple[int, ...]) -> tuple[float, float]:
    """Wilson's (1927) interval at the n for which a share of independent trials has `variance`; where none is seen, as
    at 0 and 1, at the number of images."""
    seen = 0 < share < 1 and variance > 0
    n = min(share * (1 - share) / variance, float(shape[0] * shape[1])) if seen else float(shape[1])
    z2 = Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share))


def _check(hits: Hits) -> None:
    if hits.ndim != 2 or 0 in hits.shape:
        raise MetricError(f"hits of classifiers x test images were expected, got an array of shape {hits.shape}")
