"""The Frechet distance against closed forms, scipy's matrix square root, and its own derivatives."""

import numpy as np
import pytest
import scipy.linalg
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics import frechet_bias, frechet_distance
from ganprobe.metrics.frechet import distance as frechet
from ganprobe.metrics.frechet import metric as frechet_metric
from ganprobe.metrics.frechet.distance import frechet_influence, transport


def drawn(seed, d, n):
    rng = stream(seed, "test features")
    return rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) / np.sqrt(d) + rng.standard_normal(d)


def moments(rows):
    return rows.mean(0), np.cov(rows.T)


def test_closed_forms():
    assert frechet_distance(np.zeros(3), np.eye(3), np.ones(3), 4 * np.eye(3)) == pytest.approx(6, abs=1e-9)
    a, b = np.array([0.5, 2.0, 0.0]), np.array([3.0, 0.0, 0.0])
    diagonal = ((np.sqrt(a) - np.sqrt(b)) ** 2).sum()
    assert frechet_distance(np.zeros(3), np.diag(a), np.zeros(3), np.diag(b)) == pytest.approx(diagonal, abs=1e-12)


def test_commuting_covariances_in_a_rotated_basis():
    basis, _ = np.linalg.qr(stream(1, "basis").standard_normal((6, 6)))
    a, b = np.arange(1.0, 7), np.array([3.0, 0, 0, 2, 5, 1])
    got = frechet_distance(np.zeros(6), (basis * a) @ basis.T, np.zeros(6), (basis * b) @ basis.T)
    assert got == pytest.approx(((np.sqrt(a) - np.sqrt(b)) ** 2).sum(), abs=1e-10)


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), d=st.integers(1, 12))
def test_agrees_with_scipys_square_root(seed, d):
    mean_a, cov_a = moments(drawn(seed, d + 1, 80))
    mean_b, cov_b = moments(drawn(seed + 1, d + 1, 90))
    root = scipy.linalg.sqrtm(cov_a @ cov_b)
    expected = ((mean_a - mean_b) ** 2).sum() + np.trace(cov_a + cov_b - 2 * np.real(root))
    assert frechet_distance(mean_a, cov_a, mean_b, cov_b) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("d", [8, 300])
def test_identical_moments_are_at_no_distance(d):
    rows = drawn(2, d, 60)
    assert frechet_distance(*moments(rows), *moments(rows)) < 1e-8


@pytest.mark.slow
def test_identical_singular_moments_of_2048_features_are_at_no_distance():
    rows = stream(3, "wide").standard_normal((400, 2048)) * np.exp(-np.arange(2048) / 150)
    mean, cov = moments(rows)
    assert np.linalg.matrix_rank(rows - mean) < 400
    assert frechet_distance(mean, cov, mean, cov) < 1e-8


def test_singular_covariances_are_not_perturbed():
    thin = np.outer([1.0, 2.0, 2.0], [1.0, 2.0, 2.0])
    assert frechet_distance(np.zeros(3), thin, np.zeros(3), np.zeros((3, 3))) == pytest.approx(9, abs=1e-12)
    across = np.outer([2.0, -1.0, 0.0], [2.0, -1.0, 0.0])
    assert frechet_distance(np.zeros(3), thin, np.zeros(3), across) == pytest.approx(14, abs=1e-9)


def test_takes_tensors_and_lists():
    got = frechet_distance(torch.zeros(2), torch.eye(2), [0.0, 1.0], [[1.0, 0.0], [0.0, 1.0]])
    assert isinstance(got, float)
    assert got == pytest.approx(1)


@pytest.mark.parametrize(
    ("mean", "cov", "said"),
    [
        (np.zeros(2), np.eye(3), "2 x 2"),
        (np.zeros(3), np.eye(3), "dimension"),
        (np.array([0, np.nan]), np.eye(2), "not finite in rows 1"),
        (np.zeros(2), -np.eye(2), "below zero"),
        (np.zeros((2, 2)), np.eye(2), "1 axes"),
    ],
)
def test_refuses_what_is_no_gaussian(mean, cov, said):
    with pytest.raises(MetricError, match=said):
        frechet_distance(mean, cov, np.zeros(2), np.eye(2))


def test_transport_maps_carry_one_covariance_to_the_other():
    (mean_a, a), (mean_b, b) = moments(drawn(4, 6, 50)), moments(drawn(5, 6, 50))
    plan = transport(mean_a, a, mean_b, b)
    there, back = plan.root_a.T @ plan.root_a, plan.root_b.T @ plan.root_b
    np.testing.assert_allclose(there @ a @ there, b, rtol=1e-8, atol=1e-10)
    np.testing.assert_allclose(there @ back, np.eye(6), atol=1e-8)
    assert plan.value == pytest.approx(frechet_distance(mean_a, a, mean_b, b), rel=1e-12)


