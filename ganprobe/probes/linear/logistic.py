"""Multinomial logistic regression, several at once, to the optimum.

It minimises J(W, b) = mean over rows of -log softmax(x W + b)[label] + penalty / 2 |W|^2, x being the features less
their means over their deviations. J is convex; Newton's steps come from conjugate gradients (Nocedal and Wright 2006,
"Numerical optimization", section 7.1), preconditioned by the features' own second moments, which bound the curvature
(Boehning 1992). Directions are computed in float32 and all that they are judged by in float64, so that the end is
float64's optimum. scikit-learn's `LogisticRegression` has the same optimum at C = 1 / (N penalty).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ganprobe.core.errors import InputError, MetricError
from ganprobe.metrics.arrays import named, to_array

MOST_STEPS: Final = 100
MOST_INNER: Final = 250
MOST_HALVINGS: Final = 40
SETTLED: Final = 1e-13
"""Newton's decrement, in nats: no further step can lower J by more than about this."""
EXHAUSTED: Final = 1e-12
"""The size of a gradient that is rounding alone."""
WIDEST: Final = 2048
"""More features than this are preconditioned by their deviations alone: the decomposition would take longer."""
_CHUNK: Final = 2**24
"""Bytes of float64 at a time: more would leave the processor's cache."""


@dataclass(frozen=True, slots=True, eq=False)
class Regressions:
    """K of them. weights: (K, F, C) float64, of standardised features; bias (K, C); mean, scale: (K, F) float64, what
    standardises. objective: (K,) J at the optimum. decrement: (K,) how much lower J can be at most, as the last Newton
    step told."""

    weights: Tensor
    bias: Tensor
    mean: Tensor
    scale: Tensor
    objective: Tensor
    decrement: Tensor

    def predictions(self, features: Tensor) -> Tensor:
        """The classes (K, M) int64 of features (K, M, F)."""
        parts = []
        for rows in _chunks(features):
            standard = (rows.double() - self.mean[:, None]) / self.scale[:, None]
            parts.append((torch.bmm(standard, self.weights) + self.bias[:, None]).argmax(2))
        return torch.cat(parts, 1)


def fit_logistic(features: Tensor, labels: Tensor, *, classes: int, penalty: float) -> Regressions:
    """Of features (K, N, F) on labels (N,) int64 from 0 to `classes` - 1, all on one device; features that do not vary
    count for nothing. InputError for a penalty that is not above 0 and fewer than two classes among the labels,
    MetricError for features that are not finite, or where the optimum is not reached."""
    _check(features, labels, classes, penalty)
    mean, scale = _moments(features)
    rows = torch.cat([_standardised(part, mean, scale) for part in _chunks(features)], 1)
    problem = _Problem(rows, labels, classes, penalty)
    v, objective, decrement = _minimised(problem)
    return Regressions(v[:, :-1], v[:, -1], mean, scale, objective, decrement)


