"""The kernel distance against brute force, and known truths."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics import KernelDistance, arrays, kernel_distance, squared_mmd
from ganprobe.metrics.kernel.distance import projections, subset_distances


def brute_force(a, b):
    def kernel(x, y):
        return (x @ y.T / x.shape[1] + 1) ** 3

    n, m = len(a), len(b)
    aa, bb, ab = kernel(a, a), kernel(b, b), kernel(a, b)
    within = (aa.sum() - np.trace(aa)) / (n * (n - 1)) + (bb.sum() - np.trace(bb)) / (m * (m - 1))
    return within - 2 * ab.mean()


def pair(seed, n=40, m=55, d=5):
    rng = stream(seed, "kernel test")
    return rng.standard_normal((n, d)), rng.standard_normal((m, d)) * 1.2 + 0.3


@settings(max_examples=50, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 30), m=st.integers(2, 30))
def test_agrees_with_brute_force(seed, n, m):
    a, b = pair(seed, n, m)
    assert squared_mmd(a, b) == pytest.approx(brute_force(a, b), rel=1e-9, abs=1e-12)


def test_tiles_do_not_matter(monkeypatch):
    a, b = pair(1)
    whole = projections(a, b)
    monkeypatch.setattr(arrays, "TILE_BYTES", 4 * 8 * 3 * 55)
    tiled = projections(a, b)
    assert arrays.tile_rows(55) == 3
    assert tiled.value == pytest.approx(whole.value, rel=1e-10)
    np.testing.assert_allclose(tiled.of_b, whole.of_b, rtol=1e-10)


def test_estimates_the_true_mmd_without_bias():
    # For d = 1 the kernel is 1 + 3xy + 3x^2y^2 + x^3y^3, so that MMD^2 is a sum of squared differences of moments.
    rng = stream(2, "unbiased")
    values = [squared_mmd(rng.standard_normal((20, 1)), rng.standard_normal((20, 1)) + 0.5) for _ in range(1500)]
    truth = 3 * 0.5**2 + 3 * 0.25**2 + (0.5**3 + 3 * 0.5) ** 2
    assert abs(np.mean(values) - truth) < 4 * np.std(values) / np.sqrt(len(values))


def test_projections_are_the_jackknife_to_first_order():
    a, b = pair(3, 60, 60)
    got = projections(a, b)
    left_out = np.array([squared_mmd(np.delete(a, i, 0), b) for i in range(60)])
    jackknife = 59 * (left_out.mean() - left_out)
    ours = got.of_a - got.of_a.mean()
    np.testing.assert_allclose(ours, jackknife, rtol=0.05, atol=0.03 * np.abs(ours).max())


def test_subsets_are_reproducible_and_average_to_the_whole():
    a, b = pair(4, 120, 150)
    first, again = (subset_distances(a, b, subsets=400, subset_size=40, seed=5) for _ in range(2))
    assert (first == again).all()
    assert kernel_distance(a, b, 400, 40, 5) == first.mean()
    assert kernel_distance(a, b, 400, 40, 6) != first.mean()
    assert abs(first.mean() - squared_mmd(a, b)) < 4 * first.std() / np.sqrt(400)


def test_subsets_shrink_to_the_smaller_side():
    a, b = pair(5, 30, 30)
    assert kernel_distance(a, b, subsets=3) == pytest.approx(squared_mmd(a, b), rel=1e-9)


def test_takes_tensors():
    a, b = pair(6)
    assert squared_mmd(torch.from_numpy(a), b) == pytest.approx(squared_mmd(a, b))


def test_refuses_bad_input():
    a, b = pair(7)
    with pytest.raises(MetricError, match="same features"):
        squared_mmd(a, b[:, :3])
    with pytest.raises(MetricError, match="at least 2 rows"):
        squared_mmd(a[:1], b)
    with pytest.raises(MetricError, match="subsets must be a whole number of 1 or more"):
        kernel_distance(a, b, subsets=0)
    a[3, 1] = np.inf
    with pytest.raises(MetricError, match="rows 3"):
        squared_mmd(a, b)


def read(metric, a, b):
    ours, theirs = (
        metric.update(metric.empty(), {"index": torch.arange(len(rows)), "f": torch.from_numpy(rows)})
        for rows in (a, b)
    )
    return metric.compute(ours, theirs)["kd"]


def test_reference_terms_are_the_reference_sides_variance():
    a, b = pair(8)
    there, back = (read(KernelDistance(column="f"), *sides) for sides in ((a, b), (b, a)))
    terms = there.reference_terms
    assert ((terms - terms.mean()) ** 2).sum() == pytest.approx(back.variance, rel=1e-9)
    assert (there.n, back.n) == (len(a), len(b))


def test_the_choice_of_subsets_is_part_of_the_variance():
    a, b = pair(9, 200, 200)
    whole = read(KernelDistance(column="f"), a, b)
    few = read(KernelDistance(column="f", subsets=5, subset_size=20), a, b)
    values = np.array(
        [read(KernelDistance(column="f", subsets=5, subset_size=20, seed=s), a, b).value for s in range(200)]
    )
    excess = [
        read(KernelDistance(column="f", subsets=5, subset_size=20, seed=s), a, b).variance - whole.variance
        for s in range(20)
    ]
    assert few.variance > whole.variance
    assert np.mean(excess) == pytest.approx(values.var(ddof=1), rel=0.4)
