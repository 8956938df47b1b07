"""Precision, recall, density and coverage with the variance that each side's samples cause.

>>> rows = stream(0, "manifold example").standard_normal((200, 2))
>>> read_share("precision", rows[:100], rows[100:], k=3, closed=True).value > 0.8
True

A share is a mean over one side's points, and the balls about the other side's points vary as well. So the variance has
two parts: that of the mean with the balls as they are, and that of the balls, from the values that disjoint groups of
the rows give alone (docs/metrics/precision_recall.md has the derivation and the measured coverage).
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ganprobe.core.streams import stream
from ganprobe.metrics.arrays import FloatArray, Values, to_array
from ganprobe.metrics.manifold.density_interval import density_terms
from ganprobe.metrics.manifold.protocol import GROUPS, LEAST_GROUPS, LEAST_IN_GROUP, Share
from ganprobe.metrics.neighbours.radii import BallCounts, ball_counts, held, knn_radii
from ganprobe.metrics.neighbours.squared_distances import checked_points

_PRIOR = 2.0


@dataclass(frozen=True, slots=True)
class ShareReading:
    """value; generated: the variance that the generated side's sampling causes; reference: terms c such that
    sum((c - mean(c))^2) is the reference side's. generated is None where a side has too few rows for two groups."""

    value: float
    generated: float | None
    reference: FloatArray | None


def read_share(share: Share, real: Values, fake: Values, *, k: int, closed: bool) -> ShareReading:
    """One of the four, of fake (M, d) against real (N, d); k and closed as in `ball_counts`. MetricError unless
    both sides have more than k rows."""
    return _READERS[share](_Sides(*checked_points(real, fake), k, closed))


def values_at(share: Share, real: Tensor, fake: Tensor, *, k: int, closed: bool) -> Tensor:
    """(M,) for precision and density, (N,) for recall and coverage: what each point adds, whose mean is the share."""
    counts = _recent_counts(real, fake, k, closed=closed)
    if share == "density":
        return counts.real_balls_at_fake / k
    chosen = {
        "precision": counts.real_balls_at_fake,
        "recall": counts.fake_balls_at_real,
        "coverage": counts.fakes_in_real_ball,
    }
    return (chosen[share] > 0).double()


_RECENT: dict[bytes, BallCounts] = {}
_REMEMBERED = 2


def _recent_counts(real: Tensor, fake: Tensor, k: int, *, closed: bool) -> BallCounts:
    """`ball_counts`, remembered by content for the last few calls: precision and recall are read from one count, as are
    density and coverage, and a hash of the rows costs next to nothing beside their distances."""
    digest = hashlib.blake2b(f"{tuple(real.shape)} {tuple(fake.shape)} {k} {closed}".encode())
    for rows in (real, fake):
        digest.update(to_array(rows).data)
    key = digest.digest()
    if key not in _RECENT:
        while len(_RECENT) >= _REMEMBERED:
            _RECENT.pop(next(iter(_RECENT)))
        _RECENT[key] = ball_counts(real, fake, k, closed=closed)
    return _RECENT[key]


