"""Newton's method for one linear machine whose loss is smooth and piecewise quadratic.

It minimises over v: v' R v / 2 + the sum over rows of loss(1 - row . v), where a row is y [x, 1] and R is diagonal. The
loss has the slope clip(centre + u / width, 0, cap) in u = 1 - row . v: twice the width one half is the squared hinge
(no cap), and a cap of C is the hinge with its corner rounded (Chapelle 2007, "Training a support vector machine in the
primal", section 4; Rockafellar 1976 for the centre, the multipliers of the proximal point method).

Only rows where the loss bends have curvature, so the Hessian is kept and changed by the rows that enter or leave, and
rows far from there are set aside until the others have settled.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ganprobe.core.errors import MetricError

MOST_STEPS: Final = 200
_SEARCHES: Final = 60
_ROUNDS: Final = 3
_JITTER: Final = 1e-9
_SHRINKS: Final = 0.25
_STILL: Final = 1e-14
_ENLARGED: Final = (1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1.0, 1.0)
_MANY: Final = 4
_SMALL: Final = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Loss:
    """centre: (N,) in [0, cap], the slope of each row at u = 0. width: how far u goes for a slope of 1."""

    centre: Tensor
    width: float
    cap: float

    def slope(self, u: Tensor) -> Tensor:
        return (self.centre + u / self.width).clamp(0, self.cap)

    def total(self, u: Tensor, slope: Tensor) -> float:
        return float(slope @ u - self.width / 2 * (slope - self.centre).square().sum())

    def bends(self, slope: Tensor) -> Tensor:
        return (slope > 0) & (slope < self.cap)

    def beyond(self, u: Tensor) -> Tensor:
        """How far each u is from where the loss has curvature; 0 there."""
        low, high = -self.centre * self.width, (self.cap - self.centre) * self.width
        return torch.maximum(low - u, u - high).clamp(min=0)

    def at(self, rows: Tensor) -> Loss:
        return Loss(self.centre[rows], self.width, self.cap)


class Machine:
    """The rows of one problem, and the sum of their outer products over those that have curvature.

    rows: (N, d), signed. ridge: (d,), the diagonal of R. Both float64 on one device.
    """

    def __init__(self, rows: Tensor, ridge: Tensor) -> None:
        self.rows = rows
        self.ridge = ridge
        self._curved = torch.zeros(len(rows), dtype=torch.bool, device=rows.device)
        self._gram = torch.zeros(rows.shape[1], rows.shape[1], dtype=rows.dtype, device=rows.device)
        self._rough = False
        sample = rows[:: max(1, len(rows) // 64)]
        self._largest = float(torch.linalg.matrix_norm(sample, ord=2)) ** 2 / len(sample)

    def minimise(self, v: Tensor, loss: Loss, *, tolerance: float) -> tuple[Tensor, bool]:
        """The minimum, starting at v (d,), and whether Newton's decrement came below `tolerance` of the objective;
        from there it goes on for as long as the gradient shrinks."""
        u = 1 - self.rows @ v
        for left in reversed(range(_ROUNDS)):
            near = self._near(loss, u) if left else None
            moved, settled = self._newton(v, loss, u, near, tolerance)
            if near is None:
                return moved, settled
            moved_u = 1 - self.rows @ moved
            # The rows at hand may be too few to hold the weights back.
            if self._value(moved, loss, moved_u) <= self._value(v, loss, u):
                slopes = (_without(near, loss.slope(each)) for each in (u, moved_u))
                v, u = moved, moved_u
                if settled and torch.equal(*slopes):
                    break
        return v, settled

    def _value(self, v: Tensor, loss: Loss, u: Tensor) -> float:
        return float(v @ (self.ridge * v)) / 2 + loss.total(u, loss.slope(u))

    def _near(self, loss: Loss, u: Tensor) -> Tensor | None:
        """Indices of the rows to work on, None for all: four times those with curvature, and four times
        the columns at least."""
        beyond = loss.beyond(u)
        many = max(4 * int((beyond == 0).sum()), 4 * self.rows.shape[1])
        return None if many > len(u) // 2 else torch.argsort(beyond, stable=True)[:many].sort().values

    def _newton(self, v: Tensor, loss: Loss, u: Tensor, near: Tensor | None, tolerance: float) -> tuple[Tensor, bool]:
        rows, constant, pull = self.rows, 0.0, torch.zeros_like(v)
        if near is not None:
            rest = _without(near, loss.slope(u), fill=0.0)
            constant, pull = float(rest.sum()), self.rows.T @ rest
            rows, u, loss = self.rows[near], u[near], loss.at(near)
        least = math.inf
        for _ in range(MOST_STEPS):
            slope = loss.slope(u)
            value = float(v @ (self.ridge * v / 2 - pull)) + constant + loss.total(u, slope)
            gradient = self.ridge * v - pull - rows.T @ slope
            step = self._solve(-gradient, loss.bends(slope), near, loss.width)
            decrement, size = -float(gradient @ step), float(gradient @ gradient)
            along, t = rows @ step, 1.0
            if decrement > tolerance * abs(value):
                linear, square = float(step @ (self.ridge * v - pull)), float(step @ (self.ridge * step))
                t = _line_search(loss, u, along, linear, square, decrement)
            elif size >= _SHRINKS * least or size <= _STILL * abs(value):
                return v, True
            v, u, least = v + t * step, u - t * along, min(least, size)
        return v, False

    def _solve(self, right: Tensor, curved: Tensor, near: Tensor | None, width: float) -> Tensor:
        if near is not None:
            curved = torch.zeros_like(self._curved).index_copy_(0, near, curved)
        self._take(curved, width)
        hessian = self._gram / width
        hessian.diagonal().add_(self.ridge)
        if not bool(curved.any()):
            # Nothing holds an intercept that is not penalised: as if a hundredth of the rows had curvature.
            hessian[-1, -1] += 0.01 * len(self.rows) / width
        return torch.cholesky_solve(right[:, None], factored(hessian))[:, 0]

    def _take(self, curved: Tensor, width: float) -> None:
        changed, count = (curved != self._curved).nonzero()[:, 0], int(curved.sum())
        rough = self._may_be_rough(count, width)
        if len(changed) > count or (self._rough and not rough):
            self._gram, self._rough = _outer(self.rows[curved], rough), rough
        elif len(changed):
            new = curved[changed]
            self._gram += _outer(self.rows[changed[new]], rough) - _outer(self.rows[changed[~new]], rough)
        self._curved = curved

    def _may_be_rough(self, count: int, width: float) -> bool:
        """Whether float32 turns Newton's steps by little: many rows, and rounding that is small beside the ridge."""
        rounding = self._largest * count / width * torch.finfo(torch.float32).eps
        return count > _MANY * self.rows.shape[1] and rounding < _SMALL


