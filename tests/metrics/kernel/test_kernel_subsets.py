"""KID's subsets from float32 products against float64."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.streams import stream
from ganprobe.metrics.kernel.distance import projections
from ganprobe.metrics.kernel.subsets import KernelSubsets


def pooled(seed, n, d, move):
    """Non-negative, as pooled activations are, and far from zero beside its spread."""
    rng = stream(seed, "kernel subset test")
    mix = stream(0, "kernel subset mix").standard_normal((d, d)) / np.sqrt(d)
    return torch.from_numpy(np.maximum(rng.standard_normal((n, d)) @ mix * 0.4 + 0.4 + move, 0).astype(np.float32))


@pytest.mark.parametrize("move", [0.0, 0.02, 0.3])
def test_agrees_with_float64_to_a_millionth(move):
    ours, theirs = pooled(1, 900, 512, move), pooled(2, 800, 512, 0.0)
    subsets, values = KernelSubsets.of(ours, theirs), []
    for seed in range(4):
        rng = stream(seed, "kernel subset draw")
        a, b = (torch.from_numpy(rng.choice(n, 500, replace=False)) for n in (900, 800))
        got, wanted = subsets.projections(a, b), projections(ours[a], theirs[b])
        scatter = wanted.of_a.std() / np.sqrt(500)
        np.testing.assert_allclose(got.of_a, wanted.of_a, atol=1e-4 * scatter * np.sqrt(500))
        np.testing.assert_allclose(got.of_b, wanted.of_b, atol=1e-4 * scatter * np.sqrt(500))
        assert abs(got.value - wanted.value) < 1e-4 * scatter
        values.append((got.value, wanted.value))
    have, want = np.mean(values, 0)
    assert have == pytest.approx(want, rel=1e-6, abs=3e-10)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 40), m=st.integers(2, 40), shift=st.floats(-3, 3))
def test_subsets_of_unequal_sizes(seed, n, m, shift):
    rng = stream(seed, "kernel subset sizes")
    ours, theirs = (
        torch.from_numpy((rng.standard_normal((k, 6)) + move).astype(np.float32)) for k, move in ((50, shift), (45, 0))
    )
    a, b = torch.from_numpy(rng.permutation(50)[:n]), torch.from_numpy(rng.permutation(45)[:m])
    got, wanted = KernelSubsets.of(ours, theirs).projections(a, b), projections(ours[a], theirs[b])
    size = np.abs(wanted.of_a).max() + np.abs(wanted.of_b).max() + 1
    assert got.value == pytest.approx(wanted.value, abs=1e-5 * size)
    np.testing.assert_allclose(got.of_b, wanted.of_b, atol=1e-5 * size)


@pytest.mark.parametrize("scale", [1e4, 1e9, 1e15])
def test_large_features_do_not_overflow(scale):
    ours, theirs = scale * pooled(1, 60, 16, 0.1), scale * pooled(2, 60, 16, 0.0)
    every = torch.arange(60)
    got, wanted = KernelSubsets.of(ours, theirs).projections(every, every), projections(ours, theirs)
    assert got.value == pytest.approx(wanted.value, rel=1e-5)


def test_products_that_may_be_rounded_further_are_taken_in_float64():
    ours, theirs = pooled(1, 60, 16, 0.1), pooled(2, 60, 16, 0.0)
    every = torch.arange(60)
    try:
        torch.set_float32_matmul_precision("medium")
        got = KernelSubsets.of(ours, theirs).projections(every, every)
    finally:
        torch.set_float32_matmul_precision("highest")
    assert got.value == pytest.approx(projections(ours, theirs).value, rel=1e-6)
