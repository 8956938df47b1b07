"""The few points that can be a point's k nearest, from float32 distances in tiles with a running choice of the least.

Lower bounds of all distances are looked at, and the least are kept. What was not kept is at least as far as the last
that was, which is how a caller knows that its answer holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from ganprobe.metrics.neighbours.squared_distances import Cloud, lower_bounds

SPARE = 6
"""How many candidates beyond k: so many may lie within the products' error of the k-th neighbour."""

_GROUPS = 32


@dataclass(frozen=True, slots=True)
class Candidates:
    """lower (P, c), ascending: lower bounds of scaled squared distances; points (P, c) int64. all_kept: whether these
    are all the other points there are."""

    lower: Tensor
    points: Tensor
    all_kept: bool


def nearest_candidates(cloud: Cloud, chosen: Tensor, k: int, *, side: int) -> Candidates:
    """Of the rows `chosen` (P,), ascending, the k + SPARE other rows of `cloud` of the least lower bounds."""
    kept = min(k + SPARE, len(cloud) - 1)
    running = _Running.of(cloud.rows, len(chosen), kept, cloud.dtype)
    if len(chosen) == len(cloud):
        _every_pair_once(cloud, running, side)
    else:
        _some_rows(cloud, chosen, running, side)
    return Candidates(running.lower, running.points, kept == len(cloud) - 1)


@dataclass(frozen=True, slots=True)
class _Running:
    """The least so far: lower (P, c), points (P, c). Rows are changed in place."""

    lower: Tensor
    points: Tensor

    @staticmethod
    def of(like: Tensor, rows: int, kept: int, dtype: torch.dtype) -> _Running:
        lower = like.new_full((rows, kept), torch.inf, dtype=dtype)
        return _Running(lower, torch.zeros((rows, kept), dtype=torch.int64, device=like.device))

    def add(self, start: int, tile: Tensor, first: int) -> None:
        """With the tile (r, s) of rows from `start` and points from `first`."""
        rows = slice(start, start + len(tile))
        values, columns = _least(tile, self.lower.shape[1])
        lower = torch.cat([self.lower[rows], values], 1)
        self.lower[rows], order = lower.topk(self.lower.shape[1], largest=False, sorted=True)
        self.points[rows] = torch.cat([self.points[rows], columns + first], 1).gather(1, order)


def _every_pair_once(cloud: Cloud, running: _Running, side: int) -> None:
    for first, columns in cloud.parts(side):
        moved = columns.moved()
        for start, rows in cloud.parts(side):
            if start > first:
                break
            own = start == first
            tile = lower_bounds(rows, columns, moved if own else rows.moved(), moved)
            if own:
                tile.fill_diagonal_(torch.inf)
            else:
                running.add(first, tile.T.contiguous(), start)
            running.add(start, tile, first)


def _some_rows(cloud: Cloud, chosen: Tensor, running: _Running, side: int) -> None:
    for first, columns in cloud.parts(side):
        moved = columns.moved()
        for start in range(0, len(chosen), side):
            some = chosen[start : start + side]
            rows = cloud.part(some)
            tile = lower_bounds(rows, columns, rows.moved(), moved)
            own = ((some >= first) & (some < first + len(columns))).nonzero()[:, 0]
            tile[own, some[own] - first] = torch.inf
            running.add(start, tile, first)


def _least(tile: Tensor, wanted: int) -> tuple[Tensor, Tensor]:
    """The `wanted` least of each row of (r, s), or all, with their columns. They lie in as many of the groups of
    columns: those of the least minima; so few need to be put in order."""
    rows, columns = tile.shape
    per, wanted = columns // _GROUPS, min(wanted, columns)
    if per <= 2 * wanted:
        least = tile.topk(wanted, largest=False)
        return least.values, least.indices
    grouped = tile[:, : per * _GROUPS].view(rows, _GROUPS, per)
    best = grouped.amin(1).topk(wanted, largest=False).indices
    inside = torch.arange(_GROUPS, device=tile.device)[:, None] * per + best[:, None]
    rest = torch.arange(per * _GROUPS, columns, device=tile.device).expand(rows, -1)
    places = torch.cat([inside.flatten(1), rest], 1)
    least = tile.gather(1, places).topk(wanted, largest=False)
    return least.values, places.gather(1, least.indices)
