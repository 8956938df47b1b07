"""Linear support vector machines in the primal, alone or many at once.

>>> rows, labels = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]]), torch.tensor([[-1, -1, 1, 1], [-1, 0, 0, 1]])
>>> fit_squared_hinge(rows, labels)[:, 0].numpy().round(6)  # of each problem the weight, and not the intercept
array([0.8     , 0.470588])
>>> fit = fit_hinge(rows, labels)[0]
>>> fit.weights.numpy().round(5)[0], fit.gap <= 1e-6
(np.float64(1.0), True)

The squared hinge (liblinear's, LinearSVC) has one optimum, reached by Newton's method to rounding. The hinge (libsvm's,
SVC) comes with a certificate of how near its optimum it is. The same data give the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Final

import torch
from torch import Tensor

from ganprobe.core.errors import MetricError
from ganprobe.directions.svm.batched import Together
from ganprobe.directions.svm.hinge import GAP, HingeFit, minimise_hinge
from ganprobe.directions.svm.newton import Loss, Machine
from ganprobe.metrics.arrays import named, to_array

TOLERANCE: Final = 1e-12
_SOFTLY: Final = 1e-2
_SHARED: Final = 0.25
"""The share of the rows that the problems must use on average for products over all rows to pay."""
_MANY: Final = 16
_CELLS: Final = 2**23
"""Margins held at a time, rows times problems."""


def fit_squared_hinge(
    x: Tensor | Sequence[Tensor],
    labels: Tensor | Sequence[Tensor],
    *,
    c: float = 1.0,
    start: Tensor | None = None,
) -> Tensor:
    """argmin over v of |v|^2 / 2 + c sum max(0, 1 - y_i (v . [x_i, 1]))^2 for each problem: weights, then intercept.

    x: (N, D) rows that all problems share, with labels (K, N): -1, 1, or 0 for rows that are not in a problem; or K
    tensors (N_k, D), with K tensors of labels (N_k,). Any floating-point type and device; (K, D + 1) float64 there.
    The intercept is penalised as in liblinear's primal problem: the optimum of scikit-learn's LinearSVC(C=c). start
    (K, D + 1): weights to begin at, such as those of a problem that differs in some rows; the optimum is the same.
    MetricError where shapes do not fit, a value is not finite, a problem has one class, or Newton's method does not
    settle, which only values near the limits of float64 bring about.
    """
    _check_c(c)
    if isinstance(x, Tensor) and isinstance(labels, Tensor) and _worth_sharing(x, labels):
        _check_shared(x, labels)
        at_a_time = max(1, _CELLS // len(x))
        starts = [None] * len(labels) if start is None else torch.split(start, at_a_time)
        parts = zip(torch.split(labels, at_a_time), starts, strict=False)
        return torch.cat([_together(x, some, c, begun) for some, begun in parts])
    problems = enumerate(_problems(x, labels))
    fits = [
        _alone(rows, y, c, torch.zeros(rows.shape[1] + 1).to(rows) if start is None else start[k].to(rows))
        for k, (rows, y) in problems
    ]
    return torch.stack(fits)


def fit_hinge(
    x: Tensor | Sequence[Tensor],
    labels: Tensor | Sequence[Tensor],
    *,
    c: float = 1.0,
    penalise_intercept: bool = False,
    gap: float = GAP,
) -> list[HingeFit]:
    """argmin over w, b of |w|^2 / 2 + c sum max(0, 1 - y_i (w . x_i + b)) for each problem, with its certificate.

    x, labels: as `fit_squared_hinge` takes them. As it is, the optimum of scikit-learn's SVC(kernel="linear", C=c);
    with penalise_intercept, b^2 / 2 is added, as LinearSVC(loss="hinge", C=c) does. MetricError as there, and where
    primal and dual objective stay further apart than `gap` of the primal.
    """
    _check_c(c)
    problems = _problems(x, labels)
    return [minimise_hinge(rows, y, c, penalise_intercept=penalise_intercept, gap=gap) for rows, y in problems]


def _worth_sharing(x: Tensor, labels: Tensor) -> bool:
    """Whether a product over all rows for all problems costs less than over the rows of each."""
    many = x.ndim == labels.ndim == 2 and len(labels) > 1 and len(x) >= _MANY * x.shape[1]
    return many and float((labels != 0).double().mean()) >= _SHARED


def _together(x: Tensor, labels: Tensor, c: float, start: Tensor | None) -> Tensor:
    together = Together(x, labels, c, start)
    together.minimise()
    for k in (~together.settled).nonzero()[:, 0].tolist():
        rows, y = _taken(x, labels[k])
        together.weights[k] = _alone(rows, y, c, together.weights[k].nan_to_num())
    return together.weights


def _alone(x: Tensor, y: Tensor, c: float, start: Tensor) -> Tensor:
    rows = torch.cat([x, torch.ones_like(x[:, :1])], dim=1) * y[:, None]
    machine, centre = Machine(rows, torch.ones_like(start)), torch.zeros_like(y)
    if not bool(start.any()):
        # A softer margin first: from there fewer rows come and go before they settle.
        start, _ = machine.minimise(start, Loss(centre, 5 / c, math.inf), tolerance=_SOFTLY)
    v, settled = machine.minimise(start, Loss(centre, 0.5 / c, math.inf), tolerance=TOLERANCE)
    if not settled:
        raise MetricError("the support vector machine did not settle; bring the latents to a scale of about 1")
    return v


def _problems(x: Tensor | Sequence[Tensor], labels: Tensor | Sequence[Tensor]) -> Iterator[tuple[Tensor, Tensor]]:
    """Rows (N_k, D) and their classes (N_k,) of each problem, float64."""
    if isinstance(x, Tensor) and isinstance(labels, Tensor):
        _check_shared(x, labels)
        yield from (_taken(x, y) for y in labels)
        return
    if len(x) != len(labels) or not len(labels):
        raise MetricError(f"there must be labels for each of the problems; {len(x)} and {len(labels)} came")
    for rows, y in zip(x, labels, strict=True):
        _check_shared(rows, y[None])
        yield _taken(rows, y)


def _taken(x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    used = y != 0
    return x[used].double(), y[used].double()


def _check_shared(x: Tensor, labels: Tensor) -> None:
    if x.ndim != 2 or not x.numel() or labels.ndim != 2 or labels.shape[1] != len(x) or not len(labels):
        raise MetricError(
            f"x must be (N, D) and the labels (K, N), not empty; they are {tuple(x.shape)} and {tuple(labels.shape)}"
        )
    if not bool(torch.isfinite(x).all()):
        raise MetricError("x holds values that are not finite; leave their rows out or mend them")
    if bool(((labels != 0) & (labels.abs() != 1)).any()):
        raise MetricError("labels must be -1, 1, or 0 for a row that is not in the problem")
    single = ~((labels == 1).any(1) & (labels == -1).any(1))
    if bool(single.any()):
        raise MetricError(f"a problem needs both classes; one is missing in {named(to_array(single.nonzero()[:, 0]))}")


def _check_c(c: float) -> None:
    if not (math.isfinite(c) and c > 0):
        raise MetricError(f"c must be a number above 0, got {c}")