@pytest.mark.parametrize("side", ["a", "b"])
def test_influence_is_the_derivative_in_a_rows_weight(side):
    ours, theirs = drawn(6, 4, 40), drawn(7, 4, 40)
    rows = ours if side == "a" else theirs

    def value(weights):
        mean = weights @ rows
        about = rows - mean
        cov = (about * weights[:, None]).T @ about
        other = theirs if side == "a" else ours
        return frechet_distance(mean, cov, other.mean(0), np.cov(other.T, bias=True))

    even, step = np.full(40, 1 / 40), 1e-4
    plan = transport(ours.mean(0), np.cov(ours.T, bias=True), theirs.mean(0), np.cov(theirs.T, bias=True))
    offset, root = (plan.offset, plan.root_a) if side == "a" else (-plan.offset, plan.root_b)
    got = frechet_influence(rows, rows.mean(0), offset, root)
    for i in (0, 17, 39):
        more, less = (even * (1 - e) + e * np.eye(40)[i] for e in (step, -step))
        slope = (value(more) - value(less)) / (2 * step)
        assert got[i] - got.mean() == pytest.approx(slope, rel=1e-4, abs=1e-4)


def test_bias_predicts_the_excess_of_the_plug_in_distance():
    rng = stream(8, "bias")
    spread = np.diag([2.0, 1.0, 0.5, 0.2])
    a, b = np.eye(4), spread + 0.1
    root = np.linalg.cholesky(b)
    n, m, replicates = 100, 150, 1500
    values = np.empty(replicates)
    for i in range(replicates):
        ours, theirs = rng.standard_normal((n, 4)), rng.standard_normal((m, 4)) @ root.T
        values[i] = frechet_distance(*moments(ours), *moments(theirs))
    excess = values - frechet_distance(np.zeros(4), a, np.zeros(4), b)
    predicted = frechet_bias(a, n, b, m)
    assert abs(excess.mean() - predicted) < 4 * excess.std() / np.sqrt(replicates) + 0.02 * predicted
    assert excess.mean() > 20 * excess.std() / np.sqrt(replicates)


def test_bias_of_one_dimension_by_hand():
    # E sqrt(sample variance) is s (1 - 1 / (4 (n - 1))) to second order.
    expected = 4 / 11 + 9 / 21 + 6 / (2 * 10) + 6 / (2 * 20)
    assert frechet_bias([[4.0]], 11, [[9.0]], 21) == pytest.approx(expected)
    with pytest.raises(MetricError, match="n_a must be a whole number of 2 or more"):
        frechet_bias([[4.0]], 1, [[9.0]], 21)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), d=st.integers(2, 40))
def test_the_quick_route_and_the_one_for_singular_moments_agree(seed, d):
    a, b = moments(drawn(seed, d, 4 * d + 10)), moments(drawn(seed + 1, d, 4 * d + 10))
    gaussians = [frechet._gaussian(*side, name) for side, name in ((a, "a"), (b, "b"))]
    slow, quick = frechet._singular_transport(*gaussians), frechet._definite_transport(*gaussians)
    assert frechet_distance(*a, *b) == pytest.approx(slow.value, rel=1e-8)
    if quick is not None:
        assert quick.value == pytest.approx(slow.value, rel=1e-8)
        for name in ("root_a", "root_b"):
            ours, theirs = getattr(quick, name), getattr(slow, name)
            np.testing.assert_allclose(ours.T @ ours, theirs.T @ theirs, rtol=1e-5, atol=1e-6 * (theirs**2).sum())


def test_the_quick_route_is_taken_where_it_is_exact_and_not_elsewhere():
    def quick(a, b):
        return frechet._definite_transport(frechet._gaussian(*a, "a"), frechet._gaussian(*b, "b")) is not None

    plain, other = moments(drawn(9, 50, 400)), moments(drawn(10, 50, 400))
    assert quick(plain, other)
    assert not quick(plain, plain)
    assert not quick(moments(drawn(9, 50, 40)), other)
    assert not quick(plain, moments(drawn(10, 50, 40)))


@pytest.mark.parametrize("d", [3, 40])
def test_a_generator_of_one_image_has_a_distance_and_an_interval(d):
    """Of a point from a Gaussian: the squared distance of the means and the trace of the other covariance."""
    metric = frechet_metric.FrechetDistance(column="features")
    real = torch.from_numpy(stream(0, "collapse").standard_normal((500, d)))
    states = [
        metric.update(metric.empty(), {"index": torch.arange(len(rows)), "features": rows.float()})
        for rows in (torch.ones(60, d), real)
    ]
    estimate = metric.compute(*states)["fd"]
    rows = real.float().double().numpy()
    wanted = ((rows.mean(0) - 1) ** 2).sum() + np.trace(np.cov(rows, rowvar=False))
    assert estimate.value == pytest.approx(wanted, rel=1e-6)
    assert estimate.variance == pytest.approx(0, abs=1e-12)
    assert estimate.ci95[0] < estimate.value < estimate.ci95[1]
