"""Accuracies of several classifiers on one set of test images."""

import numpy as np
import pytest

from ganprobe.core.errors import MetricError
from ganprobe.core.results import difference
from ganprobe.directions.methods.interfacegan import wilson_interval
from ganprobe.probes.accuracy import accuracy, gap


def test_of_one_classifier_it_is_a_share_with_wilson_s_interval():
    hits = np.arange(200)[None] % 5 < 3
    found = accuracy(hits)
    assert (found.value, found.n) == (0.6, 200)
    assert found.ci95 == pytest.approx(wilson_interval(120, 200), rel=5e-3)
    assert found.variance == 0


def test_all_right_and_all_wrong_have_an_interval_too():
    assert accuracy(np.ones((3, 50), bool)).ci95 == pytest.approx(wilson_interval(50, 50))
    assert accuracy(np.zeros((3, 50), bool)).ci95 == pytest.approx(wilson_interval(0, 50))


def test_seeds_that_differ_widen_the_interval():
    rng = np.random.default_rng(0)
    alike = rng.random((1, 1000)) < 0.5
    same, apart = np.repeat(alike, 3, axis=0), rng.random((3, 1000)) < np.array([[0.3], [0.5], [0.7]])
    widths = [np.ptp(accuracy(hits).ci95) for hits in (same, apart)]
    assert widths[1] > 5 * widths[0]


def test_a_gap_on_the_same_images_is_surer_than_on_others():
    rng = np.random.default_rng(0)
    hard = rng.random(2000) < 0.5
    better, worse = hard[None] | (rng.random((1, 2000)) < 0.1), hard[None]
    paired = gap(better, worse)
    assert paired.value == pytest.approx(better.mean() - worse.mean())
    assert np.ptp(paired.ci95) < 0.5 * np.ptp(gap(better, worse[:, rng.permutation(2000)]).ci95)
    assert difference(accuracy(better), accuracy(worse)).ci95 == pytest.approx(paired.ci95)
    assert gap(better, better).ci95 == (0, 0)


@pytest.mark.parametrize("shape", [(0, 5), (3, 0), (5,)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(MetricError, match="hits"):
        accuracy(np.zeros(shape, bool))
    with pytest.raises(MetricError, match="same images"):
        gap(np.ones((1, 4), bool), np.ones((1, 5), bool))


def _logistic(x):
    return 1 / (1 + np.exp(-x))


@pytest.mark.slow
@pytest.mark.parametrize(("count", "seeds"), [(1, 0.0), (3, 0.0), (3, 0.05), (3, 0.1), (5, 0.1)])
def test_intervals_hold_the_accuracy_over_images_and_seeds(count, seeds):
    rng = np.random.default_rng(0)
    truth = _logistic(1 + rng.normal(0, np.hypot(2, seeds), 1_000_000)).mean()
    covered = []
    for _ in range(1000):
        ability = 1 + rng.normal(0, 2, 2000) + rng.normal(0, seeds, (count, 1))
        low, high = accuracy(rng.random((count, 2000)) < _logistic(ability)).ci95
        covered.append(low <= truth <= high)
    assert 0.92 <= np.mean(covered) <= 0.99
