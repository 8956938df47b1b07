"""What sampling alone does to an MMD^2 of two sides of one distribution, where its projections vanish.

>>> from ganprobe.core.streams import stream
>>> import torch
>>> rows = torch.from_numpy(stream(0, "alike example").standard_normal((400, 4)))
>>> alike = alike_square(rows[:200], rows[200:], 200, 200)
>>> 0 < alike.second < 0.1, 0 < alike.offset < 0.5
(True, True)
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from ganprobe.metrics.intervals import Square

Kernel = Callable[[Tensor, Tensor], Tensor]
ROWS = 1000
"""Of a side, that it is read from: it corrects an interval, and is no part of the value."""


def cubic(x: Tensor, y: Tensor) -> Tensor:
    """KID's kernel, (N, M)."""
    return (x @ y.T / x.shape[1] + 1) ** 3


def alike_square(a: Tensor, b: Tensor, n: int, m: int, *, repeats: float = 1.0, kernel: Kernel = cubic) -> Square:
    """Of rows a (N, d) and b (M, d), for the unbiased MMD^2 of n and m of them, or for the mean of `repeats` such ones.

    offset: by how much the squared distance of the two mean embeddings exceeds it, (E k(x, x) - E k(x, x')) / n and the
    same of the other side. second: 2 s_aa / n^2 + 2 s_bb / m^2 + 4 s_ab / (n m), with s the variance of the doubly
    centred kernel (Gretton et al. 2012, theorem 12; docs/metrics/kd.md).
    """
    x, y = _some(a), _some(b)
    bias_a, s_aa = _within(kernel(x, x))
    bias_b, s_bb = _within(kernel(y, y))
    offset = bias_a / n + bias_b / m
    second = 2 * s_aa / n**2 + 2 * s_bb / m**2 + 4 * _across(kernel(x, y)) / (n * m)
    return Square(second=second / repeats, offset=max(offset, 0.0) / repeats)


def _some(rows: Tensor) -> Tensor:
    """At most ROWS, evenly spread, in float64."""
    step = -(-len(rows) // ROWS)
    chosen = rows[::step]
    return (chosen.cpu() if chosen.device.type == "mps" else chosen).double()


def _within(kernel: Tensor) -> tuple[float, float]:
    """The mean of k(x, x) less that of k(x, x') over pairs, and the variance of the doubly centred kernel over them."""
    n, own = len(kernel), float(kernel.diagonal().mean())
    kernel.fill_diagonal_(0.0)
    pairs = n * (n - 1)
    mean, rows = float(kernel.sum()) / pairs, kernel.sum(1) / (n - 1)
    spread = float(rows.var()) if n > 2 else 0.0
    return own - mean, max(float((kernel**2).sum()) / pairs - mean**2 - 2 * spread, 0.0)


def _across(kernel: Tensor) -> float:
    centred = kernel - kernel.mean(1, keepdim=True) - kernel.mean(0, keepdim=True) + kernel.mean()
    return float((centred**2).mean())
