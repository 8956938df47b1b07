"""The separated attribute predictability: how much better the best latent alone predicts an attribute than the second.

>>> rng = np.random.default_rng(0)
>>> latents = rng.standard_normal((900, 3))
>>> found = separated_predictability(latents, latents[:, [1]])
>>> round(found.value, 1)
1.0

Kumar et al. 2018, "Variational inference of disentangled latent concepts from unlabeled observations", section 3, as
disentanglement_lib computes it: R^2 of a line for a continuous attribute; for one of two classes, the held-out accuracy
of the balanced linear support vector machine (squared hinge, C = 0.01) on one latent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import MetricError
from ganprobe.metrics.arrays import FloatArray, Values, named, tile_rows
from ganprobe.metrics.disentanglement.lasso import CrossMoments
from ganprobe.metrics.disentanglement.protocol import SAP_GROUPS, SAP_PENALTY
from ganprobe.metrics.given import array64, centred, check_varying, whole

TRAIN_SHARE: Final = 2 / 3
MOST_STEPS: Final = 50
_LEAST_VARIANCE: Final = 1e-12
_SMALL_STEP: Final = 1e-9
_ROUNDING: Final = 1e-12
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Predictability:
    """value: the mean of gaps (A,), in [0, 1], higher is better. scores (D, A): R^2, or held-out accuracy. left_out
    (G, A): the gaps with each group of samples left out in turn, the machines as they were fitted."""

    value: float
    gaps: FloatArray
    scores: FloatArray
    left_out: FloatArray


def separated_predictability(
    latents: Values, attributes: Values, *, continuous: Sequence[bool] | None = None, groups: int = SAP_GROUPS
) -> Predictability:
    """Of latents (N, D), D >= 2, and attributes (N, A) over N samples in no particular order.

    continuous: for each attribute whether it is one (None: all are); the others are of the class above 0 or not above.
    The first two thirds of the samples fit, the rest hold the machines' accuracy. MetricError on shapes that do not
    fit, values not finite, attributes that never change or have one class alone in the part that fits.
    """
    x, y = array64(latents, "latents", 2), array64(attributes, "attributes", 2)
    check_varying(x, "latents")
    whole(groups, "groups", 2)
    kinds = [True] * y.shape[1] if continuous is None else list(continuous)
    cut = fitted_part(len(x))
    if x.shape[1] < 2 or len(x) != len(y) or len(kinds) != y.shape[1] or len(x) - cut < groups:
        raise MetricError(
            f"latents (N, D >= 2) and attributes (N, A) of at least {3 * groups} samples were expected, got {x.shape}, "
            f"{y.shape} and {len(kinds)} kinds"
        )
    _check(y[:cut], kinds)
    parts = np.empty((y.shape[1], groups + 1, x.shape[1]))
    lines = [number for number, kind in enumerate(kinds) if kind]
    classes = [number for number, kind in enumerate(kinds) if not kind]
    if lines:
        parts[lines] = _of_lines(x[:cut], y[:cut, lines], groups)
    for number in classes:
        parts[number] = _of_machines(x, y[:, number] > 0, cut, groups)
    top = np.sort(parts, axis=2)
    gaps = top[:, :, -1] - top[:, :, -2]
    return Predictability(value=float(gaps[:, 0].mean()), gaps=gaps[:, 0], scores=parts[:, 0].T, left_out=gaps[:, 1:].T)


def fitted_part(samples: int) -> int:
    """How many of so many samples, the first ones, fit."""
    return int(samples * TRAIN_SHARE)


def one_latent_machines(latents: FloatArray, positive: BoolArray, *, c: float = SAP_PENALTY) -> FloatArray:
    """(D, 2) weight and intercept of D machines, each on one column of latents (N, D): scikit-learn's
    LinearSVC(C=c, class_weight="balanced") at its optimum, by Newton's method for all columns at once."""
    n, y = len(latents), np.where(positive, 1.0, -1.0)
    weight = 2 * c * n / (2 * np.where(positive, positive.sum(), n - positive.sum()))
    found = np.zeros((latents.shape[1], 2))
    tile = tile_rows(len(latents))
    for start in range(0, latents.shape[1], tile):
        part = slice(start, start + tile)
        found[part] = _newton(latents[:, part].T, y, weight)
    return found


