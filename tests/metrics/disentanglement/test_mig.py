"""The mutual information gap: disentanglement_lib's numbers, known information, planted truths, noise."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ortho_group
from sklearn.metrics import mutual_info_score

from ganprobe.core.errors import MetricError
from ganprobe.metrics.disentanglement.mig import discretised, mutual_information, mutual_information_gap

EXPECTED = Path(__file__).parent / "disentanglement_lib" / "expected.npz"
RNG = np.random.default_rng(4)
LATENTS = RNG.standard_normal((6000, 6))


def test_numbers_are_disentanglement_libs():
    with np.load(EXPECTED, allow_pickle=False) as expected:
        latents, factors = expected["latents"], expected["factors"]
        found = mutual_information_gap(latents, factors)
        by_bin = mutual_information_gap(latents, discretised(factors))
        np.testing.assert_array_equal(found.gaps, by_bin.gaps)
        np.testing.assert_allclose(found.information, expected["information"], atol=1e-12)
        np.testing.assert_allclose(found.entropies, expected["entropy"], atol=1e-12)
        assert found.value == pytest.approx(float(expected["mig"]), abs=1e-12)


@settings(deadline=None)
@given(st.integers(0, 2**31))
def test_information_is_scikit_learns(seed):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 4, 50), rng.integers(0, 3, 50)
    counts = np.bincount(a * 3 + b, minlength=12).reshape(4, 3)
    assert float(mutual_information(counts)) == pytest.approx(mutual_info_score(a, b), abs=1e-12)


def test_bins_are_of_equal_width():
    values = RNG.uniform(-3, 5, (500, 2))
    expected = [np.digitize(column, np.histogram(column, 20)[1][:-1]) - 1 for column in values.T]
    np.testing.assert_array_equal(discretised(values), np.stack(expected, axis=1))
    assert (discretised(np.ones((5, 1))) == discretised(np.ones((5, 1)))[0]).all()


def test_a_permutation_has_a_gap_and_a_rotation_has_little():
    permuted = mutual_information_gap(LATENTS, LATENTS[:, [4, 1, 0]])
    turned = mutual_information_gap(LATENTS, LATENTS @ ortho_group.rvs(6, random_state=1)[:, :3])
    assert permuted.value > 0.95
    assert turned.value < 0.3


def test_noise_has_no_gap():
    assert mutual_information_gap(LATENTS, RNG.standard_normal((6000, 3))).value < 0.01


def test_a_binary_factor_that_a_latent_decides_has_the_gap_of_its_bins():
    found = mutual_information_gap(LATENTS, LATENTS[:, [2]] > 0)
    assert 0.8 < found.value <= 1
    assert found.entropies[0] == pytest.approx(np.log(2), abs=1e-3)


def test_halves_spread_as_new_samples_do():
    mix = np.array([[1, 0.3], [0.4, 1]])
    values, errors = [], []
    for seed in range(40):
        x = np.random.default_rng(seed).standard_normal((2000, 2))
        found = mutual_information_gap(x, x @ mix, seed=seed)
        values.append(found.value)
        errors.append(found.halves.mean(1).std(ddof=1))
    assert 0.6 < np.mean(errors) / np.std(values) < 1.8


@pytest.mark.parametrize(
    ("latents", "classes", "said"),
    [
        (LATENTS, np.ones((6000, 2), int), "factors 0, 1 never change"),
        (LATENTS, np.ones((10, 2), int), "were expected"),
        (LATENTS[:, :1], LATENTS[:, :2] > 0, "D >= 2"),
        (LATENTS[:5], LATENTS[:5] > 0, "40 samples"),
        (np.where(LATENTS > 3, np.inf, LATENTS), LATENTS > 0, "not finite"),
    ],
)
def test_bad_tables_are_refused(latents, classes, said):
    with pytest.raises(MetricError, match=said):
        mutual_information_gap(latents, classes)
