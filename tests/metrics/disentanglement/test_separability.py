"""Separability against entropies by hand and by scipy, and attribute correlation against NumPy."""

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics import attribute_correlation, separability_score
from ganprobe.metrics.disentanglement.separability import conditional_entropies


def test_perfect_useless_and_in_between():
    perfect, useless = [[30, 0], [0, 70]], [[25, 25], [25, 25]]
    assert separability_score([perfect]) == pytest.approx(1)
    assert separability_score([useless]) == pytest.approx(2)
    assert separability_score([useless, useless, perfect]) == pytest.approx(4)


def test_conditions_on_the_prediction():
    # Predicted 0: 3 of 4 right, predicted 1: all right. H = half of H(1/4).
    assert conditional_entropies([[[30, 10], [0, 40]]]) == pytest.approx(
        [scipy.stats.entropy([0.75, 0.25], base=2) / 2]
    )


def test_a_prediction_that_never_occurs_adds_nothing():
    assert conditional_entropies([[[30, 10], [0, 0]]]) == pytest.approx([scipy.stats.entropy([0.75, 0.25], base=2)])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.lists(st.integers(1, 1000), min_size=4, max_size=4), min_size=1, max_size=5))
def test_agrees_with_scipy(tables):
    counts = np.array(tables).reshape(-1, 2, 2)
    expected = sum(
        scipy.stats.entropy(table.ravel(), base=2) - scipy.stats.entropy(table.sum(1), base=2) for table in counts
    )
    assert separability_score(counts) == pytest.approx(2**expected, rel=1e-9)


def test_refuses_one_class_and_names_the_attribute():
    with pytest.raises(MetricError, match="attributes 1 "):
        separability_score([[[5, 1], [1, 5]], [[0, 5], [0, 5]]])
    with pytest.raises(MetricError, match="shape"):
        separability_score([[[5, 1, 0], [1, 5, 0]]])
    with pytest.raises(MetricError, match="negative"):
        separability_score([[[5, -1], [1, 5]]])


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(3, 50), attributes=st.integers(1, 6))
def test_correlation_agrees_with_numpy(seed, n, attributes):
    rng = stream(seed, "correlation test")
    scores = rng.standard_normal((n, attributes)) @ rng.standard_normal((attributes, attributes)) + 3
    expected = np.corrcoef(scores.T).reshape(attributes, attributes)
    np.testing.assert_allclose(attribute_correlation(scores), expected, atol=1e-9)


def test_correlation_refuses_a_constant_attribute():
    with pytest.raises(MetricError, match="attributes 1 never change"):
        attribute_correlation([[1.0, 5.0], [2.0, 5.0]])
    with pytest.raises(MetricError, match="at least 2 samples"):
        attribute_correlation([[1.0, 5.0]])
