"""The lasso from second moments alone, so that it never needs all samples at once; its penalty by cross-validation.

>>> rng = np.random.default_rng(0)
>>> x = rng.standard_normal((500, 3))
>>> fit = cross_validated_lasso(group_moments(x, 2 * x[:, :1], groups=5), features=3)
>>> (abs(fit.weights) > 0.5).ravel().tolist()
[True, False, False]

Tibshirani 1996, "Regression shrinkage and selection via the lasso". Features and targets are standardised to mean 0 and
deviation 1, so weights are comparable. With groups of samples, the fits that leave one group out are the folds of the
cross-validation and the replicates of a jackknife at once.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import lasso_path

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics.arrays import FloatArray, Values
from ganprobe.metrics.given import array64, whole

PENALTIES: Final = 25
SMALLEST_PENALTY: Final = 1e-3
"""Of the penalties that are tried, as a share of the one at which every weight is zero."""
REDRAWS: Final = 100
"""Of the folds, for what another choice of the penalties would change."""
_RANK: Final = 1e-10
_NOTHING: Final = 1e-6
_ROUNDING: Final = 1e-12
_TOLERANCE: Final = 1e-6
"""Of the duality gap, as a share of the target's variance."""
_SWEEPS: Final = 1000


@dataclass(frozen=True, slots=True, eq=False)
class CrossMoments:
    """Sums over n samples of rows [x, y]: total (F + A,), outer (F + A, F + A), float64."""

    n: int
    total: FloatArray
    outer: FloatArray

    @staticmethod
    def of(features: FloatArray, targets: FloatArray) -> CrossMoments:
        """Of features (N, F) and targets (N, A)."""
        rows = np.concatenate([features, targets], axis=1, dtype=np.float64)
        return CrossMoments(len(rows), rows.sum(0), rows.T @ rows)

    def __add__(self, other: CrossMoments) -> CrossMoments:
        return CrossMoments(self.n + other.n, self.total + other.total, self.outer + other.outer)

    def __sub__(self, other: CrossMoments) -> CrossMoments:
        return CrossMoments(self.n - other.n, self.total - other.total, self.outer - other.outer)

    @property
    def mean(self) -> FloatArray:
        return self.total / self.n

    def squares_about(self, centre: FloatArray) -> FloatArray:
        """(F + A,): sums of the squared distances of the rows from `centre`."""
        return np.asarray(np.diagonal(self.outer) - 2 * centre * self.total + self.n * centre**2, dtype=np.float64)

    @property
    def covariance(self) -> FloatArray:
        return np.asarray(self.outer / self.n - np.outer(self.mean, self.mean), dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class LassoFit:
    """weights (F, A): of standardised features and targets, fitted on all samples. left_out (G, F, A): the same with
    one group left out. r_squared (A,): the share of variance that is predicted, held out; at most 1, below 0 where the
    mean predicts better. fold_r_squared (G, A): the same by fold. left_out_r_squared (G, A): the same of all folds but
    one, errors and variance alike. penalties (A,): chosen, as a share of the one at which every weight is zero. path
    (A, F, P): weights at every penalty that was tried. rechosen (R, A): which of them folds drawn anew, with
    replacement, would choose; rechosen_r_squared (R, A): what all folds say of it; rechosen_told (R, A): whether the
    redrawn ones call it above 0."""

    weights: FloatArray
    left_out: FloatArray
    r_squared: FloatArray
    fold_r_squared: FloatArray
    left_out_r_squared: FloatArray
    penalties: FloatArray
    path: FloatArray
    rechosen: NDArray[np.intp]
    rechosen_r_squared: FloatArray
    rechosen_told: NDArray[np.bool_]


def group_moments(features: Values, targets: Values, *, groups: int) -> list[CrossMoments]:
    """Moments of `groups` runs of consecutive rows of features (N, F) and targets (N, A). MetricError on shapes that do
    not fit, fewer than two rows a group, and values that are not finite."""
    x, y = array64(features, "latents", 2), array64(targets, "factors", 2)
    if len(x) != len(y) or whole(groups, "groups", 2) * 2 > len(x):
        raise MetricError(
            f"as many rows of latents as of factors, at least two for each of {groups} groups, were expected; got "
            f"{len(x)} and {len(y)}"
        )
    parts = zip(np.array_split(x, groups), np.array_split(y, groups), strict=True)
    return [CrossMoments.of(*part) for part in parts]


def cross_validated_lasso(
    moments: Sequence[CrossMoments], *, features: int, loading: FloatArray | None = None
) -> LassoFit:
    """The lasso of every target on the first `features` columns, over two groups of samples or more.

    loading (F, features): the lasso is then on F linear functions of those columns, loading times them, whose own
    moments (F, F) are never made. The penalty of each target is the largest whose held-out squared error is within one
    standard error of the least (Hastie, Tibshirani and Friedman 2009, section 7.10), so that of pure noise nothing is
    selected.
    """
    turned = np.eye(features) if loading is None else loading
    whole = _sum(moments)
    shares = np.geomspace(1.0, SMALLEST_PENALTY, PENALTIES)
    problem = _Standardised.of(whole, turned)
    penalties = problem.largest[:, None] * shares
    path, paths, errors = problem.paths(penalties), [], []
    for part in moments:
        train = _Standardised.of(whole - part, turned)
        paths.append(train.paths(penalties))
        errors.append(train.errors(paths[-1], part))
    told = np.stack(errors)
    chosen = _one_standard_error(told)
    targets = np.arange(len(chosen))
    fold = told[:, targets, chosen]
    variance = np.diagonal(whole.covariance)[features:]
    sizes = np.array([part.n for part in moments], dtype=np.float64)
    squares = np.stack([part.squares_about(whole.mean)[features:] for part in moments])
    misses = sizes[:, None] * fold
    draws = [stream(0, "lasso.folds", number).integers(0, len(told), len(told)) for number in range(REDRAWS)]
    rechosen = np.stack([_one_standard_error(told[draw]) for draw in draws])
    redrawn = [told[draw][:, targets, places].mean(0) for draw, places in zip(draws, rechosen, strict=True)]
    return LassoFit(
        weights=path[targets, :, chosen].T,
        left_out=np.stack([path[targets, :, chosen].T for path in paths]),
        r_squared=1 - (sizes @ fold) / sizes.sum() / variance,
        fold_r_squared=1 - fold / variance,
        left_out_r_squared=1 - (misses.sum(0) - misses) / (squares.sum(0) - squares),
        penalties=shares[chosen],
        path=path,
        rechosen=rechosen,
        rechosen_r_squared=1 - told.mean(0)[targets, rechosen] / variance,
        rechosen_told=np.stack(redrawn) < variance,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Standardised:
    """A least-squares problem of few rows with the same correlations as the data: root (R, F), target (R, A). largest
    (A,): the penalties at which every weight is zero. back (C, F): standardised features from centred columns. mean
    (C + A,) and deviation (A,) of the targets: what standardises."""

    root: FloatArray
    target: FloatArray
    largest: FloatArray
    back: FloatArray
    mean: FloatArray
    deviation: FloatArray

    @staticmethod
    def of(moments: CrossMoments, loading: FloatArray) -> _Standardised:
        covariance, columns = moments.covariance, loading.shape[1]
        scale = _deviations(moments)
        correlation = covariance / scale[:, None] / scale
        values, vectors = linalg.eigh(correlation[:columns, :columns])
        kept = values > _RANK * max(float(values[-1]), 1.0)
        # Where no feature varies, one row of nothing is left.
        kept[-1] = True
        along, size = vectors[:, kept], np.sqrt(np.maximum(values[kept], np.finfo(np.float64).tiny))[:, None]
        turned = loading * scale[:columns]
        root = size * (along.T @ turned.T)
        lengths = np.sqrt((root**2).sum(0))
        # What is left of a feature that never changes is rounding, and must not be brought to a length of 1.
        lengths[lengths <= _NOTHING * np.sqrt((turned**2).sum(1))] = np.inf
        root, target = root / lengths, (along.T @ correlation[:columns, columns:]) / size
        largest = np.abs(root.T @ target).max(0)
        return _Standardised(root, target, largest, loading.T / lengths, moments.mean, scale[columns:])

    def paths(self, penalties: FloatArray) -> FloatArray:
        """(A, F, P) weights at `penalties` (A, P), each row falling."""
        scale = np.sqrt(len(self.root))
        root, target = np.asfortranarray(scale * self.root), scale * self.target
        # With more features than rows, products with the rows are the smaller ones.
        gram: FloatArray | Literal[False] = np.asfortranarray(root.T @ root) if root.shape[1] <= len(root) else False
        explained = (self.target**2).sum(0)
        found = []
        for column, row, share in zip(target.T, penalties, explained, strict=True):
            found.append(_path(root, column, gram, row, _TOLERANCE / max(float(share), _TOLERANCE)))
        return np.stack(found)

    def errors(self, paths: FloatArray, test: CrossMoments) -> FloatArray:
        """(A, P): mean squared error on the samples of `test` of weights (A, F, P)."""
        columns = len(self.back)
        about = test.outer / test.n - np.outer(self.mean, test.mean) - np.outer(test.mean, self.mean)
        about = about + np.outer(self.mean, self.mean)
        inner, across = about[:columns, :columns], about[:columns, columns:]
        weights = np.einsum("cf,afp->acp", self.back, paths, optimize=True) * self.deviation[:, None, None]
        squared = np.einsum("acp,cd,adp->ap", weights, inner, weights, optimize=True)
        error = np.diagonal(about)[columns:, None] - 2 * np.einsum("acp,ca->ap", weights, across) + squared
        return np.asarray(error, dtype=np.float64)


def _path(
    root: FloatArray, target: FloatArray, gram: FloatArray | Literal[False], penalties: FloatArray, tolerance: float
) -> FloatArray:
    """(F, P). Coordinate descent crawls where features are nearly dependent: it ends at a gap of `tolerance` or after
    _SWEEPS, and either is far below what new samples would change."""
    positive = np.maximum(penalties, np.finfo(np.float64).tiny)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        _, weights, _ = lasso_path(
            root,
            target,
            alphas=positive,
            precompute=gram,
            Xy=root.T @ target,
            max_iter=_SWEEPS,
            tol=tolerance,
        )
    return np.asarray(weights, dtype=np.float64)


def _deviations(moments: CrossMoments) -> FloatArray:
    """Standard deviations of all columns, 1 for one that changes by rounding alone."""
    variance, second = np.diagonal(moments.covariance), np.diagonal(moments.outer) / moments.n
    return np.sqrt(np.where(variance > _ROUNDING * second, variance, 1.0))


def _one_standard_error(errors: FloatArray) -> NDArray[np.intp]:
    """(A,): the place of the largest penalty within one standard error of the least mean error; errors (G, A, P)."""
    mean = errors.mean(0)
    spread = errors.std(0, ddof=1) / np.sqrt(len(errors))
    best = mean.argmin(1)
    rows = np.arange(len(best))
    limit = mean[rows, best] + spread[rows, best]
    return np.asarray((mean <= limit[:, None]).argmax(1), dtype=np.intp).reshape(-1)


def _sum(moments: Iterable[CrossMoments]) -> CrossMoments:
    first, *rest = moments
    for part in rest:
        first = first + part
    return first
