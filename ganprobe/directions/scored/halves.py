"""The variance of a number whose making fits something: from the same number of random halves of the samples.

A half is a sample of its own, in which everything is fitted anew: planes, medians, what is kept. Given all n samples, a
mean over a random half of them varies as the mean of all does over new samples, (2/n - 1/n) of one sample's variance;
so does whatever is smooth in such means (Shao and Wu 1989, "A general theory for jackknife variance estimation").
Leaving out a twentieth would be cheaper and is not the same: sides of single samples near a fitted plane turn at
random, which a factor of nineteen would blow up and a factor of one does not.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.streams import stream
from ganprobe.directions.scored.protocol import HALVES
from ganprobe.metrics.arrays import FloatArray


def random_halves(samples: int, *, seed: int, purpose: str) -> Iterator[NDArray[np.int64]]:
    """HALVES times samples // 2 of the numbers below `samples`, ascending."""
    for number in range(HALVES):
        chosen = stream(seed, purpose, number).permutation(samples)[: samples // 2]
        yield np.sort(chosen).astype(np.int64)


def variance_of_halves(values: FloatArray) -> FloatArray:
    """Of what was read from each half (R, ...): its variance (...) from all samples."""
    return np.asarray(values.var(0, ddof=1), dtype=np.float64)
