"""The random choices that published protocols prescribe: numpy's legacy generator from their own seed.

>>> torch_fidelity_order(5).tolist()
[3, 1, 2, 4, 0]

A number can only be checked against another implementation's where both choose the same rows. numpy promises that the
legacy generator's numbers never change (NEP 19). Everything that is ours to choose comes from core.streams instead.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

TORCH_FIDELITY_SEED = 2020
"""torch-fidelity's default `rng_seed`."""

Index = NDArray[np.intp]


def torch_fidelity_order(n: int, *, seed: int = TORCH_FIDELITY_SEED) -> Index:
    """(n,) the order in which torch-fidelity puts samples before it splits them for the Inception Score."""
    return np.asarray(np.random.RandomState(seed).permutation(n), dtype=np.intp)


def torch_fidelity_subsets(
    n: int, m: int, *, subsets: int, size: int, seed: int = TORCH_FIDELITY_SEED
) -> Iterator[tuple[Index, Index]]:
    """The pairs of subsets that torch-fidelity takes for KID: `size` of n rows, then `size` of m rows, and so on."""
    rng = np.random.RandomState(seed)
    for _ in range(subsets):
        yield rng.choice(n, size, replace=False), rng.choice(m, size, replace=False)
