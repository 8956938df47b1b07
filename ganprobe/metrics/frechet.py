"""The Frechet distance between two Gaussians, its gradient as an optimal transport map, and its bias.

>>> import numpy as np
>>> round(frechet_distance(np.zeros(3), np.eye(3), np.ones(3), 4 * np.eye(3)), 9)
6.0

Dowson and Landau 1982, "The Frechet distance between multivariate normal distributions"; as FID: Heusel et al. 2017,
equation 6. The trace term is taken as the nuclear norm of a product of symmetric square roots, whose singular values
come out to rounding of the largest; square roots of computed eigenvalues would lose half of the digits
(docs/metrics/fd.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ganprobe.core.errors import MetricError
from ganprobe.metrics.arrays import FloatArray, Values, array64

_NEGATIVE = 1e-4


def frechet_distance(mean_a: Values, cov_a: Values, mean_b: Values, cov_b: Values) -> float:
    """|mean_a - mean_b|^2 + tr(A + B - 2 (A^(1/2) B A^(1/2))^(1/2)), the squared distance that the field reports.

    Means (d,), covariances (d, d), symmetric and positive semi-definite; singular ones are taken as they are.
    MetricError where shapes do not fit, values are not finite or a covariance has negative eigenvalues.
    """
    a, b = _gaussian(mean_a, cov_a, "a"), _gaussian(mean_b, cov_b, "b")
    _same_size(a, b)
    return _distance(a, b, float(np.linalg.svd(a.factor.T @ b.factor, compute_uv=False).sum()))


@dataclass(frozen=True, slots=True)
class Transport:
    """What the distance and its first derivatives need.

    value: the distance. offset: (d,) mean_a - mean_b. root_a: (k, d) with root_a' root_a = T, the optimal transport
    map from a to b, on the range of A; root_b likewise from b to a. singular: (k,) the eigenvalues of
    (A^(1/2) B A^(1/2))^(1/2).
    """

    value: float
    offset: FloatArray
    root_a: FloatArray
    root_b: FloatArray
    singular: FloatArray


def transport(mean_a: Values, cov_a: Values, mean_b: Values, cov_b: Values) -> Transport:
    """The distance as `frechet_distance` gives it, with both transport maps."""
    a, b = _gaussian(mean_a, cov_a, "a"), _gaussian(mean_b, cov_b, "b")
    _same_size(a, b)
    left, singular, right = np.linalg.svd(a.factor.T @ b.factor, full_matrices=False)
    root = np.sqrt(singular)[:, None]
    root_a, root_b = root * left.T @ a.inverse_factor, root * right @ b.inverse_factor
    return Transport(_distance(a, b, float(singular.sum())), a.mean - b.mean, root_a, root_b, singular)


def frechet_influence(rows: Values, mean: Values, offset: Values, root: Values) -> FloatArray:
    """(N,) influence of each row on the distance: 2 (x - mean)' offset + (x - mean)'(I - T)(x - mean) and a constant.

    rows (N, d) of one side, its mean (d,), offset: its mean less the other's, root (k, d) with root' root = T.
    The derivation is in docs/metrics/fd.md.
    """
    about = array64(rows, "rows", 2) - array64(mean, "mean", 1)
    carried = about @ array64(root, "root", 2).T
    linear = 2 * about @ array64(offset, "offset", 1)
    return np.asarray(linear + (about**2).sum(1) - (carried**2).sum(1), dtype=np.float64)


def frechet_bias(cov_a: Values, n_a: int, cov_b: Values, n_b: int) -> float:
    """How much higher than the truth the plug-in distance (ddof 1) is on average, to second order, at n_a and n_b rows.

    Covariances (d, d) as estimated or known; n of 2 or more, large against d. Exact in the means; for the covariances
    it takes the fourth moments of a Gaussian. The derivation is in docs/metrics/fd.md.
    """
    if min(n_a, n_b) < 2:
        raise MetricError(f"a bias needs at least 2 samples on both sides; there are {n_a} and {n_b}: give more")
    a, b = array64(cov_a, "cov_a", 2), array64(cov_b, "cov_b", 2)
    singular = transport(np.zeros(len(a)), a, np.zeros(len(b)), b).singular
    return bias_of_traces(float(np.trace(a)), n_a, float(np.trace(b)), n_b, singular)


def bias_of_traces(trace_a: float, n_a: int, trace_b: float, n_b: int, singular: FloatArray) -> float:
    """`frechet_bias` from what `transport` has found already: the covariances' traces and (k,) singular values."""
    s = singular[singular > 0]
    pairs = (np.multiply.outer(s, s) / np.add.outer(s, s)).sum() + s.sum() / 2
    covariances = (1 / (n_a - 1) + 1 / (n_b - 1)) * pairs / 2
    return float(trace_a / n_a + trace_b / n_b + covariances)


@dataclass(frozen=True, slots=True)
class _Gaussian:
    """mean (d,), trace of the covariance, factor (d, r) with factor factor' = covariance, and inverse_factor (r, d),
    the factor's pseudo-inverse."""

    mean: FloatArray
    trace: float
    factor: FloatArray
    inverse_factor: FloatArray


def _gaussian(mean: Values, cov: Values, side: str) -> _Gaussian:
    mean, cov = array64(mean, f"mean_{side}", 1), array64(cov, f"cov_{side}", 2)
    if cov.shape != (len(mean), len(mean)):
        raise MetricError(f"cov_{side} must be {len(mean)} x {len(mean)} as mean_{side} is; its shape is {cov.shape}")
    values, vectors = np.linalg.eigh((cov + cov.T) / 2)
    if values[0] < -_NEGATIVE * max(values[-1], 0.0):
        raise MetricError(f"cov_{side} has the eigenvalue {values[0]:.3g}; a covariance has none below zero")
    # Below this an eigenvalue is rounding error, and its root would be a spurious direction of 1e-8.
    kept = values > len(values) * np.finfo(np.float64).eps * max(values[-1], 0.0)
    vectors, roots = vectors[:, kept], np.sqrt(values[kept])
    return _Gaussian(mean, float(np.trace(cov)), vectors * roots, (vectors / roots).T)


def _distance(a: _Gaussian, b: _Gaussian, cross: float) -> float:
    offset = a.mean - b.mean
    return max(0.0, float(offset @ offset) + (a.trace + b.trace - 2 * cross))


def _same_size(a: _Gaussian, b: _Gaussian) -> None:
    if a.mean.shape != b.mean.shape:
        raise MetricError(f"both Gaussians must have one dimension; they have {len(a.mean)} and {len(b.mean)}")
