"""Mean and covariance in one pass: count, sum and outer product in float64 about a shift, on the rows' device.

>>> import torch
>>> Moments.of(torch.tensor([[0.0], [2.0]])).joined(Moments.of(torch.tensor([[4.0]]))).covariance(ddof=1)
array([[4.]])

The shift is the mean of the first rows. Sums about it do not cancel as raw sums do (Chan, Golub and LeVeque 1983,
"Algorithms for computing the sample variance"); joining moments about different shifts re-centres one of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import MetricError
from ganprobe.metrics.arrays import FloatArray, to_array, widened


@dataclass(frozen=True, slots=True)
class Moments:
    """n rows x: shift (d,), total (d,) = sum(x - shift), outer (d, d) = sum((x - shift)(x - shift)'), all float64."""

    n: int
    shift: Tensor
    total: Tensor
    outer: Tensor

    @staticmethod
    def of(rows: Tensor) -> Moments:
        """The moments of `rows` (N, d), N > 0, about their own mean."""
        rows = widened(rows)
        shift = rows.mean(0)
        return Moments(len(rows), shift, (rows - shift).sum(0), (rows - shift).T @ (rows - shift))

    def added(self, rows: Tensor) -> Moments:
        """With `rows` (N, d) as well. Never waits for the device."""
        self._check_width(rows.shape[1])
        rows = widened(rows)
        shift, total, outer = (part.to(rows.device) for part in (self.shift, self.total, self.outer))
        about = rows - shift
        return Moments(self.n + len(rows), shift, total + about.sum(0), outer + about.T @ about)

    def joined(self, other: Moments) -> Moments:
        """The moments of both sets of rows, about this one's shift."""
        self._check_width(len(other.shift))
        device = self.shift.device
        step, total, outer = other.shift.to(device) - self.shift, other.total.to(device), other.outer.to(device)
        cross = torch.outer(total, step)
        moved = outer + cross + cross.T + other.n * torch.outer(step, step)
        return Moments(self.n + other.n, self.shift, self.total + total + other.n * step, self.outer + moved)

    def mean(self) -> FloatArray:
        """(d,) float64, on the host."""
        return to_array(self.shift + self.total / self.n)

    def scatter(self) -> FloatArray:
        """(d, d) float64: the sum of (x - mean)(x - mean)'."""
        return to_array(self.outer - torch.outer(self.total, self.total) / self.n)

    def covariance(self, *, ddof: int) -> FloatArray:
        """(d, d) float64: the scatter over n - ddof. MetricError where n <= ddof."""
        if self.n <= ddof:
            raise MetricError(f"a covariance needs more than {ddof} samples; there are {self.n}: give more")
        return self.scatter() / (self.n - ddof)

    def pack(self) -> dict[str, NDArray[Any]]:
        """Named arrays: "n" (1,) int64, "mean" (d,) and "scatter" (d, d) float64."""
        return {"n": np.array([self.n]), "mean": self.mean(), "scatter": self.scatter()}

    @staticmethod
    def unpack(arrays: Mapping[str, NDArray[Any]]) -> Moments:
        """The moments that `pack` wrote, about their mean."""
        mean = torch.tensor(arrays["mean"], dtype=torch.float64)
        scatter = torch.tensor(arrays["scatter"], dtype=torch.float64)
        return Moments(int(arrays["n"][0]), mean, torch.zeros_like(mean), scatter)

    def _check_width(self, width: int) -> None:
        if width != len(self.shift):
            raise MetricError(
                f"rows of {len(self.shift)} features were expected, these have {width}; use one extractor"
            )
