"""The linear support vector machine with the hinge loss, and the proof of its own accuracy.

The hinge has a corner, where Newton's method has nothing to hold on to. It is rounded, the rounded problem is solved,
and the slopes found become the centres of the next, narrower rounding (the proximal point method on the dual;
Rockafellar 1976), until the dual objective of the slopes is as large as the primal objective of the weights to within
1e-6 of it. No weights can then lie lower by more than that, whoever computes them: this is the certificate.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ganprobe.core.errors import MetricError
from ganprobe.directions.svm.newton import Loss, Machine

GAP: Final = 1e-6
_FIRST_ROUNDING: Final = 4.0
_NARROWER: Final = 0.25
_MOST_ROUNDINGS: Final = 16
_INNER: Final = 1e-12


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class HingeFit:
    """weights: (D + 1,) float64, the intercept last. primal: their objective. dual: a bound below every objective."""

    weights: Tensor
    primal: float
    dual: float

    @property
    def gap(self) -> float:
        """(primal - dual) / primal: by what share of it the objective may at most be above the optimum."""
        return (self.primal - self.dual) / self.primal


def minimise_hinge(x: Tensor, y: Tensor, c: float, *, penalise_intercept: bool, gap: float) -> HingeFit:
    """argmin over w, b of |w|^2 / 2 + c sum max(0, 1 - y_i (w . x_i + b)), plus b^2 / 2 where it is penalised.

    x (N, D) and y (N,) of -1 and 1, both classes there, float64 on one device. MetricError where the relative gap
    stays above `gap`.
    """
    rows = torch.cat([x, torch.ones_like(x[:, :1])], dim=1) * y[:, None]
    ridge = torch.ones_like(rows[0])
    ridge[-1] = float(penalise_intercept)
    machine = Machine(rows, ridge)
    centre, v, rounding = torch.zeros_like(y), torch.zeros_like(ridge), _FIRST_ROUNDING
    for _ in range(_MOST_ROUNDINGS):
        loss = Loss(centre, rounding / c, c)
        v, _ = machine.minimise(v, loss, tolerance=_INNER)
        u = 1 - rows @ v
        centre = loss.slope(u)
        fit = _certified(machine, y, v, u, centre, c)
        if fit.gap <= gap:
            return fit
        rounding *= _NARROWER
    raise MetricError(
        f"the support vector machine is only known to be within {fit.gap:.1e} of its optimum, not {gap:.0e}; "
        "bring the latents to a scale of about 1"
    )


def _certified(machine: Machine, y: Tensor, v: Tensor, u: Tensor, slopes: Tensor, c: float) -> HingeFit:
    primal = float(v @ (machine.ridge * v)) / 2 + c * float(u.clamp(min=0).sum())
    if not float(machine.ridge[-1]):
        slopes = _balanced(slopes, y)
    reached = machine.rows.T @ slopes
    dual = float(slopes.sum()) - float(reached @ (machine.ridge * reached)) / 2
    return HingeFit(weights=v, primal=primal, dual=dual)


def _balanced(slopes: Tensor, y: Tensor) -> Tensor:
    """The slopes made feasible in the dual of an unpenalised intercept: both classes pull equally."""
    high, low = (slopes * (y > 0)).sum(), (slopes * (y < 0)).sum()
    least = torch.minimum(high, low)
    return slopes * torch.where(y > 0, least / high.clamp(min=least), least / low.clamp(min=least)).nan_to_num(0.0)
