"""Boundaries: scikit-learn as oracle, planted normals, InterFaceGAN's published projections."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import SVC, LinearSVC

from ganprobe.core.errors import MetricError
from ganprobe.directions import fit_boundary, project_boundary
from ganprobe.directions.methods.boundary import SvmLoss

PUBLISHED = Path(__file__).resolve().parents[4] / "shared" / "data" / "interfacegan-boundaries"


def _classes(n: int, d: int, *, overlap: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    normal = rng.standard_normal(d)
    normal /= np.linalg.norm(normal)
    latents = rng.standard_normal((n, d))
    labels = latents @ normal + 0.3 + overlap * rng.standard_normal(n) > 0
    return latents, labels, normal


def test_boundary_is_scaled_to_distances() -> None:
    x, labels, _ = _classes(500, 8, overlap=0.4)
    boundary = fit_boundary(x, labels)
    machine = LinearSVC(dual=False, tol=1e-10, max_iter=100_000).fit(x, labels)
    length = np.linalg.norm(machine.coef_)
    assert np.linalg.norm(boundary.normal) == pytest.approx(1, abs=1e-12)
    np.testing.assert_allclose(boundary.distance(x), machine.decision_function(x) / length, atol=1e-5)
    assert boundary.accuracy == pytest.approx(machine.score(x, labels))
    assert boundary.n == 500


@pytest.mark.parametrize(("overlap", "seed"), [(0.0, 1), (0.5, 2), (2.0, 3)])
def test_a_planted_normal_comes_back(overlap: float, seed: int) -> None:
    x, labels, normal = _classes(8000, 24, overlap=overlap, seed=seed)
    assert fit_boundary(x, labels).normal @ normal > 0.98


def test_more_dimensions_than_latents() -> None:
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((20, 100)), np.arange(20) % 2
    boundary = fit_boundary(x, y)
    assert boundary.accuracy == 1.0
    assert np.isfinite(boundary.normal).all()


@pytest.mark.parametrize("loss", ["squared_hinge", "hinge"])
@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_scales_far_from_one_settle(scale: float, loss: SvmLoss) -> None:
    x, labels, normal = _classes(2000, 10, overlap=0.2)
    assert fit_boundary(x * scale, labels, loss=loss).normal @ normal > 0.95


def test_the_hinge_is_that_of_svc() -> None:
    x, labels, _ = _classes(500, 8, overlap=0.4)
    boundary = fit_boundary(x, labels, loss="hinge")
    machine = SVC(kernel="linear", tol=1e-8).fit(x, labels)
    length = np.linalg.norm(machine.coef_)
    np.testing.assert_allclose(boundary.distance(x), machine.decision_function(x) / length, atol=1e-3)
    assert boundary.accuracy == pytest.approx(machine.score(x, labels), abs=0.003)


def test_another_loss_is_refused() -> None:
    with pytest.raises(MetricError, match="'logistic'"):
        fit_boundary(np.array([[-1.0], [1.0]]), [0, 1], loss="logistic")


def test_labels_of_any_two_values_and_tensors() -> None:
    x, labels, _ = _classes(200, 5, overlap=0.3)
    expected = fit_boundary(x, labels).normal
    for same in (labels.astype(int), np.where(labels, 1, -1), torch.from_numpy(labels), labels.tolist()):
        np.testing.assert_array_equal(fit_boundary(x, same).normal, expected)
    np.testing.assert_allclose(fit_boundary(torch.from_numpy(x), ~labels).normal, -expected, atol=1e-9)


@pytest.mark.parametrize(
    ("latents", "labels", "said"),
    [
        (np.ones((4, 2)), [1, 1, 1, 1], "two classes"),
        (np.ones((4, 2)), [0, 1, 2, 1], "two classes"),
        (np.ones((4, 2)), [0, 1, 1], "shape"),
        (np.ones((4, 2)), [0.0, 1.0, np.nan, 1.0], "finite"),
        (np.ones(4), [0, 1, 0, 1], "axes"),
        (np.full((4, 2), np.inf), [0, 1, 0, 1], "finite"),
        (np.zeros((4, 2)), [0, 1, 0, 1], "same for both"),
    ],
)
def test_what_cannot_be_fitted_is_refused(latents: np.ndarray, labels: list[float], said: str) -> None:
    with pytest.raises(MetricError, match=said):
        fit_boundary(latents, labels)


def test_distance_of_another_width_is_refused() -> None:
    boundary = fit_boundary(np.array([[-1.0, 0.0], [1.0, 0.0]]), [0, 1])
    with pytest.raises(MetricError, match="2 columns"):
        boundary.distance(np.ones((3, 5)))


def _published(name: str) -> np.ndarray:
    path = PUBLISHED / f"pggan_celebahq_{name}_boundary.npy"
    if not path.is_file():
        pytest.skip(f"needs {path}")
    return np.load(path, allow_pickle=False)


@pytest.mark.parametrize(
    ("name", "conditions"),
    [
        ("age_c_gender", ["gender"]),
        ("age_c_eyeglasses", ["eyeglasses"]),
        ("age_c_gender_eyeglasses", ["gender", "eyeglasses"]),
    ],
)
def test_published_projections_come_out(name: str, conditions: list[str]) -> None:
    got = project_boundary(_published("age"), *(_published(condition) for condition in conditions))
    assert got.shape == (1, 512)
    np.testing.assert_allclose(got, _published(name), atol=1e-6)


vectors = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).standard_normal((5, 9)))


@settings(max_examples=40, deadline=None)
@given(vectors, st.integers(0, 4))
def test_projection_is_orthogonal_unit_and_nearest(rows: np.ndarray, count: int) -> None:
    primal, conditions = rows[0], list(rows[1 : 1 + count])
    got = project_boundary(primal, *conditions)
    assert np.linalg.norm(got) == pytest.approx(1)
    if conditions:
        assert np.abs(np.stack(conditions) @ got).max() < 1e-12
        stacked = np.stack(conditions, axis=1)
        rest = primal - stacked @ np.linalg.lstsq(stacked, primal, rcond=None)[0]
        np.testing.assert_allclose(got, rest / np.linalg.norm(rest), atol=1e-10)
    again = project_boundary(primal, *reversed([condition * 7 for condition in conditions]), *conditions)
    np.testing.assert_allclose(again, got, atol=1e-10)


def test_shape_kind_and_precision_of_the_primal_are_kept() -> None:
    primal = torch.randn(1, 6, generator=torch.Generator().manual_seed(0))
    condition = torch.randn(6, generator=torch.Generator().manual_seed(1))
    got = project_boundary(primal, condition)
    assert isinstance(got, torch.Tensor)
    assert got.shape == (1, 6)
    assert got.dtype == torch.float32
    plain = project_boundary(primal.numpy(), condition.numpy())
    assert plain.dtype == np.float32
    np.testing.assert_array_equal(plain, got.numpy())
    assert project_boundary(np.array([3, 4]), np.array([1, 0])).tolist() == [0.0, 1.0]


@pytest.mark.parametrize(
    ("primal", "conditions", "said"),
    [
        ([1.0, 2.0], [[2.0, 4.0]], "span"),
        ([1.0, 1.0], [[1.0, 0.0], [0.0, 3.0]], "span"),
        ([1.0, 1.0], [[1.0, 0.0, 0.0]], "3 numbers"),
        ([0.0, 0.0], [[1.0, 0.0]], "zero"),
        ([1.0, 0.0], [[0.0, 0.0]], "zero"),
        ([1.0, np.nan], [[1.0, 0.0]], "finite"),
        ([1.0, 0.0], [[np.inf, 0.0]], "finite"),
        ([], [], "non-empty"),
    ],
)
def test_what_cannot_be_projected_is_refused(primal: list[float], conditions: list[list[float]], said: str) -> None:
    with pytest.raises(MetricError, match=said):
        project_boundary(np.array(primal), *map(np.array, conditions))


def test_rounded_float32_conditions_still_span() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((2, 512)).astype(np.float32)
    with pytest.raises(MetricError, match="span"):
        project_boundary((a + b) / np.linalg.norm(a + b), a, b)
