"""What the reference's sampling does to density's variance, from random halves of the reference.

>>> from ganprobe.core.streams import stream
>>> rows = torch.from_numpy(stream(0, "density example").standard_normal((400, 2)))
>>> terms = density_terms(rows[:200], rows[200:], 5)
>>> bool(0.0005 < ((terms - terms.mean()) ** 2).sum() < 0.02)
True

Half the difference of a statistic between the two halves of its rows has the variance of the statistic of all rows, to
first order (balanced half-samples; McCarthy 1969, "Pseudo-replication: half samples"). Density itself grows with the
number of rows where generated images lie more densely than the reference's, so what is carried over is the relative
deviation (docs/metrics/precision_recall.md).
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from ganprobe.core.streams import stream
from ganprobe.metrics.arrays import FloatArray, to_array
from ganprobe.metrics.manifold.protocol import SPLITS

NEIGHBOURS = 32
"""So many of a row's neighbours hold the k = 5 nearest of its half but once in 100,000 rows."""

FAKES = 1000
_ROWS, _COLUMNS = 1024, 8192


def density_terms(real: Tensor, fake: Tensor, k: int) -> FloatArray:
    """c, such that sum((c - mean(c))^2) is the variance that the sampling of real (N, d) causes in the density of fake
    (M, d); N > 2 k. Distances are float32, and at most 1000 of the fakes are asked."""
    whole, halves = _densities(real, fake, k)
    scale = float(whole / halves.mean()) if halves.mean() > 0 else 1.0
    apart = scale * (halves[:, 1] - halves[:, 0]) / 2
    return np.asarray(np.concatenate([apart, -apart]) / np.sqrt(2 * SPLITS), dtype=np.float64)


def _densities(real: Tensor, fake: Tensor, k: int) -> tuple[float, FloatArray]:
    """The density against all of `real`, and (SPLITS, 2) against both halves of each split."""
    centre = real.mean(0)
    reals, fakes = (real - centre).float(), (_some(fake) - centre).float()
    sides = torch.cat([torch.zeros(1, len(reals), dtype=torch.bool), _splits(len(reals))]).to(reals.device)
    hits = torch.zeros(len(sides), 2, dtype=torch.int64, device=reals.device)
    for start in range(0, len(reals), _ROWS):
        rows = range(start, min(start + _ROWS, len(reals)))
        near, distances = _neighbours(reals, rows)
        apart = _squares(reals[rows.start : rows.stop], fakes)
        for number, side in enumerate(sides):
            mine = side[rows.start : rows.stop]
            radii = _kth(distances, side[near] == mine[:, None], k)
            held = (apart < radii[:, None]).sum(1)
            hits[number] += torch.stack([held[~mine].sum(), held[mine].sum()])
    found = np.asarray(to_array(hits.double()) / (k * len(fakes)), dtype=np.float64)
    return float(found[0, 0]), found[1:]


def _some(fake: Tensor) -> Tensor:
    if len(fake) <= FAKES:
        return fake
    chosen = stream(0, "density fakes").permutation(len(fake))[:FAKES]
    return fake[torch.from_numpy(chosen).to(fake.device)]


def _splits(n: int) -> Tensor:
    """(SPLITS, n) bool: random halves, the same for every generator."""
    rng = stream(0, "density halves")
    return torch.from_numpy(np.stack([rng.permutation(n) < n // 2 for _ in range(SPLITS)]))


def _squares(a: Tensor, b: Tensor) -> Tensor:
    norms = (a * a).sum(1)[:, None] + (b * b).sum(1)
    return torch.addmm(norms, a, b.T, alpha=-2)


def _neighbours(reals: Tensor, rows: range) -> tuple[Tensor, Tensor]:
    """(r, c) the nearest other points of some rows, nearest first, and their squared distances."""
    some, wanted = reals[rows.start : rows.stop], min(NEIGHBOURS, len(reals) - 1)
    near = torch.zeros(len(some), 0, dtype=torch.int64, device=reals.device)
    distances = some.new_zeros(len(some), 0)
    for start in range(0, len(reals), _COLUMNS):
        tile = _squares(some, reals[start : start + _COLUMNS])
        if start <= rows.start < start + _COLUMNS:
            tile[:, rows.start - start : rows.stop - start].fill_diagonal_(torch.inf)
        least = tile.topk(min(wanted, tile.shape[1]), largest=False)
        both = torch.cat([distances, least.values], 1), torch.cat([near, least.indices + start], 1)
        distances, order = both[0].topk(min(wanted, both[0].shape[1]), largest=False)
        near = both[1].gather(1, order)
    return near, distances


def _kth(distances: Tensor, counted: Tensor, k: int) -> Tensor:
    """(r,) of ascending distances (r, c) the k-th that is counted; the last where fewer are."""
    reached = counted.cumsum(1) >= k
    first = torch.where(reached.any(1), reached.int().argmax(1), distances.shape[1] - 1)
    return distances.gather(1, first[:, None])[:, 0]
