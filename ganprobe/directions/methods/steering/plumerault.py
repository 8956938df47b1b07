"""Directions of a factor from inversions of transformed images (Plumerault, Le Borgne and Hudelot 2020, "Controlling
generative models with continuous factors of variations", arXiv 2001.10238).

1. Trajectories (algorithm 1): for amounts growing in small steps, the latent that draws the transformed
   image best is sought from the one of the step before, so that each search begins near its end. The error is that of
   images through a Gaussian filter, since a generator cannot follow the high frequencies of another image; z is kept
   within its ball of radius sqrt(D).
2. A model: the factor is a monotone function g of the position <z, u> along a unit vector u. Only
   differences of the factor are known, so g is fitted to them: t = g(<z_t, u>) - g(<z_0, u>), least squares over
   piecewise linear maps of slopes of 0 or more.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls
from torch import Tensor

from ganprobe.core.errors import MetricError
from ganprobe.core.progress import Track
from ganprobe.directions.methods.steering.descent import descended
from ganprobe.directions.methods.steering.jahanian import Descent, spread
from ganprobe.directions.methods.steering.rendering import Renderer
from ganprobe.directions.methods.steering.transforms import FACTORS, blurred, transform

FloatArray = NDArray[np.float64]
STEPS_A_SIDE: Final = 4
TRAJECTORIES: Final = 24
INVERSION_RATE: Final = 0.05
SEGMENTS: Final = 6
BLUR: Final = 1 / 20
"""Standard deviation of the filter as a share of the image's width."""
FARTHEST: Final = 4.0
"""Standard deviations from the mean position within which positions are sought."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trajectories:
    """amounts (T,): of the factor, 0 among them. latents (T, N, D): of the same N samples at each amount."""

    amounts: FloatArray
    latents: FloatArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Response:
    """The factor as a piecewise linear, rising function of the position along a direction, 0 at the mean position.

    knots (K,) rising positions; slopes (K + 1,): before, between and after them. mean, deviation: of the positions of
    the generator's latents.
    """

    knots: FloatArray
    slopes: FloatArray
    mean: float
    deviation: float

    def value(self, positions: FloatArray) -> FloatArray:
        """Positions (...) to the factor."""
        return _ramps(positions, self.knots) @ self.slopes - float((_ramps(self._mean, self.knots) @ self.slopes)[0])

    def displacement(self, positions: FloatArray, amount: float) -> FloatArray:
        """How far (N,) along the direction the factor changes by `amount`, from each of positions (N,); where that is
        not to be had within 4 standard deviations of the mean, to there."""
        ends = (self.mean - FARTHEST * self.deviation, self.mean + FARTHEST * self.deviation)
        table = np.unique(np.concatenate([self.knots[(self.knots > ends[0]) & (self.knots < ends[1])], ends]))
        values = self.value(table)
        keep = np.concatenate([[True], np.diff(values) > 0])
        inside = np.clip(positions, *ends)
        moved = np.interp(self.value(inside) + amount, values[keep], table[keep])
        return np.asarray(moved - inside if amount else np.zeros_like(inside), dtype=np.float64)

    @property
    def gain(self) -> float:
        """Change of the factor from one standard deviation below the mean position to one above, over two."""
        ends = np.array([self.mean - self.deviation, self.mean + self.deviation])
        return float(np.diff(self.value(ends))[0] / 2)

    @property
    def _mean(self) -> FloatArray:
        return np.array([self.mean])

    def to_json(self) -> dict[str, Any]:
        return {
            "knots": self.knots.tolist(),
            "slopes": self.slopes.tolist(),
            "mean": self.mean,
            "deviation": self.deviation,
        }


def trajectories(of: Renderer, factor: str, descent: Descent) -> Trajectories:
    """Recursive inversions of TRAJECTORIES samples, STEPS_A_SIDE amounts to each side; `descent.iterations` in all."""
    points, labels = of.points(range(TRAJECTORIES), seed=descent.seed)
    before = of.images(points, labels)
    unit = float(spread(of, descent.seed))
    each = max(1, descent.iterations // (2 * STEPS_A_SIDE))
    reach, found = FACTORS[factor].reach, {0.0: points}
    with Track(f"{factor}, inversions", 2 * STEPS_A_SIDE, unit="amounts") as track:
        for sense in (-1.0, 1.0):
            here = points
            for number in range(1, STEPS_A_SIDE + 1):
                amount = sense * reach * number / STEPS_A_SIDE
                here = _inverted(of, here, labels, *_target(before, factor, amount), steps=each, rate=unit)
                found[amount] = here
                track.advance(1)
    amounts = sorted(found)
    latents = torch.stack([found[amount] for amount in amounts])
    return Trajectories(amounts=np.array(amounts), latents=latents.cpu().double().numpy())


def fit_direction(paths: Trajectories) -> FloatArray:
    """The unit vector (D,) of the latents' regression on the amount, each trajectory about its own origin. MetricError
    where no trajectory moves."""
    moved = paths.latents - paths.latents[paths.amounts == 0]
    slope = np.einsum("t,tnd->d", paths.amounts, moved)
    length = float(np.linalg.norm(slope))
    if length <= np.finfo(np.float64).tiny:
        raise MetricError("no latent moved towards the transformed images, so there is no direction; raise the steps")
    return np.asarray(slope / length, dtype=np.float64)


def fit_response(paths: Trajectories, u: FloatArray, positions: FloatArray) -> Response:
    """The monotone map along u (D,); positions (M,): those of the generator's latents. MetricError for a flat map."""
    along = paths.latents @ u
    knots = np.unique(np.quantile(along, np.linspace(0, 1, SEGMENTS + 1)[1:-1]))
    rises = _ramps(along, knots) - _ramps(along[paths.amounts == 0], knots)
    wanted = np.repeat(paths.amounts, along.shape[1])
    slopes, _ = nnls(rises.reshape(-1, len(knots) + 1), wanted)
    response = Response(
        knots=knots, slopes=slopes, mean=float(positions.mean()), deviation=float(positions.std(ddof=1))
    )
    if not response.gain > 0:
        raise MetricError("the factor does not follow the position along the direction found; it cannot be steered so")
    return response


