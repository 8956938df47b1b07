"""DCI and the lasso under it: disentanglement_lib's formulas, scikit-learn's lasso, planted truths, noise."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import ortho_group
from sklearn.linear_model import Lasso

from ganprobe.core.errors import MetricError
from ganprobe.metrics.disentanglement.dci import (
    completeness_scores,
    dci,
    dci_of_moments,
    disentanglement_scores,
    weighted_score,
)
from ganprobe.metrics.disentanglement.lasso import CrossMoments, cross_validated_lasso, group_moments

EXPECTED = Path(__file__).parent / "disentanglement_lib" / "expected.npz"
RNG = np.random.default_rng(3)
LATENTS = RNG.standard_normal((4000, 10))


def test_scores_of_importances_are_disentanglement_libs():
    with np.load(EXPECTED, allow_pickle=False) as expected:
        table = expected["importances"]
        # A latent without importance has none to share out: 0 by both, to rounding.
        np.testing.assert_allclose(disentanglement_scores(table), expected["per_code"], atol=1e-12)
        np.testing.assert_allclose(completeness_scores(table), expected["per_factor"], atol=1e-12)
        whole = [
            weighted_score(disentanglement_scores(table), table.sum(1)),
            weighted_score(completeness_scores(table), table.sum(0)),
        ]
        np.testing.assert_allclose(whole, expected["dc"], atol=1e-12)


def test_no_importance_at_all_is_no_disentanglement():
    none = np.zeros((5, 3))
    assert weighted_score(disentanglement_scores(none), none.sum(1)) == 0
    assert disentanglement_scores(np.diag([1.0, 0.0, 1.0])).tolist() == pytest.approx([1, 0, 1], abs=1e-8)


def test_lasso_is_scikit_learns_at_the_chosen_penalty():
    x = LATENTS @ np.linalg.qr(RNG.standard_normal((10, 10)))[0] * np.arange(1, 11) + 3
    y = x[:, :3] @ RNG.standard_normal((3, 2)) + RNG.standard_normal((4000, 2)) + 5
    found = cross_validated_lasso(group_moments(x, y, groups=5), features=10)
    xs, ys = (x - x.mean(0)) / x.std(0), (y - y.mean(0)) / y.std(0)
    largest = np.abs(xs.T @ ys / len(xs)).max(0)
    for column in range(2):
        machine = Lasso(alpha=found.penalties[column] * largest[column], fit_intercept=False, tol=1e-12)
        np.testing.assert_allclose(found.weights[:, column], machine.fit(xs, ys[:, column]).coef_, atol=1e-3)


def test_held_out_error_is_that_of_the_left_out_samples():
    x, y = LATENTS[:, :4], LATENTS[:, :4] @ RNG.standard_normal((4, 2)) + RNG.standard_normal((4000, 2))
    found = cross_validated_lasso(group_moments(x, y, groups=4), features=4)
    squares = np.empty((4000, 2))
    for fold in range(4):
        test = np.arange(4000) // 1000 == fold
        train_x, train_y = x[~test], y[~test]
        standard = (x[test] - train_x.mean(0)) / train_x.std(0)
        said = train_y.mean(0) + standard @ found.left_out[fold] * train_y.std(0)
        squares[test] = (y[test] - said) ** 2
        expected = 1 - squares[test].mean(0) / y.var(0)
        np.testing.assert_allclose(found.fold_r_squared[fold], expected, atol=1e-9)
    np.testing.assert_allclose(found.r_squared, found.fold_r_squared.mean(0), atol=1e-9)
    about = (y - y.mean(0)) ** 2
    for fold in range(4):
        others = np.arange(4000) // 1000 != fold
        expected = 1 - squares[others].sum(0) / about[others].sum(0)
        np.testing.assert_allclose(found.left_out_r_squared[fold], expected, atol=1e-9)


def test_the_share_that_is_predicted_varies_as_a_squared_correlation_does():
    """The jackknife leaves out a group's variance with its errors: 2 r (1 - r^2) / sqrt(n), where little is shrunk."""
    n, rng, share, found = 6000, np.random.default_rng(8), 0.9, []
    for _ in range(12):
        x = rng.standard_normal((n, 1))
        y = np.sqrt(share) * x + np.sqrt(1 - share) * rng.standard_normal((n, 1))
        found.append(39 * cross_validated_lasso(group_moments(x, y, groups=40), features=1).left_out_r_squared.var())
    expected = 2 * np.sqrt(share) * (1 - share) / np.sqrt(n)
    assert np.sqrt(np.mean(found)) == pytest.approx(expected, rel=0.15)


