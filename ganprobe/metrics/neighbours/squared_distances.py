"""Squared distances between clouds of points, tile by tile: float32 products with a proven bound on their error, and
float64 differences for the few pairs where the bound does not decide.

>>> points = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
>>> exact_squares(points, points, torch.tensor([0]), torch.tensor([1])).tolist()
[25.0]

For rows x, y of d numbers about a common centre, rounded to float32 (unit roundoff u), |x|^2 + |y|^2 - 2 x'y is off
by at most (g + 16 u)(|x|^2 + |y|^2), with g = d u / (1 - d u) whatever the order of summation (Higham 2002, "Accuracy
and stability of numerical algorithms", section 3.1): 1.3e-4 of it for d = 2048.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ganprobe.metrics.arrays import Values, on_one_device
from ganprobe.metrics.given import points, same_width

SIDE = 2048
"""Rows and columns of a tile; in float32 it takes 16 MiB."""

_UNDERFLOW = 1e-30
"""Of scaled squared distances: more than what products below the smallest float32 can lose."""

_PAIR_NUMBERS = 2**18
_STRIP = 256
"""Rows that are looked at together where every row is looked at once: small, so that little memory comes and goes."""

_ROUNDINGS = 16


@dataclass(frozen=True, slots=True)
class Cloud:
    """rows (N, d), float32 or float64, as they came; centre (d,) of the same type and a power of two by which they are
    moved and scaled for products; norms (N,) float64: squared, of the rows so moved and rounded to `dtype`."""

    rows: Tensor
    centre: Tensor
    scale: float
    dtype: torch.dtype
    norms: Tensor

    def widened(self) -> Cloud:
        """The same with products in float64."""
        if self.dtype == torch.float64:
            return self
        return _about(self.rows, self.centre, self.scale, torch.float64)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def tolerance(self) -> float:
        """The bound on a squared distance's error, relative to the sum of the squared norms."""
        unit = torch.finfo(self.dtype).eps / 2
        summed = self.rows.shape[1] * unit
        return summed / (1 - summed) + _ROUNDINGS * unit if summed < 0.5 else 1.0

    def part(self, chosen: slice | Tensor) -> Cloud:
        """Some of the rows."""
        return replace(self, rows=self.rows[chosen], norms=self.norms[chosen])

    def parts(self, side: int) -> Iterator[tuple[int, Cloud]]:
        """(first row, at most `side` rows from there)."""
        return ((start, self.part(slice(start, start + side))) for start in range(0, len(self), side))

    def moved(self) -> Tensor:
        """(N, d) the rows as they go into products."""
        return _moved(self.rows, self.centre, self.scale, self.dtype)


def clouds(*sides: Tensor) -> tuple[Cloud, ...]:
    """Each of `sides` (N, d), all of one type, about the mean of all rows."""
    parts = [part.sum(0, dtype=torch.float64) for side in sides for part in torch.split(side, _STRIP)]
    total = torch.stack(parts).sum(0)
    centre = (total / sum(len(side) for side in sides)).to(sides[0].dtype)
    scale = _scale(sides, centre)
    return tuple(_about(side, centre, scale, _product_dtype()) for side in sides)


def _about(rows: Tensor, centre: Tensor, scale: float, dtype: torch.dtype) -> Cloud:
    norms = [_moved(part, centre, scale, dtype).double().square_().sum(1) for part in torch.split(rows, _STRIP)]
    return Cloud(rows, centre, scale, dtype, torch.cat(norms))


def lower_bounds(a: Cloud, b: Cloud, moved_a: Tensor, moved_b: Tensor) -> Tensor:
    """(N, M) of the scaled squared distances, in the clouds' dtype; `upper_bounds` are twice the error above them.
    moved_a, moved_b: the clouds' own, taken once for many tiles."""
    share = 1 - a.tolerance
    tile = products(moved_a, moved_b).mul_(-2)
    tile += (share * b.norms - _UNDERFLOW).to(a.dtype)
    tile += (share * a.norms).to(a.dtype)[:, None]
    return tile


def products(a: Tensor, b: Tensor) -> Tensor:
    """(N, M) a b'. On the CPU NumPy takes it, which sees where both are one and takes half of the products."""
    return torch.from_numpy(a.numpy() @ b.numpy().T) if a.device.type == "cpu" else a @ b.T


def upper_bounds(lower: Tensor, norms: Tensor, tolerance: float) -> Tensor:
    """float64, from lower bounds of pairs and the sums of the pairs' squared norms."""
    return lower.double() + 2 * (tolerance * norms + _UNDERFLOW)


def exact_squares(a: Tensor, b: Tensor, i: Tensor, j: Tensor) -> Tensor:
    """(P,) float64 squared distances of rows a[i] and b[j], from differences: 0 for copies, the same both ways."""
    step = max(1, _PAIR_NUMBERS // a.shape[1])
    parts = [
        (a[some].double() - b[others].double()).square_().sum(1)
        for some, others in zip(torch.split(i, step), torch.split(j, step), strict=True)
    ]
    return torch.cat(parts) if parts else torch.zeros(0, dtype=torch.float64, device=a.device)


def checked_points(real: Values, fake: Values) -> tuple[Tensor, Tensor]:
    """Both sides as tensors (N, d) of one type on one device, finite: float32 where both are, else float64.
    MetricError otherwise."""
    reals, fakes = points(real, "real"), points(fake, "fake")
    same_width(reals, fakes)
    dtype = torch.promote_types(reals.dtype, fakes.dtype)
    return on_one_device(reals.to(dtype), fakes.to(dtype))


def _moved(rows: Tensor, centre: Tensor, scale: float, dtype: torch.dtype) -> Tensor:
    # A difference of float32 numbers rounded to float32 is within the bound; the centre is exact and so is the scale.
    about = rows - centre if rows.dtype == dtype else rows.to(torch.float64) - centre.to(torch.float64)
    return about.mul_(scale).to(dtype)


def _scale(sides: Iterable[Tensor], centre: Tensor) -> float:
    """The power of two that brings the largest number to about one, so that no square overflows in float32."""
    largest = max(float((part - centre).abs().max()) for side in sides for part in torch.split(side, _STRIP))
    return 2.0 ** -math.frexp(largest)[1]


def _product_dtype() -> torch.dtype:
    """float32 unless the process lets its products be rounded further (TF32, bfloat16)."""
    return torch.float32 if torch.get_float32_matmul_precision() == "highest" else torch.float64
