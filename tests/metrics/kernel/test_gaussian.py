"""CMMD's distance: the plain formula, the published code's numbers on the same embeddings, the jackknife, the laws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.spatial.distance import cdist

from ganprobe.core.errors import MetricError
from ganprobe.metrics.kernel.gaussian import GaussianDistance, gaussian_mmd, gaussian_projections

PUBLISHED = 0.7389575796801218
"""Of `_sides(200, 150)`."""


def _sides(n: int, m: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(n, 16)), rng.normal(size=(m, 16)) + 0.3
    return tuple(x / np.linalg.norm(x, axis=1, keepdims=True) for x in (a, b))  # type: ignore[return-value]


def test_it_is_the_plain_formula() -> None:
    a, b = _sides(40, 60)
    k = [np.exp(-cdist(x, y, "sqeuclidean") / 200).mean() for x, y in ((a, a), (b, b), (a, b))]
    assert gaussian_mmd(a, b) == pytest.approx(1000 * (k[0] + k[1] - 2 * k[2]), rel=1e-9)
    assert gaussian_mmd(a, b) == pytest.approx(gaussian_mmd(b, a), rel=1e-12)
    assert gaussian_mmd(a, a) == 0


def test_it_is_the_published_codes() -> None:
    """What google-research's and sayakpaul's `distance.mmd` give for these embeddings in float64."""
    a, b = _sides(200, 150)
    assert gaussian_mmd(a, b) == pytest.approx(PUBLISHED, rel=1e-8)


def test_projections_are_the_jackknifes() -> None:
    a, b = _sides(60, 50)
    read = gaussian_projections(a, b)
    left = np.array([gaussian_mmd(np.delete(a, k, 0), b) for k in range(len(a))])
    jackknife = (len(a) - 1) / len(a) * ((left - left.mean()) ** 2).sum()
    assert read.of_a.var(ddof=1) / len(a) == pytest.approx(jackknife, rel=0.1)


def test_tiles_do_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = _sides(40, 30)
    whole = gaussian_mmd(a, b)
    monkeypatch.setattr("ganprobe.metrics.kernel.gaussian._TILE", 7)
    assert gaussian_mmd(a, b) == pytest.approx(whole, rel=1e-10)


def test_the_metric_reads_all_rows() -> None:
    a, b = (side.astype(np.float32) for side in _sides(30, 20))
    metric = GaussianDistance(column="clip.image")
    states = [
        metric.update(metric.empty(), {"index": torch.arange(len(x)), "clip.image": torch.from_numpy(x)})
        for x in (a, b)
    ]
    estimate = metric.compute(*states)["cmmd"]
    assert estimate.value == pytest.approx(gaussian_mmd(a, b), rel=1e-9)
    assert estimate.ci95 is not None
    assert estimate.ci95[0] < estimate.value < estimate.ci95[1]


def test_few_rows_and_other_widths_are_refused() -> None:
    with pytest.raises(MetricError, match="at least 2 rows"):
        gaussian_mmd(np.zeros((1, 3)), np.zeros((4, 3)))
    with pytest.raises(MetricError):
        gaussian_mmd(np.zeros((4, 3)), np.zeros((4, 2)))
    with pytest.raises(MetricError, match="sigma must be a positive number"):
        gaussian_mmd(np.zeros((4, 3)), np.zeros((4, 3)), sigma=0)
