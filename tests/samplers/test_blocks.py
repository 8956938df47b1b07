"""Rows of blocks: the right rows, each block computed once in a sweep, and nothing shared with the caller."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.samplers.blocks import BlockCache


class Counting:
    """Rows (i, seed) and i squared; remembers which blocks were asked for."""

    def __init__(self) -> None:
        self.asked: list[tuple[range, int]] = []

    def __call__(self, index: range, seed: int) -> tuple[Tensor, Tensor]:
        self.asked.append((index, seed))
        numbers = torch.arange(index.start, index.stop)
        return torch.stack([numbers, torch.full_like(numbers, seed)], dim=1), numbers**2


@given(st.integers(1, 9), st.integers(0, 40), st.integers(0, 40), st.integers(1, 3))
def test_rows_are_the_table_s_rows(block: int, start: int, length: int, keep: int) -> None:
    pairs, squares = BlockCache(Counting(), block, keep=keep).rows(range(start, start + length), seed=5)
    assert pairs.tolist() == [[i, 5] for i in range(start, start + length)]
    assert squares.tolist() == [i * i for i in range(start, start + length)]


@pytest.mark.parametrize("batch", [1, 3, 8, 11, 40])
def test_a_sweep_computes_each_block_once(batch: int) -> None:
    compute = Counting()
    cache = BlockCache(compute, 8)
    for start in range(0, 40, batch):
        cache.rows(range(start, min(start + batch, 40)), seed=1)
    assert compute.asked == [(range(first, first + 8), 1) for first in range(0, 40, 8)]


def test_seeds_are_kept_apart() -> None:
    compute = Counting()
    cache = BlockCache(compute, 4)
    for _ in range(3):
        assert cache.rows(range(1, 2), seed=1)[0].tolist() == [[1, 1]]
        assert cache.rows(range(1, 2), seed=2)[0].tolist() == [[1, 2]]
    assert len(compute.asked) == 2


def test_writing_into_rows_harms_nothing() -> None:
    cache = BlockCache(Counting(), 4)
    for index in (range(4), range(1, 2), range(2, 6)):
        cache.rows(index, seed=0)[1].fill_(-1)
        assert cache.rows(index, seed=0)[1].tolist() == [i * i for i in index]


@pytest.mark.parametrize("index", [range(0, 8, 2), range(-1, 3), range(4, 0, -1)])
def test_other_ranges_are_refused(index: range) -> None:
    with pytest.raises(InputError, match="step 1 from 0 on"):
        BlockCache(Counting(), 4).rows(index, seed=0)


@pytest.mark.parametrize(("block", "keep"), [(0, 1), (4, 0)])
def test_sizes_are_positive(block: int, keep: int) -> None:
    with pytest.raises(ValueError, match="at least 1"):
        BlockCache(Counting(), block, keep=keep)
