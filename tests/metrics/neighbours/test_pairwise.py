"""Distances by float32 products: their bound holds, and nobody sees that they were used."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics.neighbours import radii as neighbours
from ganprobe.metrics.neighbours.radii import ball_counts, knn_radii
from ganprobe.metrics.neighbours.squared_distances import (
    checked_points,
    clouds,
    exact_squares,
    lower_bounds,
    upper_bounds,
)


def drawn(seed, n, d, *, spread=1.0, shift=0.0):
    return (stream(seed, "pairwise test").standard_normal((n, d)) * spread + shift).astype(np.float32)


def counts_written_out(real, fake, k, closed):
    def radii(rows):
        squares = cdist(rows, rows, "sqeuclidean")
        np.fill_diagonal(squares, np.inf)
        return np.sort(squares, 1)[:, k - 1]

    real, fake = real.astype(np.float64), fake.astype(np.float64)
    squares, within = cdist(real, fake, "sqeuclidean"), np.less_equal if closed else np.less
    in_real, in_fake = within(squares, radii(real)[:, None]), within(squares, radii(fake)[None])
    return in_real.sum(0), in_fake.sum(1), in_real.sum(1)


@settings(max_examples=30, deadline=None)
@given(
    seed=st.integers(0, 10**6), d=st.sampled_from([1, 7, 300]), shift=st.floats(-1e4, 1e4), size=st.floats(1e-12, 1e12)
)
def test_true_distances_lie_within_the_bounds(seed, d, shift, size):
    ours, theirs = (torch.from_numpy(drawn(seed + i, 20, d, spread=size, shift=shift * size)) for i in (0, 1))
    a, b = clouds(ours, theirs)
    lower = lower_bounds(a, b, a.moved(), b.moved())
    upper = upper_bounds(lower, a.norms[:, None] + b.norms[None], a.tolerance)
    true = torch.from_numpy(cdist(ours.double(), theirs.double(), "sqeuclidean")) * a.scale**2
    assert (lower.double() <= true).all()
    assert (true <= upper).all()
    assert lower.dtype == torch.float32


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), k=st.integers(1, 6), closed=st.booleans(), d=st.sampled_from([2, 64]))
def test_counts_of_float32_rows_are_those_of_float64(seed, k, closed, d):
    real, fake = drawn(seed, 150, d, shift=3.0), drawn(seed + 1, 130, d, spread=0.9, shift=3.1)
    got = ball_counts(real, fake, k, closed=closed, side=64)
    wanted = counts_written_out(real, fake, k, closed)
    for have, want in zip(
        (got.real_balls_at_fake, got.fake_balls_at_real, got.fakes_in_real_ball), wanted, strict=True
    ):
        np.testing.assert_array_equal(have, want)


@pytest.mark.parametrize("spread", [1e-3, 1e-5])
def test_tight_clusters_far_apart_are_resolved(spread):
    """Where all distances within a cluster are below what float32 products can tell, float64 has to."""
    places = drawn(0, 4, 512, spread=10.0)
    real, fake = (np.repeat(places, 40, 0) + drawn(seed, 160, 512, spread=spread) for seed in (1, 2))
    radii = knn_radii(torch.from_numpy(real), 3, side=64)
    squares = cdist(real.astype(np.float64), real.astype(np.float64), "sqeuclidean")
    np.fill_diagonal(squares, np.inf)
    np.testing.assert_allclose(radii, np.sort(squares, 1)[:, 2], rtol=1e-9)
    got = ball_counts(real, fake, 3, closed=True, side=64)
    wanted = counts_written_out(real, fake, 3, True)
    np.testing.assert_array_equal(got.real_balls_at_fake, wanted[0])
    np.testing.assert_array_equal(got.fake_balls_at_real, wanted[1])


def test_float64_is_taken_where_few_candidates_decide_nothing(monkeypatch):
    rows = torch.from_numpy(drawn(3, 200, 256, spread=1e-4, shift=0.0))
    rows[0] += 100
    asked = []
    whole = neighbours.nearest_candidates
    monkeypatch.setattr(neighbours, "nearest_candidates", lambda *a, **b: asked.append(a[0].dtype) or whole(*a, **b))
    knn_radii(rows, 3)
    assert asked == [torch.float32, torch.float64]


def test_groups_of_columns_hide_no_neighbour():
    rows = torch.from_numpy(drawn(4, 3000, 8))
    squares = torch.cdist(rows.double(), rows.double(), compute_mode="donot_use_mm_for_euclid_dist").square()
    wanted = squares.fill_diagonal_(torch.inf).kthvalue(4, 1).values
    torch.testing.assert_close(knn_radii(rows, 4, side=1024), wanted, rtol=1e-9, atol=0)


def test_copies_are_at_distance_zero_and_both_ways_are_one():
    rows = torch.from_numpy(drawn(5, 9, 2048, shift=100.0))
    first, second = torch.tensor([0, 1, 2, 8]), torch.tensor([0, 4, 2, 3])
    there, back = exact_squares(rows, rows, first, second), exact_squares(rows, rows, second, first)
    assert torch.equal(there, back)
    assert there[0] == there[2] == 0
    assert there[1] > 0


def test_products_that_may_be_rounded_further_are_not_trusted():
    try:
        torch.set_float32_matmul_precision("medium")
        (cloud,) = clouds(torch.from_numpy(drawn(6, 5, 4)))
    finally:
        torch.set_float32_matmul_precision("highest")
    assert cloud.dtype == torch.float64


def test_sides_of_different_types_meet_in_float64():
    reals, fakes = checked_points(drawn(7, 5, 4), drawn(8, 5, 4).astype(np.float64))
    assert reals.dtype == fakes.dtype == torch.float64
    reals, fakes = checked_points(drawn(7, 5, 4), torch.from_numpy(drawn(8, 5, 4)))
    assert reals.dtype == fakes.dtype == torch.float32


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_single_rows_that_are_not_finite_are_named(bad):
    rows = drawn(9, 6, 3)
    rows[4, 1] = bad
    with pytest.raises(MetricError, match="real holds values that are not finite in rows 4"):
        checked_points(rows, drawn(10, 6, 3))
