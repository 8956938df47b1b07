"""The solver: liblinear and libsvm as oracles, certificates, batches against single fits, data that break solvers."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.svm import SVC, LinearSVC

from ganprobe.core.errors import MetricError
from ganprobe.directions.svm import batched as svm_batched
from ganprobe.directions.svm import hinge as svm_hinge
from ganprobe.directions.svm import machine as svm
from ganprobe.directions.svm import newton as svm_newton
from ganprobe.directions.svm.machine import fit_hinge, fit_squared_hinge
from ganprobe.directions.svm.newton import Loss, Machine

KINDS = {
    "separable": {"overlap": 0.0},
    "some overlap": {"overlap": 0.5},
    "much overlap": {"overlap": 5.0},
    "duplicates": {"overlap": 0.5, "copies": 4},
    "constant column": {"overlap": 0.5, "constant": 3.0},
    "more columns than rows": {"overlap": 0.5, "n": 30, "d": 80},
    "one against many": {"overlap": 0.2, "offset": -1.5},
    "far from the origin": {"overlap": 0.5, "shift": 20.0},
}


def _classes(
    n: int = 600,
    d: int = 20,
    *,
    overlap: float,
    copies: int = 1,
    constant: float | None = None,
    offset: float = 0.3,
    shift: float = 0.0,
    seed: int = 0,
) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d))
    normal = rng.standard_normal(d)
    y = np.where(x @ normal / np.linalg.norm(normal) + offset + overlap * rng.standard_normal(n) > 0, 1.0, -1.0)
    if constant is not None:
        x[:, 0] = constant
    return np.repeat(x + shift, copies, axis=0), np.repeat(y, copies)


def _objective(v: np.ndarray, x: np.ndarray, y: np.ndarray, *, power: int, c: float = 1.0, ridge: float = 1.0) -> float:
    slack = np.maximum(1 - y * (x @ v[:-1] + v[-1]), 0)
    return float(0.5 * v[:-1] @ v[:-1] + 0.5 * ridge * v[-1] ** 2 + c * (slack**power).sum())


def _theirs(machine: LinearSVC | SVC, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    machine.fit(x, y)
    return np.append(machine.coef_[0], machine.intercept_)


def _tensors(x: np.ndarray, y: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    return torch.from_numpy(x), torch.from_numpy(y)[None]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("c", [0.05, 1.0])
def test_squared_hinge_is_at_the_optimum_of_liblinear(kind: str, c: float) -> None:
    x, y = _classes(**KINDS[kind])
    ours = fit_squared_hinge(*_tensors(x, y), c=c)[0].numpy()
    theirs = _theirs(LinearSVC(dual=False, C=c, tol=1e-12, max_iter=100_000), x, y)
    assert _objective(ours, x, y, power=2, c=c) <= _objective(theirs, x, y, power=2, c=c) * (1 + 1e-10)
    np.testing.assert_allclose(ours, theirs, atol=2e-5)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "far from the origin"])
def test_hinge_is_at_the_optimum_of_libsvm(kind: str) -> None:
    x, y = _classes(**KINDS[kind])
    fit = fit_hinge(*_tensors(x, y))[0]
    theirs = _theirs(SVC(kernel="linear", tol=1e-9, cache_size=50), x, y)
    value = _objective(theirs, x, y, power=1, ridge=0.0)
    assert fit.primal <= value * (1 + 1e-6)
    assert fit.primal == pytest.approx(_objective(fit.weights.numpy(), x, y, power=1, ridge=0.0), rel=1e-12)
    assert fit.dual <= value * (1 + 1e-12)
    assert fit.gap <= 1e-6


@pytest.mark.parametrize("kind", ["separable", "some overlap", "much overlap", "constant column", "one against many"])
def test_hinge_with_penalised_intercept_is_at_the_optimum_of_liblinear(kind: str) -> None:
    x, y = _classes(200, 6, **KINDS[kind])
    fit = fit_hinge(*_tensors(x, y), penalise_intercept=True)[0]
    theirs = _theirs(LinearSVC(loss="hinge", tol=1e-8, max_iter=5_000_000, random_state=0), x, y)
    assert fit.primal == pytest.approx(_objective(theirs, x, y, power=1), rel=1e-6)
    assert fit.dual <= _objective(theirs, x, y, power=1)


def test_the_intercept_is_free_in_one_and_not_in_the_other() -> None:
    x, y = torch.tensor([[9.0], [11.0]]), torch.tensor([[-1, 1]])
    np.testing.assert_allclose(fit_hinge(x, y, c=100.0)[0].weights, [1, -10], atol=1e-4)
    assert fit_hinge(x, y, c=100.0, penalise_intercept=True)[0].primal > 5


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_scales_far_from_one_settle(scale: float) -> None:
    x, y = _classes(2000, 10, overlap=0.2)
    x = x * scale
    v = fit_squared_hinge(*_tensors(x, y))[0].numpy()
    slack = np.maximum(1 - y * (x @ v[:-1] + v[-1]), 0)
    rows = np.append(x, np.ones((2000, 1)), axis=1)
    assert np.abs(v - 2 * rows.T @ (y * slack)).max() <= 1e-7 * np.abs(2 * rows.T @ y).max()
    assert fit_hinge(*_tensors(x, y))[0].gap <= 1e-6


def _batch(n: int = 1500, d: int = 12, k: int = 7) -> tuple[torch.Tensor, torch.Tensor]:
    """Problems from separable to noise on half of the same rows each."""
    rng = np.random.default_rng(3)
    x = rng.standard_normal((n, d)).astype(np.float32)
    scores = x @ rng.standard_normal((d, k)) + np.geomspace(1e-3, 30, k) * rng.standard_normal((n, k))
    labels = np.sign(scores) * (np.abs(scores) > np.median(np.abs(scores), axis=0))
    return torch.from_numpy(x), torch.from_numpy(labels.T.astype(np.int8))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_a_batch_is_its_problems_fitted_singly(dtype: torch.dtype) -> None:
    x, labels = _batch()
    together = fit_squared_hinge(x.to(dtype), labels)
    assert together.dtype == torch.float64
    for y, v in zip(labels, together, strict=True):
        (alone,) = fit_squared_hinge([x[y != 0]], [y[y != 0]])
        np.testing.assert_allclose(v, alone, atol=1e-5)
        rows, signs = x[y != 0].double().numpy(), y[y != 0].numpy()
        least = _objective(alone.numpy(), rows, signs, power=2)
        assert _objective(v.numpy(), rows, signs, power=2) == pytest.approx(least, rel=1e-10)


@pytest.mark.parametrize("shape", ["tails", "large", "small", "twice the same", "one at a time"])
def test_a_batch_settles_where_the_shared_rows_mislead(shape: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, labels = _batch()
    x = x.double()
    if shape == "tails":
        monkeypatch.setattr(svm_batched, "_SLOW", 0)
        x = x * torch.linspace(-3, 3, 12).exp() * x[:, :1].exp()
    x = x * {"large": 1e3, "small": 1e-3}.get(shape, 1.0)
    x = torch.cat([x, x], dim=1) if shape == "twice the same" else x
    if shape == "one at a time":
        monkeypatch.setattr(svm, "_CELLS", 1)
    together = fit_squared_hinge(x, labels)
    for y, v in zip(labels, together, strict=True):
        rows, signs = x[y != 0], y[y != 0]
        (alone,) = fit_squared_hinge([rows], [signs])
        least = _objective(alone.numpy(), rows.numpy(), signs.numpy(), power=2)
        assert _objective(v.numpy(), rows.numpy(), signs.numpy(), power=2) == pytest.approx(least, rel=1e-9)


def test_rows_too_large_for_any_step_are_refused() -> None:
    x, labels = _batch()
    with pytest.raises(MetricError, match="scale of about 1"):
        fit_squared_hinge(x.double() * 1e60, labels)


def test_problems_that_bring_their_own_rows() -> None:
    data = [_classes(n, 8, overlap=0.5, seed=n) for n in (50, 300, 777)]
    xs, ys = ([torch.from_numpy(part) for part in parts] for parts in zip(*data, strict=True))
    for fits in (fit_squared_hinge(xs, ys), [fit.weights for fit in fit_hinge(xs, ys)]):
        assert len(fits) == 3
    for x, y, v in zip(xs, ys, fit_squared_hinge(xs, ys), strict=True):
        torch.testing.assert_close(v, fit_squared_hinge(x, y[None])[0], rtol=0, atol=0)


def test_the_same_data_give_the_same_answer() -> None:
    x, labels = _batch()
    torch.testing.assert_close(fit_squared_hinge(x, labels), fit_squared_hinge(x, labels), rtol=0, atol=0)
    first, again = fit_hinge(x, labels), fit_hinge(x, labels)
    assert all(torch.equal(a.weights, b.weights) and a.gap == b.gap for a, b in zip(first, again, strict=True))


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(2, 60), st.integers(1, 12), st.sampled_from([0.01, 1.0, 30.0]))
def test_certificates_hold_on_any_data(seed: int, n: int, d: int, c: float) -> None:
    """Weak duality and strong: no weights in reach lie below the bound, and the bound is met."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, d)).round(1)
    y = np.where(rng.random(n) < 0.4, 1.0, -1.0)
    y[:2] = -1, 1
    fit = fit_hinge(*_tensors(x, y), c=c)[0]
    assert 0 <= fit.primal - fit.dual + 1e-9 * fit.primal <= 1.1e-6 * fit.primal
    for size in (1e-4, 1e-2, 1.0):
        other = fit.weights.numpy() + size * rng.standard_normal(d + 1)
        assert _objective(other, x, y, power=1, c=c, ridge=0.0) >= fit.dual * (1 - 1e-12)


