"""The shipped toyfaces scorer against the factors that the faces were drawn from."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from ganprobe.core.errors import CheckpointError
from ganprobe.data import toyfaces
from ganprobe.features.attributes.toyfaces import ToyfacesScorer, load_toyfaces_scorer, read_scorer
from ganprobe.features.embedded.extractor import read_embedded

ROOT = Path(__file__).resolve().parents[3]
HELD_OUT = 4321


@cache
def _scorer() -> ToyfacesScorer:
    return load_toyfaces_scorer()


def _correlations(n: int, resolution: int) -> np.ndarray:
    images = toyfaces.images(range(n), seed=HELD_OUT, resolution=resolution)
    columns = _scorer().observe(torch.from_numpy(images).float() / 127.5 - 1)
    truth = toyfaces.factors(range(n), seed=HELD_OUT)
    return np.array([np.corrcoef(columns[f"score.{name}"], truth[name])[0, 1] for name in toyfaces.FACTORS])


def test_scores_follow_the_true_factors() -> None:
    correlations = _correlations(500, 64)
    assert np.abs(correlations).mean() >= 0.95
    assert correlations.min() > 0.9


def test_scores_follow_at_another_resolution() -> None:
    assert np.abs(_correlations(100, 128)).mean() >= 0.93


def test_eyeglasses_are_a_logit_and_the_rest_are_in_their_units() -> None:
    images = toyfaces.images(range(200), seed=HELD_OUT)
    columns = _scorer().observe(torch.from_numpy(images).float() / 127.5 - 1)
    truth = toyfaces.factors(range(200), seed=HELD_OUT)
    assert ((columns["score.eyeglasses"].numpy() > 0) == (truth["eyeglasses"] > 0.5)).mean() > 0.97
    for name in set(toyfaces.FACTORS) - {"eyeglasses"}:
        deviation = truth[name].std()
        assert np.abs(columns[f"score.{name}"].numpy() - truth[name]).mean() < 0.35 * deviation, name


def test_columns_are_the_factors() -> None:
    assert _scorer().provides == {f"score.{name}" for name in toyfaces.FACTORS}
    columns = _scorer().observe(torch.zeros(3, 3, 16, 16))
    assert {tuple(column.shape) for column in columns.values()} == {(3,)}


def test_scores_do_not_depend_on_the_batch_size() -> None:
    images = torch.from_numpy(toyfaces.images(range(9), seed=HELD_OUT)).float() / 127.5 - 1
    whole = _scorer().observe(images)
    parts = [_scorer().observe(part) for part in images.split([1, 3, 5])]
    for name, column in whole.items():
        torch.testing.assert_close(torch.cat([part[name] for part in parts]), column, rtol=1e-4, atol=1e-4)


def test_the_shipped_file_is_small() -> None:
    assert (ROOT / "pretrained" / "toyfaces-scorer.safetensors").stat().st_size < 2e6


def test_the_other_network_is_no_scorer() -> None:
    with pytest.raises(CheckpointError, match="toyfaces-scorer"):
        read_scorer(ROOT / "pretrained" / "embedded-features.safetensors")
    with pytest.raises(CheckpointError, match="embedded-features"):
        read_embedded(ROOT / "pretrained" / "toyfaces-scorer.safetensors")


def test_names_must_fit_the_network() -> None:
    with pytest.raises(CheckpointError, match="names of factors"):
        ToyfacesScorer(_scorer().network, ("yaw",))
