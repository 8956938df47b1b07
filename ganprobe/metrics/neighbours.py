"""Nearest-neighbour radii and counts of points in balls, in tiles of bounded memory.

Squared distances come from |x|^2 + |y|^2 - 2 x'y in float64 about a common centre; what is within rounding of zero is
zero, so that copies of a point are at distance 0 from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from ganprobe.core.errors import MetricError
from ganprobe.metrics.arrays import TILE_BYTES, Values, same_width, tensor64

SIDE = math.isqrt(TILE_BYTES // 8 // 4)
_ROUNDING = 1e-12


def knn_radii(points: Tensor, k: int, *, side: int = SIDE) -> Tensor:
    """(N,) squared distance from each of `points` (N, d) to its k-th nearest other point. A point is never its own
    neighbour; a copy of it is. side: rows and columns of a tile. MetricError unless 1 <= k < N."""
    if not 1 <= k < len(points):
        raise MetricError(f"k between 1 and {len(points) - 1} was expected for {len(points)} points; got {k}")
    radii = torch.empty(len(points), dtype=points.dtype, device=points.device)
    for rows in _ranges(len(points), side):
        nearest = points.new_full((len(rows), k), torch.inf)
        for columns in _ranges(len(points), side):
            tile = _tile(points, points, rows, columns)
            if rows == columns:
                tile.fill_diagonal_(torch.inf)
            nearest = torch.cat([nearest, tile], 1).topk(k, largest=False).values
        radii[rows.start : rows.stop] = nearest[:, -1]
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

    closed: whether a point at the radius itself counts. Memory: a few tiles of side x side float64.
    MetricError on shapes that do not fit, values not finite, or too few points for k.
    """
    reals, fakes = centred(real, fake)
    real_radii, fake_radii = knn_radii(reals, k, side=side)[:, None], knn_radii(fakes, k, side=side)[None]
    within: Callable[[Tensor, Tensor], Tensor] = torch.le if closed else torch.lt
    at_fake, at_real, in_real = fakes.new_zeros(len(fakes)), reals.new_zeros(len(reals)), reals.new_zeros(len(reals))
    for rows in _ranges(len(reals), side):
        for columns in _ranges(len(fakes), side):
            tile = _tile(reals, fakes, rows, columns)
            in_real_ball = within(tile, real_radii[rows.start : rows.stop])
            at_fake[columns.start : columns.stop] += in_real_ball.sum(0)
            in_real[rows.start : rows.stop] += in_real_ball.sum(1)
            at_real[rows.start : rows.stop] += within(tile, fake_radii[:, columns.start : columns.stop]).sum(1)
    return BallCounts(at_fake, at_real, in_real)


@dataclass(frozen=True, slots=True)
class Held:
    """balls_at_points (M,): how many balls hold each point; points_in_balls (N,): how many points each ball holds."""

    balls_at_points: Tensor
    points_in_balls: Tensor


def held(centres: Tensor, squared_radii: Tensor, points: Tensor, *, closed: bool, side: int = SIDE) -> Held:
    """Counts for balls about `centres` (N, d) of squared radii (N,), as `knn_radii` gives them, and `points` (M, d),
    float64 both and about one centre near zero."""
    within: Callable[[Tensor, Tensor], Tensor] = torch.le if closed else torch.lt
    at_points, in_balls = points.new_zeros(len(points)), centres.new_zeros(len(centres))
    for rows in _ranges(len(centres), side):
        for columns in _ranges(len(points), side):
            tile = _tile(centres, points, rows, columns)
            inside = within(tile, squared_radii[rows.start : rows.stop, None])
            at_points[columns.start : columns.stop] += inside.sum(0)
            in_balls[rows.start : rows.stop] += inside.sum(1)
    return Held(at_points, in_balls)


def centred(real: Values, fake: Values) -> tuple[Tensor, Tensor]:
    """Both sides as float64 tensors on one device, about the mean of the real points. MetricError as `ball_counts`."""
    reals, fakes = tensor64(real, "real"), tensor64(fake, "fake")
    same_width(reals, fakes)
    centre = reals.mean(0)
    return reals - centre, fakes.to(reals.device) - centre


def _ranges(length: int, side: int) -> Iterator[range]:
    return (range(start, min(start + side, length)) for start in range(0, length, side))


def _tile(a: Tensor, b: Tensor, rows: range, columns: range) -> Tensor:
    x, y = a[rows.start : rows.stop], b[columns.start : columns.stop]
    squares = (x * x).sum(1)[:, None] + (y * y).sum(1)[None]
    distances = squares - 2 * (x @ y.T)
    return distances.masked_fill_(distances <= _ROUNDING * squares, 0.0)