def test_rows_set_aside_come_back_where_they_matter() -> None:
    """From a start at the far side of the data, the rows that are near at first are not those that count."""
    x, y = _classes(3000, 4, overlap=0.1)
    rows = torch.from_numpy(np.append(x, np.ones((3000, 1)), axis=1) * y[:, None])
    machine = Machine(rows, torch.ones(5, dtype=torch.float64))
    loss = Loss(torch.zeros(3000, dtype=torch.float64), 0.05, 1.0)
    starts = torch.zeros(5, dtype=torch.float64), torch.full((5,), -30.0, dtype=torch.float64)
    ends = [machine.minimise(start, loss, tolerance=1e-12)[0] for start in starts]
    torch.testing.assert_close(*ends, rtol=1e-6, atol=1e-6)


def test_what_is_not_settled_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = _classes(overlap=0.5)
    monkeypatch.setattr(svm_newton, "MOST_STEPS", 1)
    with pytest.raises(MetricError, match="did not settle"):
        fit_squared_hinge(*_tensors(x, y))


def test_a_gap_that_stays_open_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = _classes(overlap=0.5)
    monkeypatch.setattr(svm_hinge, "_MOST_ROUNDINGS", 2)
    with pytest.raises(MetricError, match=r"within .* of its optimum, not 1e-06"):
        fit_hinge(*_tensors(x, y))


