"""The classifier score against its definition, its bounds, and its derivative."""

import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics import ClassifierScore, inception_score, inception_score_splits

CS = ClassifierScore(column="p")


def rows(seed, n, classes=5):
    return stream(seed, "score test").dirichlet(np.full(classes, 0.3), n)


def state_of(values, index=None):
    index = np.arange(len(values)) if index is None else index
    return CS.update(CS.empty(), {"index": torch.from_numpy(index), "p": torch.from_numpy(values)})


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(10, 60), splits=st.integers(1, 10))
def test_agrees_with_scipys_entropy(seed, n, splits):
    values = rows(seed, n)
    expected = []
    for k in range(splits):
        part = values[k * n // splits : (k + 1) * n // splits]
        expected.append(np.exp(np.mean([scipy.stats.entropy(p, part.mean(0)) for p in part])))
    np.testing.assert_allclose(inception_score_splits(values, splits), expected, rtol=1e-10)
    assert inception_score(values, splits) == pytest.approx(np.mean(expected))


def test_bounds():
    assert inception_score(np.full((20, 4), 0.25), 2) == pytest.approx(1)
    assert inception_score(np.tile(np.eye(4), (5, 1)), 5) == pytest.approx(4)


def test_metric_does_not_depend_on_the_order_of_arrival():
    values, index = rows(1, 57), np.arange(57)
    order = stream(2, "order").permutation(57)
    expected, got = (CS.compute(state)["cs"] for state in (state_of(values), state_of(values[order], index[order])))
    assert got.value == expected.value
    assert got.variance == expected.variance


def test_metric_is_the_function_in_the_shuffled_order():
    values = rows(3, 57).astype(np.float32)
    order = stream(0, "classifier score splits").permutation(57)
    assert CS.compute(state_of(values))["cs"].value == pytest.approx(inception_score(values[order], 10), rel=1e-12)


def test_variance_is_the_jackknifes():
    one = ClassifierScore(column="p", splits=1)
    values = rows(4, 300)
    scores = np.array([inception_score(np.delete(values, i, 0), 1) for i in range(300)])
    jackknife = 299 / 300 * ((scores - scores.mean()) ** 2).sum()
    assert one.compute(state_of(values))["cs"].variance == pytest.approx(jackknife, rel=0.02)


def test_refuses_bad_input():
    with pytest.raises(MetricError, match="20 generated samples; there are 19"):
        CS.compute(state_of(rows(5, 19)))
    with pytest.raises(MetricError, match="sum to 1"):
        inception_score(2 * rows(5, 20))
    with pytest.raises(MetricError, match="splits"):
        inception_score(rows(5, 9))
    values = rows(5, 40)
    values[[7, 31]] = np.nan
    with pytest.raises(MetricError, match=r"'p' is not finite at samples 7, 31"):
        CS.compute(state_of(values))
