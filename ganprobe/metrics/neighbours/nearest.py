"""Each point's nearest neighbour, in tiles of bounded memory.

>>> points = torch.tensor([[0.0], [1.0], [1.5]])
>>> nearest_other(points).index.tolist(), nearest(points[:1] + 5, points).distance.tolist()
([1, 2, 1], [3.5])
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganprobe.core.errors import MetricError
from ganprobe.metrics.given import same_width

SIDE = 1024


@dataclass(frozen=True, slots=True)
class Nearest:
    """Of M points: index (M,) int64 of each one's nearest neighbour, distance (M,) float64 to it."""

    index: Tensor
    distance: Tensor


def nearest(points: Tensor, others: Tensor, *, side: int = SIDE) -> Nearest:
    """Among `others` (N, d), N > 0, for each of `points` (M, d), float64. side: rows and columns of a tile."""
    same_width(points, others)
    return _nearest(points, others, side, itself=True)


def nearest_other(points: Tensor, *, side: int = SIDE) -> Nearest:
    """Among the other points, for each of `points` (N, d), float64; a copy of a point is another one. MetricError for
    fewer than two."""
    if len(points) < 2:
        raise MetricError(f"at least 2 points were expected, each to be the other's neighbour; there are {len(points)}")
    return _nearest(points, points, side, itself=False)


def _nearest(points: Tensor, others: Tensor, side: int, *, itself: bool) -> Nearest:
    found = [
        _nearest_of_tile_row(points, others, range(start, min(start + side, len(points))), side, itself=itself)
        for start in range(0, len(points), side)
    ]
    index = torch.cat(found) if found else torch.zeros(0, dtype=torch.int64, device=points.device)
    return Nearest(index, _distances(points, others, index, side))


def _nearest_of_tile_row(points: Tensor, others: Tensor, rows: range, side: int, *, itself: bool) -> Tensor:
    some = points[rows.start : rows.stop]
    least = some.new_full((len(some),), torch.inf)
    index = torch.zeros(len(some), dtype=torch.int64, device=some.device)
    for start in range(0, len(others), side):
        tile = others[start : start + side]
        # The points' own squares are the same along a row of the tile.
        squares = torch.addmm((tile * tile).sum(1), some, tile.T, alpha=-2)
        if not itself and start == rows.start:
            squares.fill_diagonal_(torch.inf)
        best, where = squares.min(1)
        index = torch.where(best < least, where + start, index)
        least = torch.minimum(best, least)
    return index


def _distances(points: Tensor, others: Tensor, index: Tensor, side: int) -> Tensor:
    """From differences, so that a copy is at distance 0 and both of a pair are at the same."""
    parts = [
        (some - others[index[start : start + side]]).square().sum(1).sqrt()
        for start in range(0, len(points), side)
        for some in (points[start : start + side],)
    ]
    return torch.cat(parts) if parts else points.new_zeros(0)
