"""The Frechet distance between two Gaussians, its gradient as an optimal transport map, and its bias.

>>> import numpy as np
>>> round(frechet_distance(np.zeros(3), np.eye(3), np.ones(3), 4 * np.eye(3)), 9)
6.0

Dowson and Landau 1982, "The Frechet distance between multivariate normal distributions"; as FID: Heusel et al. 2017,
equation 6. The trace term is the nuclear norm of L_A' L_B for any factors L L' of the covariances. Where A is definite
and well enough conditioned, it comes from the eigenvalues of L_A' B L_A with a Cholesky factor, in a fifth of the time;
otherwise from the singular values of the product, which come out to rounding of the largest, where square roots of
computed eigenvalues would lose half of the digits (docs/metrics/fd.md).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg
from scipy.linalg.lapack import dpotrf, dsygst

from ganprobe.core.errors import MetricError
from ganprobe.metrics.arrays import FloatArray, Values
from ganprobe.metrics.given import array64, whole

_NEGATIVE = 1e-4
_SKEW = 1e-5
"""The most by which entries across the diagonal may differ, as a share of the largest."""

_ERROR = 1e-9
"""The most by which square roots of eigenvalues may bound the distance's relative error; above it, singular values."""

_PIVOT = 1e-10
"""A Cholesky pivot below this share of its variance tells of a covariance that is singular but for rounding."""


def frechet_distance(mean_a: Values, cov_a: Values, mean_b: Values, cov_b: Values) -> float:
    """|mean_a - mean_b|^2 + tr(A + B - 2 (A^(1/2) B A^(1/2))^(1/2)), the squared distance that the field reports.

    Means (d,), covariances (d, d), symmetric and positive semi-definite; singular ones are taken as they are.
    MetricError where shapes do not fit, values are not finite or a covariance has negative eigenvalues.
    """
    a, b = _gaussian(mean_a, cov_a, "a"), _gaussian(mean_b, cov_b, "b")
    _same_size(a, b)
    if (root := _cholesky(a.cov)) is not None:
        squares = np.asarray(np.linalg.eigvalsh(_congruent(root, b.cov)), dtype=np.float64)
        if (singular := _exact_roots(a, b, squares)) is not None:
            return _distance(a, b, float(singular.sum()))
    product = _factor(a, "a").lower.T @ _factor(b, "b").lower
    return _distance(a, b, float(np.linalg.svd(product, compute_uv=False).sum()))


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
    return _definite_transport(a, b) or _singular_transport(a, b)


def _definite_transport(a: _Gaussian, b: _Gaussian) -> Transport | None:
    """From L' B L = P S^2 P' for A = L L': the maps are L'^-1 P S P' L^-1 and L P S^-1 P' L'."""
    if (root := _cholesky(a.cov)) is None:
        return None
    squares, vectors = np.linalg.eigh(_congruent(root, b.cov))
    if (singular := _exact_roots(a, b, squares)) is None:
        return None
    half = np.sqrt(singular)
    root_a = scipy.linalg.solve_triangular(root, vectors * half, lower=True, trans="T", check_finite=False).T
    root_b = (root @ (vectors / half)).T
    return Transport(_distance(a, b, float(singular.sum())), a.mean - b.mean, root_a, root_b, singular)


def _singular_transport(a: _Gaussian, b: _Gaussian) -> Transport:
    factor_a, factor_b = _factor(a, "a"), _factor(b, "b")
    left, singular, right = np.linalg.svd(factor_a.lower.T @ factor_b.lower, full_matrices=False)
    root = np.sqrt(singular)[:, None]
    root_a, root_b = root * left.T @ factor_a.inverse, root * right @ factor_b.inverse
    return Transport(_distance(a, b, float(singular.sum())), a.mean - b.mean, root_a, root_b, singular)


def frechet_influence(rows: Values, mean: Values, offset: Values, root: FloatArray) -> FloatArray:
    """(N,) influence of each row on the distance: 2 (x - mean)' offset + (x - mean)'(I - T)(x - mean) and a constant.

    rows (N, d) of one side, its mean (d,), offset: its mean less the other's, root (k, d) with root' root = T; k is 0
    where a side has no spread, so that nothing is carried anywhere. The derivation is in docs/metrics/fd.md.
    """
    about = array64(rows, "rows", 2) - array64(mean, "mean", 1, power=1)
    carried = about @ root.T if len(root) else np.zeros((len(about), 1))
    linear = 2 * about @ array64(offset, "offset", 1, power=1)
    return np.asarray(linear + (about**2).sum(1) - (carried**2).sum(1), dtype=np.float64)


def frechet_bias(cov_a: Values, n_a: int, cov_b: Values, n_b: int) -> float:
    """How much higher than the truth the plug-in distance (ddof 1) is on average, to second order, at n_a and n_b rows.

    Covariances (d, d) as estimated or known; n of 2 or more, large against d. Exact in the means; for the covariances
    it takes the fourth moments of a Gaussian. The derivation is in docs/metrics/fd.md.
    """
    n_a, n_b = whole(n_a, "n_a", 2), whole(n_b, "n_b", 2)
    a, b = array64(cov_a, "cov_a", 2), array64(cov_b, "cov_b", 2)
    singular = transport(np.zeros(len(a)), a, np.zeros(len(b)), b).singular
    return bias_of_traces(float(np.trace(a)), n_a, float(np.trace(b)), n_b, singular)


