"""Walks that steer a factor, by direct optimisation (Jahanian, Chai and Isola 2020, "On the steerability of generative
adversarial networks", arXiv 1907.07171, section 3).

A linear walk w minimises E over z and a of |G(z + a w) - edit(G(z), a)|^2 over the pixels that the edit knows: those
that would come from outside the image are masked. A non-linear one takes n small steps of a little network f, one for
each sense, and minimises |G(f^n(z)) - edit(G(z), n e)|^2 likewise; as in the authors' code each step in z keeps the
length of z, so that the walk cannot retreat to the images about the origin.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.core.streams import stream, uniform
from ganprobe.directions.methods.steering.descent import descended
from ganprobe.directions.methods.steering.rendering import Renderer
from ganprobe.directions.methods.steering.transforms import FACTORS, known_error, transform
from ganprobe.directions.walks import Walk, stride_shapes, strides

STRIDES_A_SIDE: Final = 5
"""Steps of a non-linear walk from 0 to the factor's reach."""
LINEAR_RATE: Final = 0.05
STRIDE_RATE: Final = 0.003
_STEER: Final = "steer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Descent:
    """iterations of VectorAdam, at `batch` fresh samples of `seed` each."""

    iterations: int = 200
    batch: int = 8
    seed: int = 0

    def __post_init__(self) -> None:
        if self.iterations < 1 or self.batch < 1:
            raise InputError(f"at least 1 iteration and sample are needed, got {self.iterations} and {self.batch}")


def linear_walk(of: Renderer, factor: str, descent: Descent) -> NDArray[np.float64]:
    """The displacement (D,) of latents that changes `factor` by one unit."""
    unit = spread(of, descent.seed)
    walk = torch.zeros(of.dim, device=unit.device, requires_grad=True)

    def loss(number: int) -> Tensor:
        share = _shares(descent, factor, number).to(unit.device)
        return _misfit(of, factor, number, descent, share, lambda x: x + share[:, None] * unit * walk)

    descended([walk], loss, iterations=descent.iterations, rate=LINEAR_RATE, label=f"{factor}, linear walk")
    full = (unit * walk).detach().cpu().double().numpy()
    return np.asarray(full / FACTORS[factor].reach, dtype=np.float64)


def nonlinear_walk(of: Renderer, factor: str, descent: Descent) -> tuple[Walk, NDArray[np.float64]]:
    """A walk whose strength of 1 is one step, a fifth of the factor's reach, and half the mean displacement (D,)
    between both ends."""
    unit = spread(of, descent.seed)
    keep = of.space == "z"
    sides = [_still(of, factor, descent.seed, side, unit) for side in (0, 1)]

    def loss(number: int) -> Tensor:
        side = number % 2
        share = _shares(descent, factor, number).to(unit.device).abs() * (1 - 2 * side)
        return _misfit(
            of,
            factor,
            number,
            descent,
            share,
            lambda x: strides(x, sides[side], share.abs() * STRIDES_A_SIDE, keep_length=keep),
        )

    weights = [tensor for side in sides for tensor in side.values()]
    descended(weights, loss, iterations=descent.iterations, rate=STRIDE_RATE, label=f"{factor}, non-linear walk")
    arrays = [{name: tensor.detach().cpu().numpy() for name, tensor in side.items()} for side in sides]
    walk = Walk(forward=arrays[0], backward=arrays[1], steps_per_strength=1.0, keeps_length=keep)
    points, _ = of.points(range(64), seed=descent.seed)
    apart = walk.moved(points, STRIDES_A_SIDE) - walk.moved(points, -STRIDES_A_SIDE)
    return walk, np.asarray(apart.mean(0).cpu().double().numpy() / 2)


def spread(of: Renderer, seed: int) -> Tensor:
    """The root mean variance of the latents' numbers, over 1,024 samples: the unit in which steps are taken."""
    points, _ = of.points(range(1024), seed=seed)
    return points.var(0).mean().sqrt()


def _misfit(
    of: Renderer, factor: str, number: int, descent: Descent, share: Tensor, move: Callable[[Tensor], Tensor]
) -> Tensor:
    points, labels = of.points(_batch(descent, number), seed=descent.seed)
    target, known = transform(of.images(points, labels), factor, share * FACTORS[factor].reach)
    return known_error(of.render(move(points), labels), target, known).mean()


def _batch(descent: Descent, number: int) -> range:
    return range(number * descent.batch, (number + 1) * descent.batch)


def _shares(descent: Descent, factor: str, number: int) -> Tensor:
    """Amounts (batch,) as shares of the factor's reach, uniform from -1 to 1."""
    values = 2 * uniform(descent.seed, f"{_STEER}.{factor}", _batch(descent, number)) - 1
    return torch.from_numpy(values.astype(np.float32))


def _still(of: Renderer, factor: str, seed: int, side: int, unit: Tensor) -> dict[str, Tensor]:
    """A stride that does not move yet: the last layer is zero, the first drawn by seed, factor and side."""
    rng = stream(seed, f"{_STEER}.stride", factor, side)
    weights = {}
    for name, shape in stride_shapes(of.dim, of.dim).items():
        scale = 1 / (math.sqrt(of.dim) * float(unit)) if name == "weight_in" else 0.0
        values = torch.from_numpy(rng.standard_normal(shape, dtype=np.float32)) * scale
        weights[name] = values.to(unit.device).requires_grad_(True)
    return weights