@pytest.mark.parametrize(
    ("x", "labels", "said"),
    [
        (torch.ones(4, 2), torch.tensor([[1, 1, 1, 0], [1, -1, 0, 1]]), "missing in 0"),
        (torch.ones(4, 2), torch.tensor([[1, -1, 2, 0]]), "-1, 1, or 0"),
        (torch.ones(4, 2), torch.tensor([1, -1, 1, 1]), r"\(K, N\)"),
        (torch.ones(4, 2), torch.tensor([[1, -1, 1]]), r"\(K, N\)"),
        (torch.full((2, 2), torch.nan), torch.tensor([[1, -1]]), "finite"),
        ([torch.ones(2, 2)], [torch.tensor([1, -1])] * 2, "1 and 2 came"),
        ([], [], "0 and 0 came"),
    ],
)
@pytest.mark.parametrize("fit", [fit_squared_hinge, fit_hinge])
def test_bad_input_is_refused(fit, x, labels, said: str) -> None:
    with pytest.raises(MetricError, match=said):
        fit(x, labels)


@pytest.mark.parametrize("c", [0.0, -1.0, float("nan"), float("inf")])
def test_c_must_be_positive(c: float) -> None:
    with pytest.raises(MetricError, match="above 0"):
        fit_squared_hinge(torch.eye(2), torch.tensor([[1, -1]]), c=c)


@pytest.mark.cuda
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_a_device_gives_the_answer_of_the_host() -> None:
    x, labels = _batch()
    host, device = fit_squared_hinge(x, labels), fit_squared_hinge(x.cuda(), labels.cuda())
    assert device.is_cuda
    np.testing.assert_allclose(device.cpu(), host, atol=1e-5)
    for a, b in zip(fit_hinge(x, labels), fit_hinge(x.cuda(), labels.cuda()), strict=True):
        assert b.primal == pytest.approx(a.primal, rel=2e-6)
