"""The jackknife of a score over splits: by leaving samples out one by one, and where no interval is stated."""

import numpy as np
import pytest
import torch

from ganprobe.core.streams import stream
from ganprobe.metrics import ClassifierScore, inception_score
from ganprobe.metrics.scores.inception import InceptionScore
from ganprobe.metrics.scores.jackknife import score_estimate


def probabilities(n, classes=7, concentration=0.3, seed=0):
    return stream(seed, "jackknife test").dirichlet(np.full(classes, concentration), n)


def entropy(rows):
    return -(rows * np.log(np.where(rows > 0, rows, 1))).sum(1)


def test_one_by_one():
    parts = [probabilities(12, seed=1), probabilities(9, seed=2)]
    scores = np.array([inception_score(part, splits=1) for part in parts])
    found = score_estimate("cs", scores, parts, [entropy(part) for part in parts])
    expected = 0.0
    for part in parts:
        n = len(part)
        without = np.array([inception_score(np.delete(part, i, 0), splits=1) for i in range(n)])
        expected += (n - 1) / n * ((without - without.mean()) ** 2).sum() / 4
    assert found.value == scores.mean()
    assert found.variance == pytest.approx(expected, rel=1e-9)
    assert found.ci95[0] < found.value < found.ci95[1]


def read(metric, column, rows):
    state = metric.update(metric.empty(), {"index": torch.arange(len(rows)), column: torch.from_numpy(rows)})
    (found,) = metric.compute(state).values()
    return found


def logits(n, classes, seed=0):
    chosen = stream(seed, "jackknife logits").integers(0, classes, n)
    return (40.0 * np.eye(classes)[chosen]).astype(np.float32)


def test_both_metrics_take_it():
    """Of one split both are the same number of the same probabilities, in whatever order."""
    rows = 2 * stream(0, "jackknife rows").standard_normal((200, 10)).astype(np.float32)
    one = read(InceptionScore(column="l", splits=1), "l", rows)
    shares = torch.from_numpy(rows).double().softmax(1).numpy()
    other = read(ClassifierScore(column="p", splits=1), "p", shares)
    assert one.value == pytest.approx(other.value, rel=1e-6)
    assert one.ci95 == pytest.approx(other.ci95, rel=1e-5)


def test_few_samples_in_a_split_have_no_interval():
    found = read(InceptionScore(column="l"), "l", logits(40, 5))
    assert found.ci95 is None
    assert found.notes == ("no interval: 4 samples in a split; give 50 or more",)
    assert read(InceptionScore(column="l"), "l", logits(100, 3)).ci95 is not None


def test_a_score_near_the_number_of_samples_has_no_interval():
    found = read(InceptionScore(column="l"), "l", logits(200, 1008))
    assert found.value > 17
    assert found.ci95 is None
    assert "cannot exceed the 20 samples of a split" in found.notes[0]
    assert "give at least 1,000 samples" in found.notes[0]
