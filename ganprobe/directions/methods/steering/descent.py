"""Adam for vectors: one step size for each vector, in place of one for each coordinate (Ling, Sharp and Jacobson 2022,
"VectorAdam for rotation equivariant geometry optimization", NeurIPS).

>>> x = torch.tensor([3.0, 4.0], requires_grad=True)
>>> descended([x], lambda number: x.square().sum(), iterations=300, rate=0.1, label="to the origin")
>>> bool(x.norm() < 0.01)
True

The coordinates of a latent mean nothing one by one. Adam's own scaling by coordinate would lead out of the span of the
gradients, into what the images do not depend on; this one stays in it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import torch
from torch import Tensor

from ganprobe.core.progress import Track

DECAY: Final = (0.9, 0.999)
EPSILON: Final = 1e-12
After = Callable[[], None]


def descended(
    weights: Sequence[Tensor],
    loss: Callable[[int], Tensor],
    *,
    iterations: int,
    rate: float,
    label: str = "",
    after: After | None = None,
) -> None:
    """Move `weights`, which require gradients, towards lower `loss(number)`, number counting from 0. The last dimension
    of each is a vector with one second moment. The rate, the length of a step by the root of its coordinates, falls to
    zero along a cosine. label: of the progress, if it is to be shown. after: called after each step."""
    first = [torch.zeros_like(weight) for weight in weights]
    second = [torch.zeros_like(weight[..., :1]) for weight in weights]
    with Track(label, iterations if label else 0, unit="steps") as track, torch.enable_grad():
        for number in range(iterations):
            gradients = torch.autograd.grad(loss(number), weights, allow_unused=True)
            now = rate * (1 + math.cos(math.pi * number / iterations)) / 2
            for weight, gradient, mean, square in zip(weights, gradients, first, second, strict=True):
                _step(weight, torch.zeros_like(weight) if gradient is None else gradient, mean, square, number + 1, now)
            if after is not None:
                after()
            if label:
                track.advance(1)


@torch.no_grad()
def _step(weight: Tensor, gradient: Tensor, mean: Tensor, square: Tensor, number: int, rate: float) -> None:
    mean.lerp_(gradient, 1 - DECAY[0])
    square.lerp_(gradient.square().mean(-1, keepdim=True), 1 - DECAY[1])
    deviation = (square / (1 - DECAY[1] ** number)).sqrt() + EPSILON
    weight -= rate * mean / (1 - DECAY[0] ** number) / deviation
