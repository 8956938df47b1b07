"""The correlation of attributes: numpy's, Fisher's interval by simulation, the interval of the single figure."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from planted_scores import kept, measured, table_of
from scipy.stats import pearsonr

from ganprobe.core.errors import MetricError
from ganprobe.directions.scored.base import ScoredSamples
from ganprobe.directions.scored.correlation import (
    AttributeCorrelation,
    correlation_influence,
    correlation_interval,
    correlation_variances,
)
from ganprobe.metrics.disentanglement.correlation import attribute_correlation
from ganprobe.samplers.callables import FunctionSampler

NAMES = ("a", "b", "c")
MIX = np.array([[1, 0.5, 0], [0, 1, -0.4], [0, 0, 1]])


def _images_only() -> FunctionSampler:
    return FunctionSampler(lambda n, seed: torch.zeros(n, 3, 4, 4), name="grey")


def _scores(n: int, seed: int) -> np.ndarray:
    return (np.random.default_rng(seed).standard_normal((n, 3)) @ MIX).astype(np.float32)


def test_the_matrix_is_numpys_and_needs_no_latents() -> None:
    scores = _scores(700, 0)
    found = measured(AttributeCorrelation(), _images_only(), scores, names=NAMES)
    expected = np.corrcoef(scores.T.astype(np.float64))
    table = table_of(found, "correlation")
    np.testing.assert_allclose(table.values, expected, atol=1e-9)
    assert table.kind == "matrix"
    assert found.value == pytest.approx(np.abs(expected[np.triu_indices(3, 1)]).mean())
    assert found.n == 700


def test_the_interval_of_a_correlation_is_scipys_where_scores_are_normal() -> None:
    rows = _scores(20_000, 1)[:, :2].astype(np.float64)
    matrix = attribute_correlation(rows)
    expected = pearsonr(*rows.T).confidence_interval(0.95)
    found = correlation_interval(float(matrix[0, 1]), float(correlation_variances(rows, matrix)[0, 1]))
    np.testing.assert_allclose(found, expected, atol=1e-3)


@pytest.mark.parametrize("stretch", [np.asarray, np.exp, np.tanh, np.square])
def test_intervals_of_the_matrix_cover_whatever_the_scores_are(stretch: Callable[[np.ndarray], np.ndarray]) -> None:
    """Fisher's own hold 80% for exponentials."""
    truth = np.corrcoef(stretch(_scores(2_000_000, 999)[:, :2].astype(np.float64)).T)[0, 1]
    inside = []
    for seed in range(300):
        rows = np.asarray(stretch(_scores(400, seed)[:, :2].astype(np.float64)))
        matrix = attribute_correlation(rows)
        ends = correlation_interval(float(matrix[0, 1]), float(correlation_variances(rows, matrix)[0, 1]))
        inside.append(ends[0] <= truth <= ends[1])
    assert np.mean(inside) >= 0.88


@given(st.floats(-1, 1), st.floats(0, 1))
def test_the_interval_holds_the_value(r: float, variance: float) -> None:
    low, high = correlation_interval(r, variance)
    assert -1 <= low <= r + 1e-9
    assert r - 1e-9 <= high <= 1


def test_the_standard_error_is_that_of_repeated_draws() -> None:
    values, errors = [], []
    for seed in range(300):
        found = measured(AttributeCorrelation(), _images_only(), _scores(400, seed)[:, :2], names=NAMES[:2])
        values.append(found.value)
        errors.append(np.sqrt(found.variance))
    assert np.mean(errors) == pytest.approx(np.std(values), rel=0.15)


def test_the_influence_is_what_leaving_a_sample_out_changes() -> None:
    scores = _scores(300, 4).astype(np.float64)
    whole = attribute_correlation(scores)
    influence = correlation_influence(scores, whole)
    off = ~np.eye(3, dtype=bool)
    for i in (0, 17, 123):
        without = attribute_correlation(np.delete(scores, i, axis=0))
        change = np.abs(whole[off]).mean() - np.abs(without[off]).mean()
        assert influence[i] == pytest.approx(change, rel=0.05, abs=2e-5)


def test_an_attribute_that_never_changes_is_left_out() -> None:
    scores = _scores(50, 0)
    metric, sampler = AttributeCorrelation(), _images_only()
    found = metric.measure(kept(scores * [1, 0, 1]), ScoredSamples(sampler, 0, NAMES))
    only = metric.measure(kept(scores[:, [0, 2]]), ScoredSamples(sampler, 0, ("a", "c")))
    assert found["attribute_correlation"].value == only["attribute_correlation"].value
    assert found["attribute_correlation"].notes == ("excluded, since their scores never change: b",)


@pytest.mark.parametrize(
    ("scores", "names", "said"),
    [
        (_scores(3, 0), NAMES, "at least 4"),
        (_scores(50, 0)[:, :1], ("a",), "at least 2 named attributes"),
        (_scores(50, 0) * [1, 0, 0], NAMES, "scores of b, c never change"),
        (np.where(np.arange(50)[:, None] == 9, np.inf, _scores(50, 0)), NAMES, "not finite at samples 9"),
        (_scores(50, 0), ("a", "b"), "3 columns for a, b"),
    ],
)
def test_bad_scores_are_refused(scores: np.ndarray, names: tuple[str, ...], said: str) -> None:
    with pytest.raises(MetricError, match=said):
        AttributeCorrelation().measure(kept(scores), ScoredSamples(_images_only(), 0, names))
