"""Neighbour radii against scikit-learn; precision, recall, density and coverage against brute force."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics import prdc, precision_recall
from ganprobe.metrics.neighbours.radii import ball_counts, knn_radii


def points(seed, n=60, m=45, d=3):
    rng = stream(seed, "neighbour test")
    return rng.standard_normal((n, d)) + 5, rng.standard_normal((m, d)) * 0.9 + 5.4


def brute_force(real, fake, k):
    def radii(x):
        distances = cdist(x, x)
        np.fill_diagonal(distances, np.inf)
        return np.sort(distances, 1)[:, k - 1]

    distances = cdist(real, fake)
    in_real, in_fake = distances < radii(real)[:, None], distances < radii(fake)[None]
    return {
        "precision": in_real.any(0).mean(),
        "recall": in_fake.any(1).mean(),
        "density": in_real.sum(0).mean() / k,
        "coverage": in_real.any(1).mean(),
    }


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 8), side=st.integers(1, 70))
def test_radii_agree_with_scikit_learn(seed, k, side):
    real, _ = points(seed)
    distances, _ = NearestNeighbors(n_neighbors=k).fit(real).kneighbors()
    got = knn_radii(torch.from_numpy(real), k, side=side).sqrt()
    np.testing.assert_allclose(got, distances[:, -1], rtol=1e-9)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 8))
def test_agree_with_brute_force(seed, k):
    real, fake = points(seed)
    expected = brute_force(real, fake, k)
    assert prdc(real, fake, k) == pytest.approx(expected, abs=1e-12)
    assert precision_recall(real, fake, k) == pytest.approx((expected["precision"], expected["recall"]), abs=1e-12)


@settings(max_examples=50, deadline=None)
@given(side=st.integers(1, 70))
def test_tiles_do_not_matter(side):
    real, fake = points(1)
    whole, tiled = ball_counts(real, fake, 3, closed=True), ball_counts(real, fake, 3, closed=True, side=side)
    for name in ("real_balls_at_fake", "fake_balls_at_real", "fakes_in_real_ball"):
        assert torch.equal(getattr(whole, name), getattr(tiled, name))


def test_a_point_is_not_its_own_neighbour_but_its_copy_is():
    line = torch.tensor([[0.0], [0.0], [0.0], [7.0]], dtype=torch.float64)
    assert knn_radii(line, 2).tolist() == [0, 0, 0, 49]
    assert knn_radii(line, 3).tolist() == [49, 49, 49, 49]


def test_copies_lie_in_closed_balls_of_no_radius_and_not_in_open_ones():
    real = np.repeat(stream(2, "copies").standard_normal((10, 64)) * 100 + 1000, 4, 0)
    assert precision_recall(real, real[::4].repeat(4, 0), k=3) == (1, 1)
    assert prdc(real, real, k=3)["coverage"] == 0


def test_far_apart_is_zero_and_alike_is_near_one():
    real, fake = points(3, 400, 400)
    assert precision_recall(real, fake + 100) == (0, 0)
    assert prdc(real, fake + 100) == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}
    alike = prdc(real[:200], real[200:])
    assert alike["density"] == pytest.approx(1, abs=0.15)
    # 1 - C(N - 1, k) / C(N + M - 1, k) is the expectation of coverage for equal distributions: 0.97 here.
    assert alike["coverage"] == pytest.approx(1 - np.prod([(199 - i) / (399 - i) for i in range(5)]), abs=0.04)


def test_refuse_bad_input():
    real, fake = points(4)
    with pytest.raises(MetricError, match="between 1 and 59"):
        precision_recall(real, fake, k=60)
    with pytest.raises(MetricError, match="between 1 and 44"):
        prdc(real, fake, k=45)
    with pytest.raises(MetricError, match="same features"):
        prdc(real, fake[:, :2])