@dataclass(frozen=True, slots=True)
class _Sides:
    real: Tensor
    fake: Tensor
    k: int
    closed: bool

    def at_points(self, share: Share) -> FloatArray:
        return to_array(values_at(share, self.real, self.fake, k=self.k, closed=self.closed))

    @property
    def groups(self) -> int:
        """How many groups both sides can be parted into, 0 where not even two."""
        least = LEAST_IN_GROUP * (self.k + 1)
        most = min(GROUPS, len(self.real) // least, len(self.fake) // least)
        return most if most >= LEAST_GROUPS else 0


def _precision(sides: _Sides) -> ShareReading:
    at_fake = sides.at_points("precision")
    if not sides.groups:
        return ShareReading(float(at_fake.mean()), None, None)
    by_group = _means_by_group(sides.fake, sides.real, sides, lambda counts: (counts > 0).double())
    return ShareReading(float(at_fake.mean()), _of_share(at_fake), _mean_terms(by_group))


def _recall(sides: _Sides) -> ShareReading:
    at_real = sides.at_points("recall")
    if not sides.groups:
        return ShareReading(float(at_real.mean()), None, None)
    by_group = _means_by_group(sides.real, sides.fake, sides, lambda counts: (counts > 0).double())
    generated = float(by_group.var(ddof=1)) / len(by_group) + _of_share(at_real) - _of_mean(at_real)
    return ShareReading(float(at_real.mean()), generated, _mean_terms(at_real))


def _density(sides: _Sides) -> ShareReading:
    at_fake = sides.at_points("density")
    if not sides.groups:
        return ShareReading(float(at_fake.mean()), None, None)
    # Groups of an eighth see too little of it: where density is high, few balls hold most of the fakes.
    halves = density_terms(sides.real, sides.fake, sides.k)
    return ShareReading(float(at_fake.mean()), _of_mean(at_fake), halves)


def _coverage(sides: _Sides) -> ShareReading:
    at_real = sides.at_points("coverage")
    if not sides.groups:
        return ShareReading(float(at_real.mean()), None, None)
    table = _coverage_table(sides)
    # Of the table's sum of squares the reals' groups have the row means; the rest is the fakes' and what both share.
    total = float(((table - table.mean()) ** 2).sum()) / (sides.groups - 1) / sides.groups**2
    rows = _mean_terms(table.mean(1))
    generated = max(0.0, total - _spread(rows)) + _of_share(at_real) - _of_mean(at_real)
    return ShareReading(float(at_real.mean()), generated, np.concatenate([_mean_terms(at_real), rows]))


_READERS: Mapping[Share, Callable[[_Sides], ShareReading]] = {
    "precision": _precision,
    "recall": _recall,
    "density": _density,
    "coverage": _coverage,
}


def _means_by_group(points: Tensor, centres: Tensor, sides: _Sides, value: Callable[[Tensor], Tensor]) -> FloatArray:
    """(G,) the mean over all points of `value` of how many balls of one group of centres hold them."""
    means = []
    for group in _grouped(centres, sides.groups):
        counts = held(group, knn_radii(group, sides.k), points, closed=sides.closed).balls_at_points
        means.append(float(value(counts).mean()))
    return np.array(means)


def _coverage_table(sides: _Sides) -> FloatArray:
    """(G, G) the coverage of each group of reals by each group of fakes."""
    table = []
    fakes = _grouped(sides.fake, sides.groups)
    for reals in _grouped(sides.real, sides.groups):
        radii = knn_radii(reals, sides.k)
        counts = [held(reals, radii, some, closed=sides.closed).points_in_balls for some in fakes]
        table.append([float((count > 0).double().mean()) for count in counts])
    return np.array(table)


def _grouped(rows: Tensor, groups: int) -> list[Tensor]:
    """The rows in a fixed random order, parted: rows that are sorted by class must not make groups of one class."""
    order = torch.from_numpy(stream(0, "manifold groups").permutation(len(rows))).to(rows.device)
    return list(rows[order].tensor_split(groups))


def _of_mean(values: FloatArray) -> float:
    return float(values.var(ddof=1)) / len(values)


def _of_share(hits: FloatArray) -> float:
    """A share's variance with two hits and two misses more (Agresti and Coull 1998): never 0, at 0 and at 1 either."""
    n = len(hits) + 2 * _PRIOR
    share = (float(hits.sum()) + _PRIOR) / n
    return max(share * (1 - share) / n, _of_mean(hits))


def _mean_terms(values: FloatArray) -> FloatArray:
    """c, centred, such that sum(c^2) is the variance of the mean of `values`."""
    n = len(values)
    return np.asarray((values - values.mean()) / math.sqrt(n * (n - 1)), dtype=np.float64)


def _spread(terms: FloatArray) -> float:
    return float((terms**2).sum())