class _Problem:
    """K problems: rows (K, N, F) float32, standardised, and what is computed of them. A point v is (K, F + 1, C), the
    bias last."""

    def __init__(self, rows: Tensor, labels: Tensor, classes: int, penalty: float) -> None:
        self.rows, self.labels, self.classes, self.penalty = rows, labels, classes, penalty
        self.count = rows.shape[1]
        self._axes, self._curvatures = _second_moments(rows)
        self.shares = rows.new_empty(len(rows), self.count, classes)

    def start(self) -> Tensor:
        shape = (len(self.rows), self.rows.shape[2] + 1, self.classes)
        return torch.zeros(shape, dtype=torch.float64, device=self.rows.device)

    def objective(self, v: Tensor) -> Tensor:
        """J (K,), float64."""
        total = self.penalty / 2 * v[:, :-1].square().sum((1, 2))
        for part, rows in self._parts():
            logits = torch.baddbmm(v[:, -1:], rows.double(), v[:, :-1])
            own = logits.gather(2, self.labels[part].expand(len(rows), -1)[:, :, None])[:, :, 0]
            total = total + (logits.logsumexp(2) - own).sum(1) / self.count
        return total

    def gradient(self, v: Tensor) -> Tensor:
        """That of J at v, float64; keeps the class probabilities there for `curved`."""
        weights, bias = self.penalty * v[:, :-1], torch.zeros_like(v[:, -1:])
        for part, rows in self._parts():
            wide = rows.double()
            excess = torch.baddbmm(v[:, -1:], wide, v[:, :-1]).softmax(2)
            self.shares[:, part] = excess.float()
            excess.scatter_add_(
                2,
                self.labels[part].expand(len(rows), -1)[:, :, None],
                -torch.ones_like(excess[:, :, :1]),
            )
            weights = weights + torch.bmm(wide.transpose(1, 2), excess) / self.count
            bias = bias + excess.sum(1, keepdim=True) / self.count
        return torch.cat([weights, bias], 1)

    def curved(self, s: Tensor) -> Tensor:
        """The Hessian where the gradient was last taken, times s (K, F + 1, C), in float32."""
        moved = torch.baddbmm(s[:, -1:], self.rows, s[:, :-1])
        moved = self.shares * (moved - (self.shares * moved).sum(2, keepdim=True))
        weights = torch.bmm(self.rows.transpose(1, 2), moved) / self.count + self.penalty * s[:, :-1]
        return torch.cat([weights, moved.sum(1, keepdim=True) / self.count], 1)

    def preconditioned(self, r: Tensor) -> Tensor:
        """About the inverse of the Hessian, times r."""
        curvature = (self.shares * (1 - self.shares)).mean((1, 2))[:, None, None]
        inverse = 1 / (curvature * self._curvatures[:, :, None] + self.penalty)
        weights = r[:, :-1]
        if self._axes is None:
            weights = weights * inverse
        else:
            weights = torch.bmm(self._axes, inverse * torch.bmm(self._axes.transpose(1, 2), weights))
        return torch.cat([weights, r[:, -1:] / curvature], 1)

    def _parts(self) -> Iterator[tuple[slice, Tensor]]:
        start = 0
        for rows in _chunks(self.rows):
            yield slice(start, start + rows.shape[1]), rows
            start += rows.shape[1]


def _minimised(problem: _Problem) -> tuple[Tensor, Tensor, Tensor]:
    """The point, J and Newton's decrement of each problem at its optimum."""
    v = problem.start()
    value = problem.objective(v)
    for _ in range(MOST_STEPS):
        gradient = problem.gradient(v)
        step = _newton_step(problem, gradient).double()
        decrement = -(gradient * step).sum((1, 2)) / 2
        if bool((decrement <= SETTLED).all()):
            return v, value, decrement
        v, new = _searched(problem, v, step, value, decrement)
        if bool((new >= value).all()):
            # Float64 itself is exhausted.
            return v, value, decrement
        value = torch.minimum(new, value)
    raise MetricError(f"a logistic regression did not settle in {MOST_STEPS} Newton steps; raise the penalty")


def _searched(problem: _Problem, v: Tensor, step: Tensor, value: Tensor, decrement: Tensor) -> tuple[Tensor, Tensor]:
    """v + t step and J there, t halved where J does not fall enough (Armijo); v itself where none is found."""
    t = torch.where(decrement > SETTLED, 1.0, 0.0).to(value)
    for _ in range(MOST_HALVINGS):
        moved = v + t[:, None, None] * step
        new = problem.objective(moved)
        short = (new > value - 1e-4 * t * decrement) & (t > 0)
        if not bool(short.any()):
            return moved, new
        t = torch.where(short, t / 2, t)
    return torch.where(short[:, None, None], v, moved), torch.where(short, value, new)


