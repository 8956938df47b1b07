"""Authenticity: its definition by brute force, copies that must be caught, generators whose answer is known, and its
interval."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from ganprobe.core.errors import MetricError
from ganprobe.core.results import difference
from ganprobe.core.streams import stream
from ganprobe.metrics import METRICS, Authenticity, authenticity
from ganprobe.metrics.manifold.authenticity import read_authenticity
from ganprobe.metrics.neighbours.nearest import nearest, nearest_other

COLUMN = "embedded.features"


def rows(seed, n, d=6, *, spread=1.0):
    return (stream(seed, "authenticity test").standard_normal((n, d)) * spread).astype(np.float32)


def state_of(values, *, first=0):
    metric = Authenticity(column=COLUMN)
    columns = {"index": torch.arange(first, first + len(values)), COLUMN: torch.from_numpy(values)}
    return metric.update(metric.empty(), columns)


def read(fake, real, **first):
    return Authenticity(column=COLUMN).compute(state_of(fake, **first), state_of(real))["authenticity"]


def table_of(estimate, name):
    return next(table for table in estimate.tables if table.name == name)


def defined(real, fake):
    """Alaa et al. 2022, section 2.3, over all pairs of float64 distances."""
    own = cdist(real, real)
    np.fill_diagonal(own, np.inf)
    apart = cdist(fake, real)
    return (apart.min(1) > own.min(1)[apart.argmin(1)]).mean()


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 80), m=st.integers(1, 80), d=st.integers(1, 9))
def test_its_definition(seed, n, m, d):
    real, fake = rows(seed, n, d).astype(np.float64), rows(seed + 1, m, d).astype(np.float64)
    assert authenticity(real, fake) == pytest.approx(defined(real, fake), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 60), m=st.integers(0, 60), side=st.integers(1, 70))
def test_nearest_neighbours_at_every_tile_size(seed, n, m, side):
    real, fake = (torch.from_numpy(rows(seed + i, size).astype(np.float64)) for i, size in enumerate((n, m)))
    own = cdist(real, real)
    np.fill_diagonal(own, np.inf)
    apart = cdist(fake, real).reshape(m, n)
    for found, expected in ((nearest(fake, real, side=side), apart), (nearest_other(real, side=side), own)):
        assert found.index.tolist() == expected.argmin(1).tolist()
        np.testing.assert_allclose(found.distance, expected.min(1), rtol=1e-9)


def test_a_point_is_not_its_own_neighbour_and_a_copy_of_it_is():
    points = torch.tensor([[0.0], [0.0], [4.0]], dtype=torch.float64)
    found = nearest_other(points)
    assert found.index.tolist()[:2] == [1, 0]
    assert found.distance.tolist() == [0, 0, 4]
    with pytest.raises(MetricError, match="at least 2 points"):
        nearest_other(points[:1])


@pytest.mark.parametrize("noise", [0.0, 1e-3, 0.1])
def test_a_generator_that_copies_its_training_images_is_caught(noise):
    real = rows(0, 500)
    fake = real[:300] + noise * rows(1, 300)
    assert authenticity(real, fake) < 0.02
    assert authenticity(real, rows(2, 300)) > 0.4


def test_the_share_of_copies_is_the_share_that_is_missing():
    real, fresh = rows(0, 1000), rows(1, 1000)
    half = fresh.copy()
    half[::2] = real[::2] + 1e-3
    assert authenticity(real, half) == pytest.approx(authenticity(real, fresh) / 2, abs=0.03)


@pytest.mark.parametrize(("d", "known"), [(1, 1 / 3), (2, 1 - 0.6215)])
def test_fresh_samples_of_the_training_distribution(d, known):
    """1 less the probability that a point and its nearest neighbour are each other's: 2/3 on a line, 0.6215 in the
    plane (Schilling 1986, "Mutual and shared neighbor probabilities")."""
    rng = stream(1, "uniform")
    real, fake = rng.random((4000, d)), rng.random((4000, d))
    read_out = read_authenticity(real, fake)
    assert read_out.value == pytest.approx(known, abs=0.03)
    assert read_out.expected == pytest.approx(known, abs=0.03)


def test_what_new_images_would_have_is_told():
    """The note's figure is the mean over the reference's rows, each left out and taken for a generated one."""
    real = rows(3, 60)
    expected = np.mean([defined(np.delete(real, i, 0), real[i : i + 1]) for i in range(60)])
    estimate = read(rows(4, 50), real)
    assert estimate.notes == (f"new images of the reference's kind would have {expected:.3f}",)


def test_reference_images_that_occur_twice_are_no_evidence_of_newness():
    real = np.concatenate([rows(5, 30)] * 3)
    assert read_authenticity(real, real[:10]).expected == 0
    assert authenticity(real, rows(5, 30)) == 0


def test_the_nearest_pairs_are_named():
    real, fake = rows(6, 200), rows(7, 100)
    fake[40], fake[77] = real[150], real[3] + 1e-4
    estimate = read(fake, real, first=1000)
    pairs = table_of(estimate, "pairs")
    assert pairs.rows[:2] == ("sample 1040", "sample 1077")
    assert [values[0] for values in pairs.values[:2]] == [150, 3]
    assert pairs.values[0][1] == 0
    own = cdist(real, real)
    np.fill_diagonal(own, np.inf)
    assert pairs.values[0][2] == pytest.approx(own[150].min(), rel=1e-6)
    assert "1 generated images have a reference image's very features" in estimate.notes


def test_the_distances_of_both_sides_stand_side_by_side():
    real, fake = rows(8, 300), rows(9, 200, spread=0.1)
    table = table_of(read(fake, real), "distances")
    own = cdist(real, real)
    np.fill_diagonal(own, np.inf)
    expected = np.quantile(own.min(1), [0, 0.01, 0.05, 0.25, 0.5, 0.75, 0.95])
    np.testing.assert_allclose(table.values[1][:7], expected, rtol=1e-6)
    nearer = [(cdist(fake, real).min(1) < threshold).mean() for threshold in expected[1:3]]
    np.testing.assert_allclose(table.values[0][7:], nearer)
    np.testing.assert_allclose(table.values[1][7:], [0.01, 0.05], atol=1 / 300)


def test_few_rows_have_a_value_and_no_interval():
    estimate = read(rows(0, 10), rows(1, 31))
    assert estimate.ci95 is None
    assert 0 <= estimate.value <= 1
    assert read(rows(0, 10), rows(1, 32)).ci95 is not None


def test_at_its_ends_it_keeps_an_interval_inside_them():
    real = rows(0, 400)
    none, far = read(real[:200], real), read(rows(1, 200) + 50, real)
    assert (none.value, far.value) == (0, 1)
    assert none.ci95[0] == 0 < none.ci95[1] < 0.1
    assert 0.9 < far.ci95[0] < far.ci95[1] == 1


def test_the_difference_of_two_generators():
    real = rows(0, 400)
    copier, fresh = read(real[:200] + 1e-4, real), read(rows(1, 200), real)
    found = difference(fresh, copier)
    assert found.ci95[0] > 0.3


def test_which_state_it_shares_and_what_it_needs():
    assert METRICS["authenticity"].build().state_key == METRICS["kid@full"].build().state_key
    assert METRICS["authenticity@embedded"].build().needs == {"embedded.features"}
    assert METRICS["authenticity"].better == "higher"
