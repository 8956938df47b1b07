"""The hyperplane that separates an attribute in a latent space, and its projection (Shen et al. 2020, InterFaceGAN).

>>> boundary = fit_boundary(np.array([[-2.0, 0.0], [-1.0, 0.1], [1.0, 0.1], [2.0, 0.0]]), [0, 0, 1, 1])
>>> boundary.accuracy, abs(boundary.normal.round(6)).tolist()
(1.0, [1.0, 0.0])
>>> project_boundary(np.array([[3.0, 4.0]]), np.array([1.0, 0.0])).tolist()
[[0.0, 1.0]]
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Literal, TypeVar, overload

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from scipy import linalg
from torch import Tensor

from ganprobe.core.errors import MetricError
from ganprobe.directions.svm.machine import fit_hinge, fit_squared_hinge
from ganprobe.metrics.arrays import Values, to_array
from ganprobe.metrics.given import array64, numbers, tensor_of

FloatArray = NDArray[np.float64]
Floating = TypeVar("Floating", bound=np.floating[Any])
SvmLoss = Literal["squared_hinge", "hinge"]
RANK_TOLERANCE: Final = 1e-6
"""Below this share of its length a vector counts as spanned: about ten times the rounding of float32 vectors."""


@dataclass(frozen=True, slots=True, eq=False)
class Boundary:
    """The hyperplane normal . x + intercept = 0.

    normal: (D,) float64 of length 1, pointing to the positive class. intercept: scaled with it, so that `distance` is
    Euclidean. accuracy: the share of the n fitted latents that lie on their class's side. length: of the machine's own
    weights.
    """

    normal: FloatArray
    intercept: float
    accuracy: float
    n: int
    length: float = 1.0

    def distance(self, latents: Values) -> FloatArray:
        """Signed distances (N,) of latents (N, D), positive on the positive side. MetricError for another width."""
        rows = array64(latents, "latents", 2)
        if rows.shape[1] != len(self.normal):
            raise MetricError(f"latents must have {len(self.normal)} columns as the boundary has, got {rows.shape[1]}")
        return np.asarray(rows @ self.normal + self.intercept, dtype=np.float64)


def fit_boundary(latents: Values, labels: ArrayLike | Tensor, *, loss: SvmLoss = "squared_hinge") -> Boundary:
    """The linear support vector machine between two classes of latents, C = 1.

    latents: (N, D), arrays or tensors. labels: (N,) of two distinct values, of which the larger is the positive class.
    loss: "squared_hinge" with the intercept penalised is the optimum of scikit-learn's LinearSVC(); "hinge" that of
    SVC(kernel="linear"), to a duality gap of 1e-6. MetricError where shapes do not fit, a value is not finite, only
    one class is there, the latents do not tell the classes apart, or the loss is neither.
    """
    rows = array64(latents, "latents", 2)
    positive = _two_classes(labels, len(rows))
    weights = _weights(rows, positive, loss)
    length = float(np.linalg.norm(weights[:-1]))
    if length <= np.finfo(np.float64).tiny:
        raise MetricError("the latents are the same for both classes: no boundary separates them; check the labels")
    normal, intercept = weights[:-1] / length, float(weights[-1] / length)
    right = (rows @ normal + intercept > 0) == positive
    return Boundary(normal, intercept, float(right.mean()), len(rows), length)


@overload
def project_boundary(primal: Tensor, *conditions: Values) -> Tensor: ...
@overload
def project_boundary(primal: NDArray[Floating], *conditions: Values) -> NDArray[Floating]: ...
@overload
def project_boundary(primal: ArrayLike, *conditions: Values) -> NDArray[Any]: ...
def project_boundary(primal: Values, *conditions: Values) -> NDArray[Any] | Tensor:
    """`primal` less its parts along the conditions, of length 1: moving along it leaves the conditions' scores alone,
    as far as they are linear (Shen et al. 2020, section 2.3 and equation 8, for any number of conditions at once).

    primal and each condition: (D,) or (1, D), or any other shapes of D numbers. The result has primal's shape and kind
    (tensor, else array; floating-point type), and does not depend on the conditions' lengths, order or repetition.
    MetricError where sizes differ, a value is not finite, a vector is zero, or the conditions span the primal.
    """
    given = numbers(primal, "primal")
    vector = _flat(given, "primal")
    rest = vector / np.linalg.norm(vector)
    if conditions:
        basis = _orthonormal([_flat(condition, f"condition {i}") for i, condition in enumerate(conditions)], len(rest))
        # Twice: what the first projection leaves along the conditions by rounding, the second takes away.
        for _ in range(2):
            rest = rest - basis @ (basis.T @ rest)
    length = float(np.linalg.norm(rest))
    if length < RANK_TOLERANCE:
        raise MetricError("the conditions span the primal boundary, so nothing of it remains; leave a condition out")
    return _like(given, rest / length)


def _weights(rows: FloatArray, positive: NDArray[np.bool_], loss: SvmLoss) -> FloatArray:
    x, y = tensor_of(rows), torch.from_numpy(np.where(positive, 1.0, -1.0))[None]
    if loss == "squared_hinge":
        return to_array(fit_squared_hinge(x, y)[0])
    if loss == "hinge":
        return to_array(fit_hinge(x, y)[0].weights)
    raise MetricError(f'loss must be "squared_hinge" or "hinge", got {loss!r}')


def _two_classes(labels: ArrayLike | Tensor, n: int) -> NDArray[np.bool_]:
    values = array64(labels, "labels", 1, power=1)
    if values.shape != (n,):
        raise MetricError(f"labels must be of shape ({n},), one for each latent; their shape is {values.shape}")
    found = np.unique(values)
    if len(found) != 2:
        raise MetricError(f"labels must hold exactly two classes, they hold {len(found)}; draw more or leave it out")
    return np.asarray(values == found[1])


def _flat(vector: Values, name: str) -> FloatArray:
    """(D,) float64, its largest number 1 or -1."""
    values = array64(numbers(vector, name).reshape(-1), name, 1, power=1)
    largest = float(np.abs(values).max())
    if not largest:
        raise MetricError(f"{name} is zero; a direction has a length")
    return np.asarray(values / largest, dtype=np.float64)


def _orthonormal(conditions: list[FloatArray], size: int) -> FloatArray:
    """An orthonormal basis (D, rank) of the span, by QR with column pivoting, which finds dependent conditions."""
    for number, condition in enumerate(conditions):
        if len(condition) != size:
            raise MetricError(f"condition {number} has {len(condition)} numbers, the primal boundary has {size}")
    columns = np.stack([condition / np.linalg.norm(condition) for condition in conditions], axis=1)
    q, r, _ = linalg.qr(columns, mode="economic", pivoting=True)
    rank = int((np.abs(np.diagonal(r)) > RANK_TOLERANCE).sum())
    return np.asarray(q[:, :rank], dtype=np.float64)


def _like(original: NDArray[Any] | Tensor, values: FloatArray) -> NDArray[Any] | Tensor:
    if isinstance(original, Tensor):
        dtype = original.dtype if original.is_floating_point() else torch.float32
        return torch.from_numpy(values).to(original.device, dtype).reshape(original.shape)
    dtype_ = original.dtype if original.dtype.kind == "f" else np.dtype(np.float64)
    return np.asarray(values, dtype=dtype_).reshape(original.shape)