@pytest.mark.parametrize("importances", ["lasso", "trees"])
def test_a_permutation_is_disentangled_and_a_rotation_is_not(importances):
    rows = LATENTS[: 4000 if importances == "lasso" else 600]
    permuted = dci(rows, rows[:, RNG.permutation(10)[:4]] * [1, -2, 3, 0.1], importances=importances)
    turned = dci(rows, rows @ ortho_group.rvs(10, random_state=0)[:, :4], importances=importances)
    assert permuted.disentanglement > 0.97
    assert permuted.completeness > 0.97
    assert permuted.informativeness > 0.97
    assert turned.disentanglement < 0.4
    assert turned.completeness < 0.4
    if importances == "lasso":
        # Shares of absolute normal numbers: an entropy of about 0.84 of its greatest with four factors.
        assert turned.disentanglement == pytest.approx(0.2, abs=0.12)
        assert turned.informativeness > 0.99


def test_every_factor_counts():
    """Not the first two alone."""
    factors = np.column_stack([LATENTS[:, 0], LATENTS[:, 1], LATENTS @ np.ones(10), LATENTS @ np.ones(10)])
    assert dci(LATENTS, factors[:, :2]).disentanglement > 0.99
    assert dci(LATENTS, factors).disentanglement < 0.7


def test_linear_functions_of_latents_need_no_moments_of_their_own():
    """More of them than latents, on other scales, some of them nothing."""
    rng = np.random.default_rng(8)
    loading = rng.standard_normal((15, 6)) * rng.lognormal(0, 1, (15, 1))
    loading[4] = 0
    x = LATENTS[:, :6] * [1, 2, 0.1, 1, 1, 5] + 1
    y = x @ rng.standard_normal((6, 3)) + rng.standard_normal((4000, 3))
    direct = dci(x @ loading.T + 7, y)
    turned = dci_of_moments(group_moments(x, y, groups=10), latents=6, loading=loading)
    np.testing.assert_allclose(turned.importances, direct.importances, atol=2e-3)
    np.testing.assert_allclose(turned.r_squared, direct.r_squared, atol=1e-4)
    np.testing.assert_allclose(turned.left_out, direct.left_out, atol=5e-3)


def test_noise_has_no_importances():
    found = dci(LATENTS, RNG.standard_normal((4000, 5)))
    assert found.disentanglement < 0.3
    assert abs(found.informativeness) < 0.01


def test_variances_are_those_of_new_samples():
    """Of repeated draws; with the penalties as they are, disentanglement's deviation came out at 0.6 of it."""
    mix = np.random.default_rng(5).standard_normal((12, 3)) / 4
    values, variances = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        x = rng.standard_normal((500, 12))
        found = dci(x, x @ mix + rng.standard_normal((500, 3)) * [0.3, 1, 2])
        values.append([found.disentanglement, found.completeness, found.informativeness])
        variances.append(found.variances)
        assert (found.variances > 9 * found.left_out.var(0)).all()
    ratio = np.sqrt(np.mean(variances, 0)) / np.std(values, 0, ddof=1)
    assert (ratio > 0.75).all(), ratio
    assert (ratio < 1.8).all(), ratio


@given(st.integers(1, 3), st.integers(0, 5))
def test_moments_add_and_subtract(cut, seed):
    rng = np.random.default_rng(seed)
    x, y = rng.standard_normal((9, 2)), rng.standard_normal((9, 1))
    a, b, whole = CrossMoments.of(x[:cut], y[:cut]), CrossMoments.of(x[cut:], y[cut:]), CrossMoments.of(x, y)
    np.testing.assert_allclose((a + b).outer, whole.outer, atol=1e-12)
    np.testing.assert_allclose((whole - b).total, a.total, atol=1e-12)
    np.testing.assert_allclose(whole.covariance, np.cov(np.c_[x, y].T, ddof=0), atol=1e-12)


@pytest.mark.parametrize(
    ("latents", "factors", "said"),
    [
        (LATENTS, np.ones((4000, 2)), "never change"),
        (LATENTS, LATENTS[:100, :2], "as many rows"),
        (LATENTS[:10], LATENTS[:10, :2], "at least two for each"),
        (LATENTS, LATENTS[:, :1], "two factors"),
        (LATENTS[:, :1], LATENTS[:, :2], "two latents"),
        (LATENTS, np.where(LATENTS > 3, np.nan, LATENTS)[:, :2], "not finite"),
        (LATENTS[0], LATENTS[:, :2], "2 axes"),
    ],
)
def test_bad_tables_are_refused(latents, factors, said):
    with pytest.raises(MetricError, match=said):
        dci(latents, factors)


def test_negative_importances_are_refused():
    with pytest.raises(MetricError, match="negative"):
        disentanglement_scores([[1.0, -1.0], [0.0, 1.0]])


def test_constant_latents_have_no_importance():
    x = np.column_stack([LATENTS[:, :2], np.ones(4000)])
    found = dci_of_moments(group_moments(x, LATENTS[:, :2], groups=5), latents=3)
    assert (found.importances[2] == 0).all()
    assert found.disentanglement > 0.99