def _newton_step(problem: _Problem, gradient: Tensor) -> Tensor:
    """-H^-1 gradient by preconditioned conjugate gradients, as exactly as the gradient is small (Dembo, Eisenstat and
    Steihaug 1982); in units of the gradient, since float32 is coarse."""
    # A bias more for every class changes nothing, and what rounding leaves of it would never settle.
    gradient = torch.cat([gradient[:, :-1], gradient[:, -1:] - gradient[:, -1:].mean(2, keepdim=True)], 1)
    size = gradient.norm(dim=(1, 2), keepdim=True).clamp(min=torch.finfo(torch.float64).tiny)
    r = -(gradient / size).float()
    enough = torch.where(size < EXHAUSTED, 1.0, size.sqrt().clamp(1e-4, 0.1)).float()[:, 0, 0]
    s = torch.zeros_like(r)
    z = problem.preconditioned(r)
    p, rho = z, (r * z).sum((1, 2))
    for _ in range(MOST_INNER):
        going = r.norm(dim=(1, 2)) > enough
        if not bool(going.any()):
            break
        hp = problem.curved(p)
        bend = (p * hp).sum((1, 2))
        alpha = torch.where(going & (bend > 0), rho / bend.clamp(min=1e-30), torch.zeros_like(rho))[:, None, None]
        s, r = s + alpha * p, r - alpha * hp
        z = problem.preconditioned(r)
        fresh = (r * z).sum((1, 2))
        p, rho = z + (fresh / rho.clamp(min=1e-30))[:, None, None] * p, fresh
    step: Tensor = s.double() * size
    return step


def _second_moments(rows: Tensor) -> tuple[Tensor | None, Tensor]:
    """The eigenvectors (K, F, F) and eigenvalues (K, F) of rows' second moments; (None, ones) of too many features."""
    if rows.shape[2] > WIDEST:
        return None, torch.ones_like(rows[:, 0])
    moments = torch.bmm(rows.transpose(1, 2), rows) / rows.shape[1]
    values, axes = torch.linalg.eigh(moments)
    return axes, values.clamp(min=0)


def _moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Means and deviations (K, F), float64; 1 for a feature that does not vary."""
    count = features.shape[1]
    mean = torch.stack([rows.double().sum(1) for rows in _chunks(features)]).sum(0) / count
    square = torch.stack([(rows.double() - mean[:, None]).square().sum(1) for rows in _chunks(features)]).sum(0)
    scale = (square / count).sqrt()
    still = scale <= 1e-7 * mean.abs().clamp(min=torch.finfo(torch.float32).tiny)
    return mean, torch.where(still, torch.ones_like(scale), scale)


def _standardised(rows: Tensor, mean: Tensor, scale: Tensor) -> Tensor:
    return ((rows.double() - mean[:, None]) / scale[:, None]).float()


def _chunks(features: Tensor) -> Iterator[Tensor]:
    """(K, n, F) after (K, n, F), of a size that float64 has room for."""
    size = max(1, _CHUNK // 8 // max(1, features.shape[0] * features.shape[2]))
    return iter(torch.split(features, size, dim=1))


def _check(features: Tensor, labels: Tensor, classes: int, penalty: float) -> None:
    if not penalty > 0:
        raise InputError(f"a penalty above 0 was expected, got {penalty}; without one there may be no optimum")
    if features.ndim != 3 or labels.shape != features.shape[1:2] or labels.dtype != torch.int64:
        raise InputError(
            f"features K x N x F and N int64 labels were expected, got {tuple(features.shape)} and "
            f"{tuple(labels.shape)} {labels.dtype}"
        )
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes or low == high:
        raise InputError(f"labels of two or more of {classes} classes were expected, got {low} to {high}")
    bad = (~torch.isfinite(features).all(2)).any(0).nonzero()[:, 0]
    if len(bad):
        raise MetricError(f"features are not finite at images {named(to_array(bad))}; look at the discriminator")