def bias_of_traces(trace_a: float, n_a: int, trace_b: float, n_b: int, singular: FloatArray) -> float:
    """`frechet_bias` from what `transport` has found already: the covariances' traces and (k,) singular values."""
    s = singular[singular > 0]
    pairs = (np.multiply.outer(s, s) / np.add.outer(s, s)).sum() + s.sum() / 2
    covariances = (1 / (n_a - 1) + 1 / (n_b - 1)) * pairs / 2
    return float(trace_a / n_a + trace_b / n_b + covariances)


def variance_of_alike(cov_a: FloatArray, n_a: int, cov_b: FloatArray, n_b: int, singular: FloatArray) -> float:
    """The variance of the plug-in distance where both sides are samples of one Gaussian, to second order: of the sum of
    squares whose mean `frechet_bias` is. Covariances (d, d), `singular` of `transport` (docs/metrics/fd.md)."""
    means = cov_a / n_a + cov_b / n_b
    s = singular[singular > 0]
    shares = np.multiply.outer(s, s) / np.add.outer(s, s)
    covariances = (1 / (n_a - 1) + 1 / (n_b - 1)) ** 2 * ((shares**2).sum() + (s**2).sum() / 4)
    return float(2 * (means**2).sum() + covariances)


@dataclass(frozen=True, slots=True)
class _Gaussian:
    """mean (d,) and covariance (d, d)."""

    mean: FloatArray
    cov: FloatArray

    @property
    def trace(self) -> float:
        return float(np.trace(self.cov))


@dataclass(frozen=True, slots=True)
class _Factor:
    """lower (d, r) with lower lower' = covariance, and inverse (r, d), its pseudo-inverse."""

    lower: FloatArray
    inverse: FloatArray


def _gaussian(mean: Values, cov: Values, side: str) -> _Gaussian:
    mean, cov = array64(mean, f"mean_{side}", 1), array64(cov, f"cov_{side}", 2)
    if cov.shape != (len(mean), len(mean)):
        raise MetricError(f"cov_{side} must be {len(mean)} x {len(mean)} as mean_{side} is; its shape is {cov.shape}")
    # Rounding leaves single precision's covariances a little skew; what is more is no covariance.
    skew = float(np.abs(cov - cov.T).max())
    if skew > _SKEW * float(np.abs(cov).max()):
        raise MetricError(f"cov_{side} {cov.shape} is not symmetric: entries differ by up to {skew:.3g}; mend it")
    return _Gaussian(mean, (cov + cov.T) / 2 if skew else cov)


def _cholesky(cov: FloatArray) -> FloatArray | None:
    """(d, d) lower L with L L' = cov; None where it is not definite beyond rounding."""
    # LAPACK wants columns first, which the transpose of a symmetric matrix has without a copy.
    root, failed = dpotrf(cov.T, lower=1, clean=1)
    if failed:
        return None
    definite = np.diagonal(root) ** 2 > _PIVOT * np.diagonal(cov)
    return np.asarray(root, dtype=np.float64) if definite.all() else None


def _congruent(root: FloatArray, cov: FloatArray) -> FloatArray:
    """root' cov root of a lower triangle and a symmetric matrix, (d, d), of which only the lower triangle is filled:
    what `eigvalsh` and `eigh` read."""
    product, _ = dsygst(cov.T, root, itype=2, lower=1)
    return np.asarray(product, dtype=np.float64)


def _exact_roots(a: _Gaussian, b: _Gaussian, squares: FloatArray) -> FloatArray | None:
    """(d,) roots of ascending eigenvalues, each of which is off by some rounding of the largest; None where that may
    matter to the distance, or where one is not positive."""
    if squares[0] <= 0:
        return None
    singular = np.sqrt(squares)
    off = np.sqrt(len(squares)) * np.finfo(np.float64).eps * squares[-1]
    accurate = off * float((0.5 / singular).sum()) <= _ERROR * _distance(a, b, float(singular.sum()))
    return singular if accurate else None


def _factor(gaussian: _Gaussian, side: str) -> _Factor:
    values, vectors = np.linalg.eigh((gaussian.cov + gaussian.cov.T) / 2)
    if values[0] < -_NEGATIVE * max(values[-1], 0.0):
        raise MetricError(f"cov_{side} has the eigenvalue {values[0]:.3g}; a covariance has none below zero")
    # Below this an eigenvalue is rounding error, and its root would be a spurious direction of 1e-8.
    kept = values > len(values) * np.finfo(np.float64).eps * max(values[-1], 0.0)
    vectors, roots = vectors[:, kept], np.sqrt(values[kept])
    return _Factor(vectors * roots, (vectors / roots).T)


def _distance(a: _Gaussian, b: _Gaussian, cross: float) -> float:
    offset = a.mean - b.mean
    return max(0.0, float(offset @ offset) + (a.trace + b.trace - 2 * cross))


def _same_size(a: _Gaussian, b: _Gaussian) -> None:
    if a.mean.shape != b.mean.shape:
        raise MetricError(f"both Gaussians must have one dimension; they have {len(a.mean)} and {len(b.mean)}")