def _ramps(positions: FloatArray, knots: FloatArray) -> FloatArray:
    """(..., K + 1): how far each position lies within each segment; their sum is the position less the first knot."""
    lows, highs = np.concatenate([[-np.inf], knots]), np.concatenate([knots, [np.inf]])
    start = np.concatenate([knots[:1], knots])
    clipped = np.clip(positions[..., None], lows, highs)
    return np.asarray(clipped - start, dtype=np.float64)


def _target(before: Tensor, factor: str, amount: float) -> tuple[Tensor, Tensor]:
    return transform(before, factor, before.new_full((len(before),), amount))


def _inverted(
    of: Renderer, start: Tensor, labels: Tensor | None, target: Tensor, known: Tensor, *, steps: int, rate: float
) -> Tensor:
    """Latents (N, D) that draw the known pixels of `target` best, from `start`, after so many steps of descent."""
    limit = start.norm(dim=1, keepdim=True).clamp_min(start.shape[1] ** 0.5) if of.space == "z" else None
    points = start.detach().clone().requires_grad_(True)

    def loss(number: int) -> Tensor:
        difference = blurred(known * (of.render(points, labels) - target), BLUR * target.shape[-1])
        return (difference.square().sum((1, 2, 3)) / known.sum((1, 2, 3)).clamp_min(1)).sum()

    @torch.no_grad()
    def into_the_ball() -> None:
        if limit is not None:
            points.mul_((limit / points.norm(dim=1, keepdim=True)).clamp_max(1))

    descended([points], loss, iterations=steps, rate=INVERSION_RATE * rate, after=into_the_ball)
    return points.detach()
