"""Many linear machines with the squared hinge on the same rows at once: Newton's method with conjugate gradients.

One product of all rows with the weights of all problems costs little more than with the weights of one. So every
problem takes its Newton step at the same time, by conjugate gradients, preconditioned by the rows' shared second
moments. Hessian products are float32, since they only turn a step; objectives and gradients of the last steps, which
make the optimum, are float64.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ganprobe.directions.svm.newton import factored

MOST_STEPS: Final = 60
_ROUGH: Final = 1e-4
_TOLERANCE: Final = 1e-11
_RESIDUAL: Final = 1e-4
_MOST_PRODUCTS: Final = 60
_SLOW: Final = 12
_SEARCHES: Final = 12
_FEW: Final = 8
"""Times the columns: with fewer rows inside the margin a problem is quicker settled alone."""
_TILE_ROWS: Final = 16_384


class SharedRows:
    """Rows [x, 1] of any type, multiplied tile by tile in float32 or float64. x: (N, D)."""

    def __init__(self, x: Tensor) -> None:
        self._x = x
        self._rough = x.float()
        self.columns = x.shape[1] + 1

    def times(self, v: Tensor, dtype: torch.dtype) -> Tensor:
        """Rows times each of v (K, D + 1), as (N, K) of dtype."""
        v = v.to(dtype)
        return torch.cat([part @ v[:, :-1].T for part in self._parts(dtype)]) + v[:, -1]

    def back(self, a: Tensor) -> Tensor:
        """The sum of rows weighted by each column of a (N, K), as (K, D + 1) float64; sums over tiles in float64."""
        total = torch.zeros(a.shape[1], self._x.shape[1] + 1, dtype=torch.float64, device=a.device)
        for part, weights in zip(self._parts(a.dtype), torch.split(a, _TILE_ROWS), strict=True):
            total[:, :-1] += weights.T @ part
        total[:, -1] = a.sum(0, dtype=torch.float64)
        return total

    def moments(self, chosen: Tensor | None = None) -> Tensor:
        """The sum of outer products of all rows, or of those chosen (N,), (D + 1, D + 1) float64."""
        size = self._x.shape[1] + 1
        total = torch.zeros(size, size, dtype=torch.float64, device=self._x.device)
        x = self._rough if chosen is None else self._x[chosen].double()
        for part in torch.split(x, _TILE_ROWS):
            rows = torch.cat([part, torch.ones_like(part[:, :1])], dim=1)
            total += rows.T @ rows
        return total

    def _parts(self, dtype: torch.dtype) -> Iterator[Tensor]:
        parts = torch.split(self._rough if dtype == torch.float32 else self._x, _TILE_ROWS)
        return (part.to(dtype) for part in parts)


@dataclass(slots=True, eq=False)
class _Open:
    """The problems still under way: their numbers, weights (K, d), signs (N, K) and preconditioners."""

    number: Tensor
    v: Tensor
    signs: Tensor
    factors: list[Tensor]

    def only(self, which: Tensor) -> _Open:
        factors = [factor for factor, kept in zip(self.factors, which.tolist(), strict=True) if kept]
        return _Open(self.number[which], self.v[which], self.signs[:, which], factors)

    def precondition(self, right: Tensor) -> Tensor:
        solved = [torch.cholesky_solve(r[:, None], f)[:, 0] for r, f in zip(right, self.factors, strict=True)]
        return torch.stack(solved)


class Together:
    """argmin over v_k of |v_k|^2 / 2 + c sum max(0, 1 - s_ki (v_k . [x_i, 1]))^2 over the rows with s_ki not 0.

    x: (N, D) float32 or float64. signs: (K, N) of -1, 0 and 1. `weights` (K, D + 1) float64 and `settled` (K,) are
    there after `minimise`: a problem that is not settled has come near, and goes on better alone. start: weights to
    begin at (None: zero).
    """

    def __init__(self, x: Tensor, signs: Tensor, c: float, start: Tensor | None = None) -> None:
        self._rows, self._signs, self._c = SharedRows(x), signs, c
        zero = torch.zeros(len(signs), x.shape[1] + 1, dtype=torch.float64, device=x.device)
        self.weights = zero if start is None else zero + start
        self.settled = torch.ones(len(signs), dtype=torch.bool, device=x.device)
        used = float((signs != 0).double().mean())
        self._factors = [_factor(self._rows.moments() * used, c)] * len(signs)

    def minimise(self) -> None:
        for dtype, tolerance in ((torch.float32, _ROUGH), (torch.float64, _TOLERANCE)):
            which = self.settled.nonzero()[:, 0]
            if len(which):
                signs = self._signs[which].T.to(dtype).contiguous()
                self._descend(_Open(which, self.weights[which], signs, [self._factors[i] for i in which]), tolerance)

    def _descend(self, state: _Open, tolerance: float) -> None:
        """Newton steps until every problem has a decrement below tolerance of its objective, or is settled better
        alone."""
        margin = state.signs * self._rows.times(state.v, state.signs.dtype)
        for _ in range(MOST_STEPS):
            slack = (state.signs.abs() - margin).clamp(min=0)
            value = state.v.square().sum(1) / 2 + self._c * slack.square().sum(0, dtype=torch.float64)
            gradient = state.v - 2 * self._c * self._rows.back(state.signs * slack)
            small = (gradient * state.precondition(gradient)).sum(1) <= tolerance * value
            few = (slack > 0).sum(0) < _FEW * self._rows.columns
            self._write(state, ~few)
            go = ~(small | few)
            if not bool(go.any()):
                return
            state, margin, curved = state.only(go), margin[:, go], (slack[:, go] > 0).float()
            step, slow = _conjugate(self._rows, state, curved, gradient[go], self._c)
            change = state.signs * self._rows.times(step, state.signs.dtype)
            t = _line_search(state, margin, change, step, -(gradient[go] * step).sum(1), self._c)
            state.v, margin = state.v + t[:, None] * step, margin + t.to(margin) * change
            for i in slow:
                state.factors[i] = _factor(self._rows.moments(margin[:, i] < state.signs[:, i].abs()), self._c)
        self._write(state, torch.zeros_like(state.number, dtype=torch.bool))

    def _write(self, state: _Open, settled: Tensor) -> None:
        self.weights[state.number] = state.v
        self.settled[state.number] = settled
        for number, factor in zip(state.number.tolist(), state.factors, strict=True):
            self._factors[number] = factor


def _factor(moments: Tensor, c: float) -> Tensor:
    return factored(2 * c * moments + torch.eye(len(moments), dtype=moments.dtype, device=moments.device))


def _conjugate(rows: SharedRows, state: _Open, curved: Tensor, gradient: Tensor, c: float) -> tuple[Tensor, list[int]]:
    """Newton's steps (K, d) to a hundredth of their length, and which problems took long over it."""
    step, rest = torch.zeros_like(gradient), -gradient
    toward = along = state.precondition(rest)
    size = (rest * toward).sum(1)
    goal, slow = _RESIDUAL * size, torch.zeros_like(size, dtype=torch.bool)
    for turn in range(_MOST_PRODUCTS):
        product = along + 2 * c * rows.back(curved * rows.times(along, torch.float32))
        t = torch.where(size > goal, size / (along * product).sum(1), 0.0)
        step, rest = step + t[:, None] * along, rest - t[:, None] * product
        toward, last = state.precondition(rest), size
        size = torch.where(t > 0, (rest * toward).sum(1), size)
        slow |= (size > goal) & (turn >= _SLOW)
        if not bool((size > goal).any()):
            break
        along = toward + (size / last)[:, None] * along
    return step, slow.nonzero()[:, 0].tolist()


def _line_search(state: _Open, margin: Tensor, change: Tensor, step: Tensor, decrement: Tensor, c: float) -> Tensor:
    """Step lengths (K,) where the objectives' derivatives are within a tenth of zero, by Newton kept in a bracket."""
    linear, square = (state.v * step).sum(1), step.square().sum(1)
    used = state.signs.abs()
    low, high, t = torch.zeros_like(linear), torch.full_like(linear, torch.inf), torch.ones_like(linear)
    for _ in range(_SEARCHES):
        slack = (used - margin - t.to(margin) * change).clamp(min=0)
        derivative = linear + t * square - 2 * c * (slack * change).sum(0, dtype=torch.float64)
        if bool((derivative.abs() <= 0.1 * decrement).all()):
            break
        curvature = square + 2 * c * ((slack > 0) * change.square()).sum(0, dtype=torch.float64)
        low, high = torch.where(derivative > 0, low, t), torch.where(derivative > 0, t, high)
        newton = t - derivative / curvature
        inside = (newton > low) & (newton < high)
        t = torch.where(inside, newton, torch.where(high.isinf(), 2 * low, (low + high) / 2))
    return t
