"""The mutual information gap: how much more the best latent tells of a factor than the second best.

>>> rng = np.random.default_rng(0)
>>> latents = rng.standard_normal((5000, 3))
>>> gap = mutual_information_gap(latents, latents[:, [1]])
>>> bool(gap.value > 0.9)
True

Chen et al. 2018, "Isolating sources of disentanglement in variational autoencoders", section 4.1, equation 6, as
disentanglement_lib computes it: latents in 20 bins of equal width, information as counted, in nats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics.arrays import FloatArray, Values, named
from ganprobe.metrics.disentanglement.protocol import MIG_BINS, MIG_HALVES
from ganprobe.metrics.given import array64, check_varying, whole

FEWEST: Final = 40
MOST_BINS: Final = 2**16
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class InformationGap:
    """value: the mean of gaps (A,), in [0, 1], higher is better. information (D, A): in nats; entropies (A,) likewise.
    halves (R, A): the gaps in R random halves of the samples, binned anew, since the bins follow the extremes: their
    variance is about that of the gaps over new samples (delete-half jackknife; Shao and Wu 1989)."""

    value: float
    gaps: FloatArray
    information: FloatArray
    entropies: FloatArray
    halves: FloatArray


def mutual_information_gap(
    latents: Values, factors: Values, *, bins: int = MIG_BINS, halves: int = MIG_HALVES, seed: int = 0
) -> InformationGap:
    """Of latents (N, D), D >= 2, and factors (N, A); a factor of at most `bins` values counts as it is, any other by
    the bins of equal width that latents have.

    MetricError on shapes that do not fit, fewer than 40 samples, values not finite, factors that never change.
    """
    x, y = array64(latents, "latents", 2), array64(factors, "factors", 2)
    check_varying(x, "latents")
    whole(bins, "bins", 2, MOST_BINS)
    whole(halves, "halves", 2)
    if x.shape[1] < 2 or len(x) != len(y) or len(x) < FEWEST:
        raise MetricError(
            f"latents (N, D >= 2) and factors (N, A) of at least {FEWEST} samples were expected, got {x.shape} and "
            f"{y.shape}"
        )
    alone = np.flatnonzero(y.min(0) == y.max(0))
    if len(alone):
        raise MetricError(f"factors {named(alone)} never change, so nothing tells of them; leave them out")
    information, entropies = _information(x, y, bins)
    gaps = _gaps(information, entropies)
    chosen = [stream(seed, "mig.halves", number).permutation(len(x))[: len(x) // 2] for number in range(halves)]
    return InformationGap(
        value=float(gaps.mean()),
        gaps=gaps,
        information=information,
        entropies=entropies,
        halves=np.array([_gaps(*_information(x[half], y[half], bins)) for half in chosen]),
    )


def discretised(values: Values, *, bins: int = MIG_BINS) -> NDArray[np.uint16]:
    """(N, K) bins from 0 on of values (N, K): `bins` (2 to 65,536) of equal width from each column's least to its
    greatest. A column that never changes is in one bin."""
    table, bins = array64(values, "values", 2), whole(bins, "bins", 2, MOST_BINS)
    edges = np.linspace(table.min(0), table.max(0), bins + 1)[1:-1]
    columns = [np.searchsorted(edge, column, side="right") for edge, column in zip(edges.T, table.T, strict=True)]
    return np.stack(columns, axis=1).astype(np.uint16)


def mutual_information(counts: NDArray[Any]) -> FloatArray:
    """(...,) nats between the last two axes of counts (..., B, C): sum p(b, c) log(p(b, c) / p(b) p(c))."""
    joint = counts / counts.sum((-2, -1), keepdims=True)
    return _entropy(joint.sum(-1)) + _entropy(joint.sum(-2)) - _entropy(joint.reshape(*joint.shape[:-2], -1))


def _entropy(shares: FloatArray) -> FloatArray:
    logs = np.log(shares, out=np.zeros(shares.shape), where=shares > 0)
    return np.asarray(-(shares * logs).sum(-1), dtype=np.float64)


def _information(x: FloatArray, y: FloatArray, bins: int) -> tuple[FloatArray, FloatArray]:
    """(D, A) mutual information and (A,) entropies."""
    codes = discretised(x, bins=bins)
    tables = [_counts(codes, _classes(column, bins), bins) for column in y.T]
    entropies = np.array([_entropy(table[0].sum(0) / len(x)) for table in tables])
    return np.stack([mutual_information(table) for table in tables], axis=1), entropies


def _classes(column: FloatArray, bins: int) -> IntArray:
    values, classes = np.unique(column, return_inverse=True)
    found = classes.reshape(-1) if len(values) <= bins else discretised(column[:, None], bins=bins)[:, 0]
    return np.asarray(found, dtype=np.int64)


def _counts(codes: NDArray[np.uint16], classes: IntArray, bins: int) -> IntArray:
    """(D, bins, C) of codes (N, D) and classes (N,)."""
    kinds = int(classes.max()) + 1
    cells = [np.bincount(column * kinds + classes, minlength=bins * kinds) for column in codes.T.astype(np.int64)]
    return np.array(cells, dtype=np.int64).reshape(codes.shape[1], bins, kinds)


def _gaps(information: FloatArray, entropies: FloatArray) -> FloatArray:
    """(A,): 0 where a half has one class alone."""
    best = np.sort(information, axis=0)[-2:]
    return np.asarray((best[1] - best[0]) / np.where(entropies > 0, entropies, 1.0), dtype=np.float64)
