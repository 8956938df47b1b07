"""Counter-based streams: number i of a purpose is number i, and its distribution is what it says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from ganprobe.core import streams
from ganprobe.core.errors import InputError

RANGES = st.lists(st.integers(0, 300), min_size=3, max_size=3).map(sorted)
DRAWS = {
    "normal": lambda index, seed: streams.normal(seed, "x", index, (2, 3)),
    "normal, single": lambda index, seed: streams.normal(seed, "x", index, (2,), block=1),
    "truncated": lambda index, seed: streams.truncated_normal(seed, "x", index, (4,), threshold=0.5),
    "uniform": lambda index, seed: streams.uniform(seed, "x", index),
    "integers": lambda index, seed: streams.integers(seed, "x", index, below=7),
}


@pytest.mark.parametrize("kind", DRAWS)
@given(cuts=RANGES, seed=st.integers(-5, 2**70))
def test_any_cut_gives_the_same_numbers(kind: str, cuts: list[int], seed: int) -> None:
    draw, (a, b, c) = DRAWS[kind], cuts
    whole = draw(range(a, c), seed)
    assert np.array_equal(np.concatenate([draw(range(a, b), seed), draw(range(b, c), seed)]), whole)
    assert len(whole) == c - a


def test_numbers_are_pinned() -> None:
    """A change here changes every published sample: it needs a new major version."""
    assert streams.derive_seed(0, "z", 0) == 5539715442736093826
    expected = [[-0.43565956, -1.94529986], [1.14671576, -0.43513903]]
    np.testing.assert_allclose(streams.normal(0, "z", range(2), (2,)), expected, rtol=1e-6)
    assert streams.integers(0, "label", range(6), below=10).tolist() == [9, 8, 1, 8, 1, 5]
    np.testing.assert_allclose(streams.uniform(0, "path.t", range(2)), [0.278675441, 0.793355607], rtol=1e-8)


def test_seeds_purposes_and_blocks_are_independent() -> None:
    rows = [
        streams.normal(seed, purpose, range(start, start + 64), (100,)).ravel()
        for seed in (0, 1, 2**40)
        for purpose in ("z", "path.z0")
        for start in (0, 64)
    ]
    correlation = np.corrcoef(rows) - np.eye(len(rows))
    assert np.abs(correlation).max() < 5 / 6400**0.5
    assert len({row.tobytes() for row in rows}) == len(rows)


def test_words_of_a_purpose_are_kept_apart() -> None:
    seeds = {streams.derive_seed(0, *words) for words in (("ab", "c"), ("a", "bc"), ("abc",), ("ab", "c", ""))}
    assert len(seeds) == 4
    assert streams.derive_seed(1, "a") != streams.derive_seed(11, "a")
    assert all(0 <= streams.derive_seed(seed, "a") < 2**63 for seed in range(-50, 50))


def test_distributions() -> None:
    n = 4000
    assert stats.kstest(streams.normal(0, "x", range(n), (5,)).ravel(), "norm").pvalue > 1e-3
    assert stats.kstest(streams.uniform(0, "x", range(n), (5,)).ravel(), "uniform").pvalue > 1e-3
    counts = np.bincount(streams.integers(0, "x", range(n), below=8), minlength=8)
    assert stats.chisquare(counts).pvalue > 1e-3
    cut = streams.truncated_normal(0, "x", range(n), (5,), threshold=0.8).ravel()
    assert np.abs(cut).max() <= 0.8
    assert stats.kstest(cut, stats.truncnorm(-0.8, 0.8).cdf).pvalue > 1e-3


@pytest.mark.parametrize("index", [range(0, 10, 2), range(9, 0, -1), range(-4, 4)])
@pytest.mark.parametrize("kind", DRAWS)
def test_an_index_is_of_step_one_from_zero_on(kind: str, index: range) -> None:
    with pytest.raises(InputError, match="step 1 from 0 on"):
        DRAWS[kind](index, 0)


@pytest.mark.parametrize("threshold", [0.0, -1.0, 0.001, float("nan")])
def test_a_threshold_that_rejects_everything_is_refused(threshold: float) -> None:
    with pytest.raises(InputError, match=r"threshold of at least 0\.01"):
        streams.truncated_normal(0, "x", range(3), (1,), threshold=threshold)


@given(st.lists(st.integers(0, 2**62), min_size=1, max_size=50, unique=True))
def test_priorities_follow_from_the_index_alone(index: list[int]) -> None:
    numbers = np.array(index, dtype=np.int64)
    together = streams.priorities(numbers)
    assert np.array_equal(together, [streams.priorities(numbers[i : i + 1])[0] for i in range(len(index))])
    assert len(set(together.tolist())) == len(index)


def test_low_priorities_are_a_uniform_sample() -> None:
    lowest = np.argsort(streams.priorities(np.arange(20_000)))[:2000]
    assert stats.kstest(lowest / 20_000, "uniform").pvalue > 1e-3