def _outer(rows: Tensor, rough: bool) -> Tensor:
    if rough:
        rows = rows.float()
    return (rows.T @ rows).double()


def _without(near: Tensor, values: Tensor, *, fill: float = -1.0) -> Tensor:
    return values.index_fill(0, near, fill)


def factored(hessian: Tensor) -> Tensor:
    """The Cholesky factor; where rounding or an unpenalised intercept leaves the matrix singular, of one a little
    larger, which turns the step and not the optimum. Changes `hessian`. MetricError where values are too large."""
    diagonal = hessian.diagonal()
    diagonal[-1] += _JITTER * (1 + diagonal[-1])
    for share in _ENLARGED:
        factor: Tensor
        factor, failed = torch.linalg.cholesky_ex(hessian)
        if not int(failed):
            return factor
        diagonal.mul_(1 + share)
    raise MetricError("the latents are too large for the support vector machine; bring them to a scale of about 1")


def _line_search(loss: Loss, u: Tensor, along: Tensor, linear: float, square: float, decrement: float) -> float:
    """The step length where the objective's derivative, piecewise linear and rising, is within a tenth of zero."""
    low, high, t = 0.0, math.inf, 1.0
    for _ in range(_SEARCHES):
        slope = loss.slope(u - t * along)
        derivative = linear + t * square - float(slope @ along)
        if abs(derivative) <= 0.1 * decrement:
            return t
        low, high = (low, t) if derivative > 0 else (t, high)
        curvature = square + float(along.square() @ loss.bends(slope).to(along)) / loss.width
        t = t - derivative / curvature if curvature > 0 else -1.0
        if not low < t < high:
            t = (low + high) / 2 if math.isfinite(high) else 2 * low
    return t
