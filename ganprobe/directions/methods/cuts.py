"""Where the middle of the range of scores would lie in another run: it hangs on the highest and the lowest score alone.

>>> rng = np.random.default_rng(0)
>>> drawn = redrawn_midranges(rng.uniform(0, 1, (2000, 1)), seed=0)
>>> bool(abs(drawn - 0.5).max() < 0.01)
True

A bootstrap knows no score beyond the highest one. So the tails are described by generalised Pareto distributions, of
the excesses of the outermost scores over the next one (Pickands 1975, "Statistical inference using extreme order
statistics"), fitted by probability-weighted moments (Hosking and Wallis 1987, "Parameter and quantile estimation for
the generalized Pareto distribution"), and extremes are drawn from these.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ganprobe.core.streams import stream
from ganprobe.metrics.arrays import FloatArray

DRAWS: Final = 200
OUTERMOST: Final = 50
_SHARE: Final = 10
_PRESENT: Final = 1 - float(np.exp(-1))
_HEAVIEST: Final = 0.9


def redrawn_midranges(scores: FloatArray, *, seed: int) -> FloatArray:
    """(DRAWS, A): midranges of scores (N, A) as new samples would have them. Attributes go together as their extremes
    share samples: which of the samples come is drawn once for all, each with the chance that a bootstrap gives it."""
    k = max(2, min(OUTERMOST, len(scores) // _SHARE))
    order = np.argsort(scores, axis=0, kind="stable")
    used, places = np.unique(np.concatenate([order[-k:][::-1], order[:k]]), return_inverse=True)
    rng = stream(seed, "midrange")
    present, shift = rng.random((DRAWS, len(used))) < _PRESENT, rng.random((DRAWS, len(used)))
    ends = places.reshape(2, k, -1)
    highs = [_drawn(scores[:, a], order[::-1, a], ends[0, :, a], present, shift) for a in range(scores.shape[1])]
    lows = [-_drawn(-scores[:, a], order[:, a], ends[1, :, a], present, shift) for a in range(scores.shape[1])]
    return (np.stack(highs, axis=1) + np.stack(lows, axis=1)) / 2


def _drawn(
    scores: FloatArray, falling: np.ndarray, places: np.ndarray, present: np.ndarray, shift: FloatArray
) -> FloatArray:
    """(DRAWS,) of the highest score. falling: the samples from the highest score on; places: of the first k of them
    among those whose presence is drawn."""
    k = len(places)
    beyond = scores[falling[k]]
    size, shape = _pareto(scores[falling[:k]][::-1] - beyond)
    rank = np.argmax(present[:, places], axis=1)
    # The first that is present, smoothed: of rank r between (r - 1) / k and r / k of the excesses.
    chance = (rank + 1 - shift[np.arange(len(rank)), places[rank]]) / k
    excess = -np.log(chance) if abs(shape) < 1e-9 else (chance**-shape - 1) / shape
    return np.asarray(beyond + size * excess, dtype=np.float64)


def _pareto(excesses: FloatArray) -> tuple[float, float]:
    """Scale and shape of excesses (k,) in ascending order; a shape above 0 is a heavy tail, below 0 one that ends."""
    k = len(excesses)
    above = 1 - (np.arange(1, k + 1) - 0.35) / k
    mean, weighted = float(excesses.mean()), float((above * excesses).mean())
    if not mean > 0:
        return 0.0, 0.0
    shape = min(2 - mean / (mean - 2 * weighted), _HEAVIEST) if mean > 2 * weighted else -1.0
    return mean * (1 - shape), shape
