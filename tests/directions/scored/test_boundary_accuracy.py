"""The table of boundary accuracies: the protocol's own numbers, cosines, what is conditioned, bad scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from direction_fakes import DIM, planted, stylegan
from planted_scores import column_of, measured, table_of

from ganprobe.core.errors import CapabilityError, GanprobeError, MetricError
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
    found = measured(BoundaryAccuracy(), stylegan(), scores, names=NAMES, continuous=OLD, seed=1)
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
            low = np.mean([each.remaining["midrange"].ci95[0] for each in expected])
            assert found.ci95[0] == pytest.approx(low)
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


@pytest.mark.parametrize(
    ("scores", "error", "said"),
    [
        (_scores()[:99], MetricError, "at least 100"),
        (_scores() * [1, 0, 1], MetricError, "scores of second never change"),
        (np.where(np.arange(N)[:, None] == 4, np.nan, _scores()), MetricError, "not finite at samples 4"),
        (np.where(np.arange(N)[:, None] == 4, 2.0, np.ones((N, 3))), MetricError, "do not differ"),
    ],
)
def test_bad_scores_are_refused(scores: np.ndarray, error: type[GanprobeError], said: str) -> None:
    with pytest.raises(error, match=said):
        measured(BoundaryAccuracy(), stylegan(), scores, names=NAMES)


def test_images_alone_have_no_boundaries() -> None:
    grey = FunctionSampler(lambda n, seed: torch.zeros(n, 3, 4, 4), name="grey")
    with pytest.raises(CapabilityError, match="images only"):
        measured(BoundaryAccuracy(), grey, _scores(), names=NAMES)
