"""Directions that change a known factor, such as zoom or brightness, and how far each of them goes.

Two ways to find them: direct optimisation (`jahanian`, along a line or a curve) and inversion of transformed images
(`plumerault`). What was found is measured alike: it is asked for an amount of the factor, and the amount that came
about is read from the two images by registration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import InputError, MetricError
from ganprobe.directions.direction import Direction
from ganprobe.directions.latents import projections, spread_along
from ganprobe.directions.methods.steering.jahanian import STRIDES_A_SIDE, Descent, linear_walk, nonlinear_walk
from ganprobe.directions.methods.steering.plumerault import fit_direction, fit_response, trajectories
from ganprobe.directions.methods.steering.rendering import Renderer
from ganprobe.directions.methods.steering.transforms import FACTORS, check_factors, registered

FloatArray = NDArray[np.float64]
Approach = Literal["jahanian", "plumerault"]
WalkKind = Literal["linear", "nonlinear"]
REQUESTS: Final = 9
HELD: Final = 0.5
"""An edit holds as long as the median image shows this share of the amount that was asked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Steering:
    """factors: of FACTORS. approach, walk: how they are sought; plumerault's are lines alone. iterations: of descent
    for each factor. measured: samples whose images are registered. compared: samples for the Frechet distances.
    InputError for others."""

    factors: tuple[str, ...] = tuple(FACTORS)
    approach: Approach = "jahanian"
    walk: WalkKind = "linear"
    iterations: int = 200
    batch: int = 8
    measured: int = 64
    compared: int = 256

    def __post_init__(self) -> None:
        check_factors(self.factors)
        if self.approach not in get_args(Approach) or self.walk not in get_args(WalkKind):
            known = "jahanian or plumerault, linear or nonlinear"
            raise InputError(f"steering goes by {known}, got {self.approach} and {self.walk}")
        if (self.approach, self.walk) == ("plumerault", "nonlinear"):
            raise InputError("plumerault finds lines; for a non-linear walk take the approach jahanian")
        if self.measured < 2 or self.compared < 2:
            raise InputError(f"at least 2 samples must be measured, got {self.measured} and {self.compared}")
        Descent(iterations=self.iterations, batch=self.batch)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Steer:
    """direction: as it is saved. at: latents (N, D) and an amount of the factor to the latents where it is due.
    numbers: what else is known, for JSON."""

    factor: str
    direction: Direction
    at: Callable[[Tensor, float], Tensor]
    numbers: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Achieved:
    """requested (R,) amounts, rising and symmetric about 0, and achieved (R, N): what N samples show for each."""

    requested: FloatArray
    achieved: FloatArray

    @property
    def slope(self) -> float:
        """Of the median achieved on the requested amount, through 0: 1 is an edit that does as it is told."""
        return float(self.median @ self.requested / (self.requested @ self.requested))

    @property
    def median(self) -> FloatArray:
        return np.asarray(np.median(self.achieved, axis=1), dtype=np.float64)

    def holds(self, sense: Literal[-1, 1]) -> float:
        """The farthest amount of that sense up to which the median shows at least HELD of every amount asked for."""
        asked = self.requested * sense
        order = np.argsort(asked)
        beyond = order[asked[order] > 0]
        kept = np.cumprod(self.median[beyond] / self.requested[beyond] >= HELD).astype(bool)
        return float(self.requested[beyond][kept][-1]) if kept.any() else 0.0


def steer(of: Renderer, factor: str, settings: Steering, *, samples: int, seed: int) -> Steer:
    """The direction of one factor, called as the factor is. samples: for its scale in w. MetricError where none moves
    the images."""
    descent = Descent(iterations=settings.iterations, batch=settings.batch, seed=seed)
    if settings.approach == "plumerault":
        return _plumerault(of, factor, descent, samples)
    if settings.walk == "nonlinear":
        return _nonlinear(of, factor, descent, samples)
    step = linear_walk(of, factor, descent)
    length = _length(step, factor)
    item, _ = _direction(of, factor, step, 1 / length, samples, seed)
    toward = torch.from_numpy(step.astype(np.float32))
    return Steer(factor=factor, direction=item, at=lambda x, amount: x + amount * toward.to(x.device))


def achieved(of: Renderer, found: Steer, *, samples: int, seed: int) -> Achieved:
    """What samples 0 to `samples` - 1 show of REQUESTS amounts over the factor's reach."""
    reach = FACTORS[found.factor].reach
    requested = np.linspace(-reach, reach, REQUESTS)
    points, labels = of.points(range(samples), seed=seed)
    before = of.images(points, labels)
    rows = []
    for amount in requested:
        after = of.images(found.at(points, float(amount)), labels)
        pairs = zip(*(torch.split(images, of.sampler.spec.block) for images in (before, after)), strict=True)
        rows.append(torch.cat([registered(plain, edited, found.factor, reach=reach) for plain, edited in pairs]))
    return Achieved(requested=requested, achieved=torch.stack(rows).cpu().double().numpy())


def scored(found: Steer, shown: Achieved, more: Mapping[str, float]) -> Direction:
    """The direction with its scores: slope and holds_low, holds_high of `shown`, and `more`."""
    scores = {"slope": shown.slope, "holds_low": shown.holds(-1), "holds_high": shown.holds(1), **more}
    return replace(found.direction, scores={**found.direction.scores, **scores})


def _plumerault(of: Renderer, factor: str, descent: Descent, samples: int) -> Steer:
    paths = trajectories(of, factor, descent)
    u = fit_direction(paths)
    along = projections(of.sampler, u[None], samples=samples, seed=descent.seed, space=of.space)[:, 0]
    response = fit_response(paths, u, along)
    item, _ = _direction(of, factor, u, response.gain / response.deviation, samples, descent.seed)
    unit = torch.from_numpy(u.astype(np.float32))

    def at(points: Tensor, amount: float) -> Tensor:
        steps = response.displacement((points.cpu().double().numpy() @ u), amount)
        return points + torch.from_numpy(steps.astype(np.float32)).to(points.device)[:, None] * unit.to(points.device)

    return Steer(factor=factor, direction=item, at=at, numbers={"response": response.to_json()})


def _nonlinear(of: Renderer, factor: str, descent: Descent, samples: int) -> Steer:
    walk, apart = nonlinear_walk(of, factor, descent)
    length = _length(apart, factor) / STRIDES_A_SIDE
    stride = FACTORS[factor].reach / STRIDES_A_SIDE
    item, per_strength = _direction(of, factor, apart, stride / length, samples, descent.seed)
    paced = replace(walk, steps_per_strength=per_strength / stride)
    return Steer(
        factor=factor,
        direction=replace(item, walk=paced),
        at=lambda x, amount: paced.moved(x, amount / per_strength),
    )


def _direction(
    of: Renderer, factor: str, vector: FloatArray, gain: float, samples: int, seed: int
) -> tuple[Direction, float]:
    """The direction, and how much of the factor a strength of 1 is, `gain` being that of a latent's unit of length."""
    unit = vector / np.linalg.norm(vector)
    scale = float(spread_along(of.sampler, unit[None], samples=samples, seed=seed, space=of.space)[0])
    item = Direction(name=factor, space=of.space, vector=unit, scale=scale, scores={"per_strength": gain * scale})
    return item, gain * scale


def _length(step: FloatArray, factor: str) -> float:
    length = float(np.linalg.norm(step))
    if not (np.isfinite(length) and length > 0):
        raise MetricError(f"nothing in the latents moves the images towards {factor}; leave the factor out")
    return length
