"""The unbiased MMD^2 of many subsets of the same rows, from float32 products of which float64 makes the rest.

>>> subsets = KernelSubsets.of(torch.zeros(6, 2), torch.ones(6, 2))
>>> subsets.projections(torch.tensor([0, 2, 5]), torch.tensor([1, 3, 4])).value
7.0

With c near the mean of all rows, x'y = (x - c)'(y - c) + c'x + c'y - c'c, and only the first term, which is small, is
taken in float32; what it loses is of either sign and goes into a mean over all pairs (measured: docs/metrics/kid.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from ganprobe.metrics.kernel.distance import Projections, own_kernel, projections_of_sums
from ganprobe.metrics.neighbours.squared_distances import products

_BLOCK = 2048
_STRIP = 128
"""Rows whose kernel is taken at a time, in float64: so few stay in the processor's caches."""

_LARGEST = 1e30
"""Of d^3 k(x, x): sums of a few thousand such numbers, and what they are made of, fit float32."""


@final
@dataclass(frozen=True, slots=True)
class KernelSubsets:
    """ours (N, d) and theirs (M, d) float32; centre (d,) float32. In float64: offset (N + M,) of each row, such that
    x'y / d is that of the centred rows and both offsets; own (N + M,), k(x, x). dtype: of the products, float32 unless
    rows are so large, or the process lets float32 be rounded so far, that it takes float64."""

    ours: Tensor
    theirs: Tensor
    centre: Tensor
    offset: Tensor
    own: Tensor
    dtype: torch.dtype

    @staticmethod
    def of(ours: Tensor, theirs: Tensor) -> KernelSubsets:
        """Both float32, of the same width, on one device that has float64."""
        parts = [part for side in (ours, theirs) for part in torch.split(side, _BLOCK)]
        total = torch.stack([part.sum(0, dtype=torch.float64) for part in parts]).sum(0)
        centre = (total / (len(ours) + len(theirs))).float()
        middle = centre.double()
        wide = [(part @ middle - middle @ middle / 2, own_kernel(part)) for part in map(Tensor.double, parts)]
        along, own = (torch.cat(column) for column in zip(*wide, strict=True))
        exact = torch.get_float32_matmul_precision() != "highest" or float(own.max()) * len(centre) ** 3 > _LARGEST
        dtype = torch.float64 if exact else torch.float32
        return KernelSubsets(ours, theirs, centre, along / len(centre), own, dtype)

    def projections(self, rows: Tensor, others: Tensor) -> Projections:
        """Of the rows numbered `rows` (n,) of ours and `others` (m,) of theirs; takes some 12 n m bytes."""
        chosen, others_chosen = rows, others + len(self.ours)
        a, b = (part.sub_(self.centre).to(self.dtype) for part in (self.ours[rows], self.theirs[others]))
        p, q = self.offset[chosen], self.offset[others_chosen]
        within_a, _ = _sums(a, a, p, p)
        within_b, _ = _sums(b, b, q, q)
        own_a, own_b = self.own[chosen], self.own[others_chosen]
        return projections_of_sums(within_a - own_a, within_b - own_b, *_sums(a, b, p, q))


def _sums(a: Tensor, b: Tensor, p: Tensor, q: Tensor) -> tuple[Tensor, Tensor]:
    """The kernel's sums over b, (n,), and over a, (m,), in float64: w^3 of w = 1 + p + q there and then, and of the
    rest, (w + e / d)^3 - w^3 = e (3 (d w)^2 + 3 d w e + e^2) / d^3 with products e, in float32. Over b alone where both
    are one."""
    product, width = products(a, b), a.shape[1]
    wide_p, wide_q = ((width * one).to(product.dtype) for one in (p + 1, q))
    over_b = torch.empty(len(a), dtype=torch.float64, device=a.device)
    over_a = torch.zeros(len(b), dtype=torch.float64, device=a.device)
    strip = _STRIP if a.device.type == "cpu" else len(a)
    for start in range(0, len(a), strip):
        place = slice(start, start + strip)
        e, w = product[place], wide_q + wide_p[place, None]
        rest = torch.add(e, w, alpha=3).mul_(e).add_(w.square_(), alpha=3).mul_(e)
        over_b[place] = rest.sum(1)
        if a is not b:
            over_a += rest.sum(0)
    return over_b / width**3 + _cubes(p, q), over_a / width**3 + _cubes(q, p)


def _cubes(p: Tensor, q: Tensor) -> Tensor:
    """(n,) sum over j of (1 + p_i + q_j)^3."""
    one, two, three = q.sum(), (q**2).sum(), (q**3).sum()
    p = p + 1
    return len(q) * p**3 + 3 * p**2 * one + 3 * p * two + three
