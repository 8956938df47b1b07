"""Precision, recall, density and coverage as metrics: their published formulas, generators whose answer is known, and
their intervals."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

from ganprobe.core.errors import MetricError
from ganprobe.core.results import difference, reference_variance
from ganprobe.core.streams import stream
from ganprobe.metrics import METRICS
from ganprobe.metrics.manifold.shares import read_share

SHARES = ("precision", "recall", "density", "coverage")


def read(name, real, fake):
    metric = METRICS[name].build()
    (column,) = metric.needs
    fakes, reals = (
        metric.update(
            metric.empty(), {"index": torch.arange(len(rows)), column: torch.from_numpy(rows.astype(np.float32))}
        )
        for rows in (fake, real)
    )
    return metric.compute(fakes, reals)[name]


def rows(seed, n, d=6, *, shift=0.0, spread=1.0):
    return (stream(seed, "share test").standard_normal((n, d)) * spread + shift).astype(np.float32)


def published(name, real, fake):
    """As the papers and the prdc package define them: a radius is the (k + 1)-th smallest distance, own distance
    included."""
    k = METRICS[name].protocol["k"]
    real, fake = real.astype(np.float64), fake.astype(np.float64)
    real_radii, fake_radii = (np.partition(cdist(x, x), k, 1)[:, k] for x in (real, fake))
    apart = cdist(real, fake)
    return {
        "precision": (apart <= real_radii[:, None]).any(0).mean(),
        "recall": (apart <= fake_radii[None]).any(1).mean(),
        "density": (apart < real_radii[:, None]).sum(0).mean() / k,
        "coverage": (apart.min(1) < real_radii).mean(),
    }[name.partition("@")[0]]


@pytest.mark.parametrize("name", [*SHARES, *(f"{share}@embedded" for share in SHARES)])
@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(6, 90), m=st.integers(6, 90), shift=st.floats(0, 2))
def test_the_published_formulas(name, seed, n, m, shift):
    real, fake = rows(seed, n), rows(seed + 1, m, shift=shift, spread=0.8)
    assert read(name, real, fake).value == pytest.approx(published(name, real, fake), abs=1e-12)


def test_a_collapsed_generator_is_precise_and_recalls_nothing():
    real, collapsed = rows(0, 400), rows(1, 400, spread=1e-3)
    found = {name: read(name, real, collapsed).value for name in SHARES}
    assert found["precision"] == 1
    assert found["recall"] <= 0.01
    assert found["coverage"] < 0.2
    turned = {name: read(name, collapsed, real).value for name in SHARES}
    assert turned["recall"] == 1
    assert turned["precision"] <= 0.01


def test_a_generator_of_noise_recalls_and_is_not_precise():
    real, wide = rows(0, 400), rows(1, 400, spread=4.0)
    assert read("recall", real, wide).value > 0.95
    assert read("precision", real, wide).value < 0.2
    assert read("density", real, wide).value < 0.2


def test_modes_that_are_left_out_are_missed_by_recall_and_coverage():
    real = np.concatenate([rows(0, 300), rows(1, 300, shift=20.0)])
    half = rows(2, 600)
    for name in ("recall", "coverage"):
        assert read(name, real, half).value == pytest.approx(0.5, abs=0.06)
    assert read("precision", real, half).value > 0.85


def test_shares_of_everything_and_of_nothing_keep_an_interval():
    real, collapsed = rows(0, 400), rows(1, 400, spread=1e-3)
    for name, end in (("precision", 1), ("recall", 0)):
        low, high = read(name, real, collapsed).ci95
        assert 0 <= low < high <= 1
        assert (high if end else low) == end


@pytest.mark.parametrize("name", SHARES)
def test_sides_of_unequal_size_are_noted(name):
    assert read(name, rows(0, 50), rows(1, 50)).notes == ()
    (note,) = read(name, rows(0, 60), rows(1, 50)).notes
    assert note.startswith("50 generated rows against 60 of the reference")


def test_few_rows_have_a_value_and_no_interval():
    estimate = read("precision", rows(0, 10), rows(1, 10))
    assert estimate.ci95 is None
    assert estimate.variance is None
    assert estimate.notes == ("no interval: it takes 32 rows on either side",)


def test_a_density_that_few_neighbourhoods_make_has_no_interval():
    found = read("density", rows(0, 150, d=100), rows(1, 100, d=100, spread=0.3))
    assert found.value > 10
    assert found.ci95 is None
    assert "above a density of 10" in found.notes[0]


def test_a_density_of_few_hits_has_no_interval():
    found = read("density", rows(0, 100), rows(1, 100, shift=50.0))
    assert (found.value, found.ci95) == (0.0, None)
    assert "0 neighbourhoods in all" in found.notes[0]
    assert read("precision", rows(0, 100), rows(1, 100, shift=50.0)).ci95 is not None


def test_rows_in_the_order_of_their_classes_make_no_groups_of_one_class():
    real = np.concatenate([rows(0, 200), rows(1, 200, shift=20.0)])
    fake = np.concatenate([rows(2, 200), rows(3, 200, shift=20.0)])
    mixed = stream(0, "mixing").permutation(400)
    a, b = read("density", real, fake), read("density", real[mixed], fake)
    assert a.value == pytest.approx(b.value, rel=1e-12)
    for estimate in (a, b):
        assert reference_variance(estimate.reference_terms) < 0.02


def test_the_difference_of_two_generators_leaves_out_what_the_reference_does_to_both():
    real, a, b = rows(0, 400), rows(1, 400, spread=0.8), rows(2, 400, spread=0.8)
    for name in SHARES:
        one, other = read(name, real, a), read(name, real, b)
        both = difference(one, other)
        alone = one.variance + other.variance
        shared = reference_variance(one.reference_terms) + reference_variance(other.reference_terms)
        assert alone < ((both.ci95[1] - both.ci95[0]) / 2 / 1.959963984540054) ** 2 < alone + shared


def test_which_state_they_share():
    assert METRICS["density"].build().state_key == METRICS["kid"].build().state_key
    assert METRICS["precision@embedded"].build().state_key == METRICS["fd"].build().state_key
    assert METRICS["precision"].build().state_key == METRICS["recall"].build().state_key
    assert METRICS["precision"].features == "vgg16"


def test_remembered_counts_are_of_these_rows():
    """Nothing of an earlier call is taken for another one."""
    real, fake = rows(0, 60), rows(1, 60)
    first = [read_share(share, real, fake, k=3, closed=True).value for share in SHARES]
    for k, closed in ((3, False), (5, True)):
        read_share("density", real, fake, k=k, closed=closed)
    moved = read_share("precision", real, fake + 50, k=3, closed=True).value
    assert moved == 0
    assert [read_share(share, real, fake, k=3, closed=True).value for share in SHARES] == first


def test_a_reference_of_moments_alone_has_no_manifold():
    metric = METRICS["density"].build()
    state = metric.update(metric.empty(), {"index": torch.arange(60), "inception.pool3": torch.from_numpy(rows(0, 60))})
    with pytest.raises(MetricError, match="reference side has moments alone"):
        metric.compute(state, state.thinned(0))
