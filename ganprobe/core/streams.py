"""Counter-based random streams: number i of a purpose under a seed, whoever asks and however many at a time.

>>> a = normal(0, "z", range(0, 5), (2,))
>>> b = normal(0, "z", range(3, 5), (2,))
>>> bool((a[3:] == b).all())
True

Numbers are drawn in fixed blocks of indices. Each block has a Philox stream of its own, keyed by a hash of the
seed, the purpose and the block (Salmon et al. 2011, "Parallel random numbers: as easy as 1, 2, 3"), so that
drawing is vectorised, any index can be drawn again, and nothing depends on batch size, ranks or resumption.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import InputError

BLOCK = 64
LEAST_THRESHOLD = 0.01
"""Of `truncated_normal`: below it nearly every draw is rejected."""


def derive_seed(seed: int, *purpose: str | int) -> int:
    """A 63-bit seed that follows from `seed` and the words of `purpose`; differing words give unrelated seeds."""
    text = "\x1f".join([str(int(seed)), *(str(word) for word in purpose)])
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "little") >> 1


def stream(seed: int, *purpose: str | int) -> np.random.Generator:
    """The generator of one purpose (and, by convention, of one block) under `seed`."""
    return np.random.Generator(np.random.Philox(key=derive_seed(seed, *purpose)))


def blocks_of(index: range, block: int = BLOCK) -> range:
    """The numbers of the aligned blocks of size `block` that `index` (of step 1) touches."""
    return range(index.start // block, -(-index.stop // block)) if len(index) else range(0)


def drawn_by_block(
    draw: Callable[[np.random.Generator, int], NDArray[np.generic]],
    seed: int,
    purpose: str,
    index: range,
    block: int = BLOCK,
) -> NDArray[np.generic]:
    """Rows `index` of the endless table whose block b is `draw(stream(seed, purpose, b), block)`. InputError for an
    index that is not of step 1 from 0 on."""
    if index.step != 1 or index.start < 0:
        raise InputError(f"an index range of step 1 from 0 on was expected, got {index}")
    rows = [draw(stream(seed, purpose, number), block) for number in blocks_of(index, block)]
    if not rows:
        return draw(stream(seed, purpose, 0), block)[:0]
    first = index.start // block * block
    return np.concatenate(rows)[index.start - first : index.stop - first]


def normal(seed: int, purpose: str, index: range, shape: tuple[int, ...], *, block: int = BLOCK) -> NDArray[np.float32]:
    """Standard normals, (len(index), *shape), float32."""
    rows = drawn_by_block(
        lambda rng, n: rng.standard_normal((n, *shape), dtype=np.float32), seed, purpose, index, block
    )
    return rows.astype(np.float32, copy=False)


def truncated_normal(
    seed: int, purpose: str, index: range, shape: tuple[int, ...], *, threshold: float, block: int = BLOCK
) -> NDArray[np.float32]:
    """Normals whose values beyond +-`threshold` are drawn again until they fall inside (Brock et al. 2019, section
    3.1). InputError for a threshold below 0.01."""
    if not threshold >= LEAST_THRESHOLD:
        raise InputError(f"a truncation threshold of at least {LEAST_THRESHOLD} was expected, got {threshold}")

    def draw(rng: np.random.Generator, n: int) -> NDArray[np.float32]:
        values = rng.standard_normal((n, *shape), dtype=np.float32)
        while (outside := np.abs(values) > threshold).any():
            values[outside] = rng.standard_normal(int(outside.sum()), dtype=np.float32)
        return values

    return drawn_by_block(draw, seed, purpose, index, block).astype(np.float32, copy=False)


def uniform(seed: int, purpose: str, index: range, shape: tuple[int, ...] = ()) -> NDArray[np.float64]:
    """Uniform numbers in [0, 1), (len(index), *shape), float64."""
    return drawn_by_block(lambda rng, n: rng.random((n, *shape)), seed, purpose, index).astype(np.float64, copy=False)


def integers(seed: int, purpose: str, index: range, *, below: int) -> NDArray[np.int64]:
    """Uniform integers in [0, below), (len(index),), int64."""
    rows = drawn_by_block(lambda rng, n: rng.integers(0, below, n), seed, purpose, index)
    return rows.astype(np.int64, copy=False)


def priorities(index: NDArray[np.int64]) -> NDArray[np.uint64]:
    """A pseudo-random priority per index (splitmix64), the same for everyone: keeping the rows of lowest priority
    is a uniform sample that does not depend on the order or the grouping in which rows arrive."""
    x = index.astype(np.uint64) + np.uint64(0x9E3779B97F4A7C15)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(x ^ (x >> np.uint64(31)), dtype=np.uint64)
