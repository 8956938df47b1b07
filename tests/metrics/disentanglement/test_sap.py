"""The SAP score: disentanglement_lib's matrices, LinearSVC, planted truths, noise."""

from pathlib import Path

import numpy as np
import pytest
from scipy.stats import ortho_group
from sklearn.svm import LinearSVC

from ganprobe.core.errors import MetricError
from ganprobe.metrics.disentanglement.sap import one_latent_machines, separated_predictability

EXPECTED = Path(__file__).parent / "disentanglement_lib" / "expected.npz"
RNG = np.random.default_rng(5)
LATENTS = RNG.standard_normal((6000, 6))


def test_continuous_scores_are_disentanglement_libs():
    with np.load(EXPECTED, allow_pickle=False) as expected:
        found = separated_predictability(expected["latents"], expected["factors"])
        np.testing.assert_allclose(found.scores, expected["sap_continuous"], atol=1e-9)
        assert found.value == pytest.approx(expected["sap_gaps"][0], abs=1e-9)


def test_binary_scores_are_disentanglement_libs():
    with np.load(EXPECTED, allow_pickle=False) as expected:
        found = separated_predictability(expected["latents"], expected["factors"], continuous=[False] * 3)
        np.testing.assert_allclose(found.scores, expected["sap_binary"], atol=1e-9)
        assert found.value == pytest.approx(expected["sap_gaps"][1], abs=1e-9)


@pytest.mark.parametrize("share", [0.5, 0.05])
@pytest.mark.parametrize("c", [0.01, 1.0])
def test_machines_are_linear_svcs(share, c):
    x = RNG.standard_normal((400, 4)) * [1, 3, 0.1, 1] + [0, 1, 0, 5]
    positive = x[:, 0] + RNG.standard_normal(400) > np.quantile(x[:, 0], 1 - share)
    found = one_latent_machines(x, positive, c=c)
    for column in range(4):
        machine = LinearSVC(C=c, class_weight="balanced", dual=False, tol=1e-12, max_iter=10_000)
        machine.fit(x[:, [column]], positive)
        np.testing.assert_allclose(found[column], [machine.coef_[0, 0], machine.intercept_[0]], rtol=1e-4, atol=1e-5)


def test_a_permutation_has_a_gap_and_a_rotation_has_little():
    permuted = separated_predictability(LATENTS, LATENTS[:, [4, 1, 0]], continuous=[True, False, True])
    turned = separated_predictability(LATENTS, LATENTS @ ortho_group.rvs(6, random_state=1)[:, :3])
    assert permuted.gaps == pytest.approx([1, 0.5, 1], abs=0.05)
    assert turned.value < 0.35


def test_noise_has_no_gap():
    found = separated_predictability(LATENTS, RNG.standard_normal((6000, 4)), continuous=[True, False] * 2)
    assert found.value < 0.02
    assert found.scores[:, [1, 3]] == pytest.approx(0.5, abs=0.05)


def test_left_out_groups_spread_as_new_samples_do():
    mix = np.array([[1, 0.3], [0.4, 1]])
    values, errors = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((1500, 2))
        found = separated_predictability(x, x @ mix + rng.standard_normal((1500, 2)), continuous=[True, False])
        values.append(found.value)
        errors.append(np.sqrt(19 * found.left_out.mean(1).var()))
    assert 0.6 < np.mean(errors) / np.std(values) < 1.8


@pytest.mark.parametrize(
    ("attributes", "continuous", "said"),
    [
        (np.ones((6000, 2)), None, "factors 0, 1 never change"),
        (np.abs(LATENTS), [False] * 6, "one class alone"),
        (LATENTS[:100], None, "were expected"),
        (LATENTS, [True], "1 kinds"),
        (np.where(LATENTS > 3, np.nan, LATENTS), None, "not finite"),
    ],
)
def test_bad_tables_are_refused(attributes, continuous, said):
    with pytest.raises(MetricError, match=said):
        separated_predictability(LATENTS, attributes, continuous=continuous)