def _newton(x: FloatArray, y: FloatArray, weight: FloatArray) -> FloatArray:
    """Of columns x (K, N). The objective is piecewise quadratic in two numbers, so that steps end once the set of
    samples inside the margin settles; halving keeps it from cycling."""
    v = np.zeros((len(x), 2))
    value = _objective(x, y, weight, v)
    for _ in range(MOST_STEPS):
        step = _step(x, y, weight, v)
        if np.abs(step).max() <= _SMALL_STEP * max(1.0, float(np.abs(v).max())):
            return v - step
        shorter = np.ones(len(x))
        for _ in range(MOST_STEPS):
            moved = _objective(x, y, weight, v - shorter[:, None] * step)
            worse = moved > value * (1 + _ROUNDING)
            if not worse.any():
                break
            shorter[worse] /= 2
        v, value = v - shorter[:, None] * step, np.minimum(moved, value)
    return v


def _objective(x: FloatArray, y: FloatArray, weight: FloatArray, v: FloatArray) -> FloatArray:
    slack = np.maximum(1 - y * (x * v[:, :1] + v[:, 1:]), 0)
    return np.asarray(0.5 * (v**2).sum(1) + 0.5 * (slack**2) @ weight, dtype=np.float64)


def _step(x: FloatArray, y: FloatArray, weight: FloatArray, v: FloatArray) -> FloatArray:
    slack = np.maximum(1 - y * (x * v[:, :1] + v[:, 1:]), 0)
    pull, inside = slack * (weight * y), (slack > 0) * weight
    gradient = v - np.stack([(pull * x).sum(1), pull.sum(1)], axis=1)
    a, b, d = 1 + (inside * x * x).sum(1), (inside * x).sum(1), 1 + inside.sum(1)
    g, h = gradient.T
    return np.asarray(np.stack([d * g - b * h, a * h - b * g], axis=1) / (a * d - b * b)[:, None], dtype=np.float64)


def _of_lines(x: FloatArray, y: FloatArray, groups: int) -> FloatArray:
    """(A, 1 + groups, D): R^2 of all, then with each group left out."""
    moments = [
        CrossMoments.of(*part)
        for part in zip(np.array_split(x - x.mean(0), groups), np.array_split(centred(y), groups), strict=True)
    ]
    whole = sum(moments[1:], start=moments[0])
    each = [_r_squared(part, x.shape[1]) for part in (whole, *(whole - part for part in moments))]
    return np.stack(each, axis=1)


def _r_squared(moments: CrossMoments, latents: int) -> FloatArray:
    covariance = moments.covariance
    variance = np.diagonal(covariance)
    own, theirs = variance[:latents], variance[latents:]
    known = (own > _LEAST_VARIANCE) & (theirs[:, None] > 0)
    product = np.where(known, own * theirs[:, None], 1.0)
    return np.asarray(np.where(known, covariance[latents:, :latents] ** 2 / product, 0.0), dtype=np.float64)


def _of_machines(x: FloatArray, positive: BoolArray, cut: int, groups: int) -> FloatArray:
    """(1 + groups, D): accuracy on the rows from `cut` on, then with each group of them left out."""
    machines = one_latent_machines(x[:cut], positive[:cut])
    said = x[cut:] * machines[:, 0] + machines[:, 1] > 0
    right = np.array([part.sum(0) for part in np.array_split(said == positive[cut:, None], groups)])
    sizes = np.array([len(part) for part in np.array_split(said, groups)])[:, None]
    total, n = right.sum(0), sizes.sum()
    return np.concatenate([total[None] / n, (total - right) / (n - sizes)])


def _check(attributes: FloatArray, continuous: Sequence[bool]) -> None:
    pairs: list[tuple[Any, bool]] = list(zip(attributes.T, continuous, strict=True))
    bad = [number for number, (column, line) in enumerate(pairs) if _alone(column if line else column > 0)]
    if bad:
        raise MetricError(f"factors {named(np.array(bad))} never change or have one class alone; leave them out")


def _alone(column: NDArray[Any]) -> bool:
    return bool((column == column[0]).all())
