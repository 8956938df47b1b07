"""Nearest-neighbour radii and counts of points in balls, in tiles of bounded memory.

Products in float32 leave out nearly all pairs for certain; the rest is decided by float64 differences, so that all
numbers are those of float64, and copies of a point are at distance 0 from it (docs/performance.md has the cost).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import torch
from torch import Tensor

from ganprobe.core.errors import MetricError
from ganprobe.metrics.arrays import Values
from ganprobe.metrics.given import whole
from ganprobe.metrics.neighbours.candidates import Candidates, nearest_candidates
from ganprobe.metrics.neighbours.squared_distances import (
    SIDE,
    Cloud,
    checked_points,
    clouds,
    exact_squares,
    lower_bounds,
    upper_bounds,
)

_FEW = 64
"""Where more than one pair of so many is undecided, a tile is taken again in float64."""


def knn_radii(points: Tensor, k: int, *, side: int = SIDE) -> Tensor:
    """(N,) float64 squared distance from each of `points` (N, d) to its k-th nearest other point. A point is never its
    own neighbour; a copy of it is. side: rows and columns of a tile. MetricError unless 1 <= k < N."""
    if len(points) < 2 or whole(k, "k", 1) >= len(points):
        raise MetricError(f"k between 1 and {len(points) - 1} was expected for {len(points)} points; got {k}")
    (cloud,) = clouds(points)
    everyone = torch.arange(len(points), device=points.device)
    radii, certain = _kth(cloud, everyone, nearest_candidates(cloud, everyone, k, side=side), k)
    unsure = everyone[~certain]
    if len(unsure) and cloud.dtype == torch.float32:
        wide = cloud.widened()
        # Where even this leaves too many candidates, they are at one distance but for its rounding.
        radii[unsure] = _kth(wide, unsure, nearest_candidates(wide, unsure, k, side=side), k)[0]
    return radii


@dataclass(frozen=True, slots=True)
class BallCounts:
    """real_balls_at_fake (M,): how many real balls hold each fake point; fake_balls_at_real (N,): how many fake balls
    hold each real point; fakes_in_real_ball (N,): how many fake points each real ball holds. All float64."""

    real_balls_at_fake: Tensor
    fake_balls_at_real: Tensor
    fakes_in_real_ball: Tensor


def ball_counts(real: Values, fake: Values, k: int, *, closed: bool, side: int = SIDE) -> BallCounts:
    """Counts for balls about each of real (N, d) and fake (M, d) that reach to the k-th neighbour on their own side.

    closed: whether a point at the radius itself counts. Memory beside the points: a few tiles of side x side float32.
    MetricError on shapes that do not fit, values not finite, or too few points for k.
    """
    reals, fakes = checked_points(real, fake)
    real_radii, fake_radii = knn_radii(reals, k, side=side), knn_radii(fakes, k, side=side)
    at_fake, at_real, in_real = (reals.new_zeros(len(of), dtype=torch.float64) for of in (fakes, reals, reals))
    for pairs in _tiles(reals, fakes, side):
        i, j = pairs.inside(real_radii, 0, closed=closed)
        at_fake.index_add_(0, j, torch.ones_like(j, dtype=torch.float64))
        in_real.index_add_(0, i, torch.ones_like(i, dtype=torch.float64))
        i, _ = pairs.inside(fake_radii, 1, closed=closed)
        at_real.index_add_(0, i, torch.ones_like(i, dtype=torch.float64))
    return BallCounts(at_fake, at_real, in_real)


@dataclass(frozen=True, slots=True)
class Held:
    """balls_at_points (M,): how many balls hold each point; points_in_balls (N,): how many points each ball holds."""

    balls_at_points: Tensor
    points_in_balls: Tensor


def held(centres: Tensor, squared_radii: Tensor, points: Tensor, *, closed: bool, side: int = SIDE) -> Held:
    """Counts for balls about `centres` (N, d) of squared radii (N,), as `knn_radii` gives them, and `points` (M, d) of
    the same type."""
    at_points, in_balls = (centres.new_zeros(len(of), dtype=torch.float64) for of in (points, centres))
    for pairs in _tiles(centres, points, side):
        i, j = pairs.inside(squared_radii, 0, closed=closed)
        at_points.index_add_(0, j, torch.ones_like(j, dtype=torch.float64))
        in_balls.index_add_(0, i, torch.ones_like(i, dtype=torch.float64))
    return Held(at_points, in_balls)


def _kth(cloud: Cloud, chosen: Tensor, found: Candidates, k: int) -> tuple[Tensor, Tensor]:
    """(P,) float64 the k-th least squared distance of the rows `chosen` to their candidates, and whether it is that to
    all points. Only candidates that can be the k-th are looked at closely."""
    lower = found.lower.double()
    norms = cloud.norms[chosen][:, None] + cloud.norms[found.points]
    upper = upper_bounds(lower, norms, cloud.tolerance)
    least, most = lower[:, k - 1 : k], upper.kthvalue(k, 1, keepdim=True).values
    squares = torch.full_like(upper, torch.inf).masked_fill_(upper < least, -1.0)
    row, column = ((lower <= most) & (upper >= least)).nonzero(as_tuple=True)
    squares[row, column] = exact_squares(cloud.rows, cloud.rows, chosen[row], found.points[row, column])
    kth = squares.kthvalue(k, 1).values
    certain = (most[:, 0] <= lower[:, -1]) | (kth == 0)
    return kth, certain | found.all_kept


@dataclass(frozen=True, slots=True)
class _Tile:
    """The pairs of the points of `a`, which start at number start_a, and those of `b`; lower bounds of all."""

    a: Cloud
    start_a: int
    b: Cloud
    start_b: int
    lower: Tensor

    def inside(self, squared_radii: Tensor, axis: Literal[0, 1], *, closed: bool) -> tuple[Tensor, Tensor]:
        """Numbers (P,) of the points of both sides that are within the radii, which axis 0: a, 1: b has."""
        start, cloud = ((self.start_a, self.a), (self.start_b, self.b))[axis]
        radii = squared_radii[start : start + len(cloud)]
        i, j = self._near(radii, axis)
        own = radii[(i, j)[axis]]
        upper = upper_bounds(self.lower[i, j], self.a.norms[i] + self.b.norms[j], self.a.tolerance)
        keep = upper < own * self.a.scale**2
        unsure = (~keep).nonzero()[:, 0]
        if len(unsure) * _FEW > self.lower.numel() and self.a.dtype == torch.float32:
            return self._again().inside(squared_radii, axis, closed=closed)
        exact = exact_squares(self.a.rows, self.b.rows, i[unsure], j[unsure])
        keep[unsure] = exact <= own[unsure] if closed else exact < own[unsure]
        return i[keep] + self.start_a, j[keep] + self.start_b

    def _near(self, radii: Tensor, axis: Literal[0, 1]) -> tuple[Tensor, Tensor]:
        # A little more than the radius, so that rounding it to the tile's type leaves nobody out.
        reach = (radii * self.a.scale**2 * (1 + 1e-6)).to(self.lower.dtype)
        i, j = (self.lower <= reach.unsqueeze(1 - axis)).nonzero(as_tuple=True)
        return i, j

    def _again(self) -> _Tile:
        a, b = self.a.widened(), self.b.widened()
        return replace(self, a=a, b=b, lower=lower_bounds(a, b, a.moved(), b.moved()))


def _tiles(a: Tensor, b: Tensor, side: int) -> Iterator[_Tile]:
    ours, theirs = clouds(a, b)
    for start_b, columns in theirs.parts(side):
        moved = columns.moved()
        for start_a, rows in ours.parts(side):
            yield _Tile(rows, start_a, columns, start_b, lower_bounds(rows, columns, rows.moved(), moved))
