"""Where the samples lie along a boundary's normal: counts of signed distances, the ends apart.

>>> counts = distance_counts(np.linspace(-1, 1, 200), high=np.arange(190, 200), low=np.arange(10))
>>> sum(counts.high), sum(counts.low), sum(counts.rest)
(10, 10, 180)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BINS: Final = 48
TAIL: Final = 0.001
"""The share of the samples at either end that the outermost bins take in."""


@dataclass(frozen=True, slots=True)
class DistanceCounts:
    """edges (B + 1,) of signed distances, from low to high; samples beyond them count in the outermost bins. low, rest,
    high (B,): how many of the samples of lowest score, of those in between, and of those of highest score lie in
    each."""

    edges: tuple[float, ...]
    low: tuple[int, ...]
    rest: tuple[int, ...]
    high: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        return {"edges": list(self.edges), "low": list(self.low), "rest": list(self.rest), "high": list(self.high)}


def distance_counts(
    distances: NDArray[np.float64], *, high: NDArray[np.int64], low: NDArray[np.int64]
) -> DistanceCounts:
    """Counts of signed distances (N,) in BINS even bins. high, low: indices of the samples at the ends."""
    start, end = (float(q) for q in np.quantile(distances, (TAIL, 1 - TAIL)))
    edges = np.linspace(start, end if end > start else start + 1.0, BINS + 1)
    place = np.clip(np.searchsorted(edges, distances, side="right") - 1, 0, BINS - 1)

    def counted(rows: NDArray[np.integer]) -> tuple[int, ...]:
        return tuple(np.bincount(place[rows], minlength=BINS).tolist())

    rest = np.setdiff1d(np.arange(len(distances)), np.concatenate([high, low]))
    return DistanceCounts(tuple(edges.tolist()), counted(low), counted(rest), counted(high))
