"""The table of boundary accuracies: the protocol's own numbers, cosines, what is conditioned, bad scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from direction_fakes import DIM, planted, stylegan
from planted_scores import all_measured, column_of, measured, table_of

from ganprobe.core.errors import CapabilityError, GanprobeError, MetricError, UntoldError
from ganprobe.directions import separate
from ganprobe.directions.latents import latents_of
from ganprobe.directions.scored.boundary_accuracy import COLUMNS, BoundaryAccuracy
from ganprobe.samplers.callables import FunctionSampler

N = 1000
NAMES = ("first", "second", "third")
OLD = frozenset({"third"})


def _scores() -> np.ndarray:
    rng = np.random.default_rng(0)
    latents = latents_of(stylegan(), range(N), seed=1, space="z").numpy().astype(np.float64)
    along = latents @ rng.standard_normal((DIM, 3)) + rng.standard_normal((N, 3))
    return (along + np.array([0, 0, 30])).astype(np.float32)


def test_the_numbers_are_those_of_separate() -> None:
    scores = _scores()
    found, at_median = all_measured(BoundaryAccuracy(), stylegan(), scores, names=NAMES, continuous=OLD, seed=1)
    for space in ("z", "w"):
        expected = separate(stylegan(), dict(zip(NAMES, scores.T, strict=True)), space=space, seed=1)
        table = table_of(found, f"accuracy_{space}")
        assert (table.rows, table.columns) == (NAMES, COLUMNS)
        for row, ends, each in zip(table.values, table.ci95, expected, strict=True):
            assert row[0] == each.train.value
            assert row[1] == each.validation.value
            assert row[2] == each.remaining["midrange"].value
            assert ends[2] == each.remaining["midrange"].ci95
        normals = np.stack([each.boundary.normal for each in expected])
        np.testing.assert_allclose(table_of(found, f"cosines_{space}").values, normals @ normals.T, atol=1e-12)
        if space == "w":
            assert found.value == pytest.approx(np.mean([each.remaining["midrange"].value for each in expected]))
            assert at_median.value == pytest.approx(np.mean([each.remaining["median"].value for each in expected]))
    assert np.isnan(column_of(found, "accuracy_w", "remaining (zero)")).tolist() == [False, False, True]
    assert found.n == N


def test_conditioned_boundaries_leave_all_others_alone() -> None:
    found = measured(BoundaryAccuracy(), stylegan(), _scores(), names=NAMES, continuous=OLD, seed=1)
    cosines = np.array(table_of(found, "cosines_z").values)
    conditioned = np.array(table_of(found, "conditioned_z").values)
    # What is left of each boundary is the dual basis: its cosines are those of the inverse Gram matrix.
    inverse = np.linalg.inv(cosines)
    expected = inverse / np.sqrt(np.outer(np.diag(inverse), np.diag(inverse)))
    np.testing.assert_allclose(conditioned[:, :3], expected, atol=1e-9)
    np.testing.assert_allclose(conditioned[:, 3], 1 / np.sqrt(np.diag(inverse)), atol=1e-9)


def test_a_boundary_that_others_span_has_a_note_in_place_of_the_table() -> None:
    scores = _scores()
    twice = np.column_stack([scores, scores[:, 0]])
    found = measured(BoundaryAccuracy(), planted(), twice, names=(*NAMES, "again"), seed=1)
    names = [table.name for table in found.tables]
    # The same scores split by another name: nearly, but not quite, the same boundary.
    assert names == ["accuracy_z", "cosines_z", "conditioned_z"]
    cosines = np.array(table_of(found, "cosines_z").values)
    assert cosines[0, 3] > 0.95
    wide = np.random.default_rng(3).standard_normal((N, DIM + 1)).astype(np.float32)
    found = measured(BoundaryAccuracy(), planted(), wide, names=tuple("abcdefghijklm"), seed=1)
    assert [table.name for table in found.tables] == ["accuracy_z", "cosines_z"]
    assert "no conditioned boundaries in z" in found.notes[0]


def test_one_attribute_has_no_cosines() -> None:
    found = measured(BoundaryAccuracy(), planted(), _scores()[:, :1], names=("first",), seed=1)
    assert [table.name for table in found.tables] == ["accuracy_z"]


def _noisy(seed: int, n: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """A number of z with noise, and its exponential."""
    z = latents_of(planted(), range(n), seed=seed, space="z").numpy().astype(np.float64)
    linear = z[:, :2] + 0.7 * np.random.default_rng(seed).standard_normal((n, 2))
    return linear, np.exp(3 * linear)


def test_scores_on_one_side_of_the_cut_are_named() -> None:
    linear, stretched = _noisy(0)
    quantities = frozenset("ab")
    straight, _ = all_measured(BoundaryAccuracy(), planted(), linear, names=("a", "b"), continuous=quantities)
    assert straight.notes == ()
    bent, at_median = all_measured(BoundaryAccuracy(), planted(), stretched, names=("a", "b"), continuous=quantities)
    assert "nearly all remaining samples lie on one side of the midrange cut of a (100.0% below)" in bent.notes[0]
    assert "read boundary_accuracy@median" in bent.notes[0]
    # Order alone sets the boundary and the median: both are as they were.
    assert at_median.value == pytest.approx(
        all_measured(BoundaryAccuracy(), planted(), linear, names=("a", "b"), continuous=quantities)[1].value
    )
    assert bent.value < straight.value - 0.1


def test_the_interval_carries_the_cut_that_two_samples_set() -> None:
    """Its deviation is that of new samples; with the cut as it was, it was less than half of that."""
    runs = [
        all_measured(BoundaryAccuracy(), planted(), _noisy(s)[0], names=("a", "b"), continuous=frozenset("ab"), seed=s)
        for s in range(30)
    ]
    for which in (0, 1):
        values, stated = np.array([(run[which].value, run[which].variance) for run in runs]).T
        ratio = np.sqrt(stated.mean()) / values.std(ddof=1)
        assert 0.7 < ratio < 2, (which, ratio)


def test_what_was_fitted_has_no_interval() -> None:
    table = table_of(measured(BoundaryAccuracy(), stylegan(), _scores(), names=NAMES, seed=1), "accuracy_z")
    assert [ends[0] for ends in table.ci95] == [None] * 3
    assert all(ends[1] is not None for ends in table.ci95)


@pytest.mark.parametrize(
    ("scores", "error", "said"),
    [
        (_scores()[:99], MetricError, "at least 100"),
        (np.where(np.arange(N)[:, None] == 4, np.nan, _scores()), MetricError, "not finite at samples 4"),
        (np.where(np.arange(N)[:, None] == 4, 2.0, np.ones((N, 3))), UntoldError, "only 1 of 1000 samples stand out"),
    ],
)
def test_bad_scores_are_refused(scores: np.ndarray, error: type[GanprobeError], said: str) -> None:
    with pytest.raises(error, match=said):
        measured(BoundaryAccuracy(), stylegan(), scores, names=NAMES)


def test_attributes_that_tell_nothing_have_no_number_and_the_others_do() -> None:
    scores = _scores()
    expected = measured(BoundaryAccuracy(), stylegan(), scores[:, :1], names=NAMES[:1], seed=1)
    scores[:, 1], scores[:, 2] = np.arange(N) < 50, 7.0
    found = measured(BoundaryAccuracy(), stylegan(), scores, names=NAMES, seed=1)
    assert found.value == expected.value
    table = table_of(found, "accuracy_w")
    assert table.rows == NAMES
    assert [row.count(None) for row in table.values] == [0, len(COLUMNS), len(COLUMNS)]
    assert "only 50 of 1000 samples stand out by their scores of 'second'" in found.notes[0]
    assert "'third' never change" in found.notes[1]


def test_a_rare_attribute_is_measured_with_fewer_extremes() -> None:
    scores = (_scores()[:, :1] > np.quantile(_scores()[:, 0], 0.95)).astype(np.float32)
    found = measured(BoundaryAccuracy(), stylegan(), scores, names=NAMES[:1], seed=1, extremes=50)
    assert found.value > 0.7
    assert "50 samples at each end" in table_of(found, "accuracy_w").note


def test_images_alone_have_no_boundaries() -> None:
    grey = FunctionSampler(lambda n, seed: torch.zeros(n, 3, 4, 4), name="grey")
    with pytest.raises(CapabilityError, match="images only"):
        measured(BoundaryAccuracy(), grey, _scores(), names=NAMES)
