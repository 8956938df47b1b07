"""The primal linear support vector machine with squared hinge loss, by Newton's method.

>>> rows = np.array([[-2.0], [-1.0], [1.0], [2.0]])
>>> fit_squared_hinge(rows, np.array([-1.0, -1.0, 1.0, 1.0])).round(6).tolist()  # weight and intercept
[0.8, 0.0]

Newton's method with an exact Hessian on the points inside the margin (Mangasarian 2002; Chapelle 2007, section 4)
settles in a dozen steps on the optimum that liblinear approaches, and gives the same answer for the same data.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from ganprobe.core.errors import MetricError
from ganprobe.metrics.arrays import tile_rows

FloatArray = NDArray[np.float64]
TOLERANCE: Final = 1e-12
MOST_STEPS: Final = 200
_HALVINGS: Final = 40


def fit_squared_hinge(x: FloatArray, y: FloatArray, *, c: float = 1.0) -> FloatArray:
    """argmin over v of |v|^2 / 2 + c sum max(0, 1 - y_i (v . [x_i, 1]))^2: the weights, then the intercept, (D + 1,).

    x (N, D) and y (N,) of -1 and 1, float64. The intercept is penalised as in liblinear's primal problem, which is
    scikit-learn's LinearSVC(loss="squared_hinge", intercept_scaling=1). Ends where the Newton decrement is below 1e-12
    of the objective. MetricError where that is not reached, which only values near the limits of float64 bring about.
    """
    rows = np.concatenate([x, np.ones((len(x), 1))], axis=1)
    v = np.zeros(rows.shape[1])
    for _ in range(MOST_STEPS):
        slack = np.maximum(1 - y * (rows @ v), 0.0)
        value = float(0.5 * v @ v + c * slack @ slack)
        gradient = v - 2 * c * rows.T @ (y * slack)
        step = -linalg.solve(_hessian(rows[slack > 0], c), gradient, assume_a="pos")
        decrement = -float(gradient @ step)
        if decrement <= TOLERANCE * value:
            return np.asarray(v + step, dtype=np.float64)
        shorter = _line_search(rows, y, v, step, value, decrement, c)
        if shorter == 0.0:
            return v
        v = v + shorter * step
    raise MetricError("the support vector machine did not settle; bring the latents to a scale of about 1")


def _hessian(rows: FloatArray, c: float) -> FloatArray:
    hessian = np.eye(rows.shape[1])
    tile = tile_rows(rows.shape[1])
    for start in range(0, len(rows), tile):
        part = rows[start : start + tile]
        hessian += 2 * c * part.T @ part
    return hessian


def _line_search(
    rows: FloatArray, y: FloatArray, v: FloatArray, step: FloatArray, value: float, decrement: float, c: float
) -> float:
    """The largest of 1, 1/2, 1/4, ... that lowers the objective enough (Armijo); 0 where rounding hides any descent."""
    margin, change = y * (rows @ v), y * (rows @ step)
    for halving in range(_HALVINGS):
        t = 0.5**halving
        slack = np.maximum(1 - margin - t * change, 0.0)
        moved = v + t * step
        if 0.5 * moved @ moved + c * slack @ slack <= value - 1e-4 * t * decrement:
            return t
    return 0.0
