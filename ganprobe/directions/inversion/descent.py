"""The descent from starts to latents: one step after another, each a function of the state before it.

Karras et al. 2020, "Analyzing and improving the image quality of StyleGAN" (arXiv 1912.04958), appendix D: Adam on the
perceptual distance, latents shaken by noise that fades, and, where noise maps are sought too, the regulariser that
keeps them noise. One thing differs: the rate of latents is in their own deviations, for which see docs/projection.md.
Pictures share a pass, and nothing else: the noise of each is keyed by its own `key`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import torch
from torch import Tensor

from ganprobe.core.borrowing import borrowed
from ganprobe.core.devices.convolutions import steady_convolutions
from ganprobe.core.devices.memory import Portions, joined
from ganprobe.core.errors import MetricError
from ganprobe.core.spaces import Space
from ganprobe.core.streams import normal
from ganprobe.directions.inversion.generating import Network, rendered, shapes_of_maps
from ganprobe.directions.inversion.noise_maps import WEIGHT, autocorrelation, normalised
from ganprobe.directions.inversion.schedule import rate, shaking
from ganprobe.directions.inversion.start import Distance, Start
from ganprobe.samplers.generator import GeneratorSampler

DECAY: Final = (0.9, 0.999)
EPSILON: Final = 1e-8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class State:
    """After `step` steps: weights are the latents (N, ...) and then the noise maps (N, 1, H, W); first, second: Adam's
    moments of each. losses: (steps so far, N), the distances of the shaken latents."""

    step: int
    weights: tuple[Tensor, ...]
    first: tuple[Tensor, ...]
    second: tuple[Tensor, ...]
    losses: Tensor


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Projecting:
    """What is projected and how. targets: (N, 3, H, W) in [-1, 1]. keys: a name for each, of which its noise follows.
    maps: whether noise maps are sought."""

    sampler: Network
    distance: Distance
    space: Space
    targets: Tensor
    keys: tuple[str, ...]
    start: Start
    steps: int
    seed: int
    maps: bool

    def begun(self) -> State:
        """The state before the first step."""
        weights = (self.start.points.clone(), *(self._first_map(k) for k in range(self._layers)))
        zeros = tuple(torch.zeros_like(each) for each in weights)
        none = self.targets.new_zeros((0, len(self.targets)))
        return State(step=0, weights=weights, first=zeros, second=zeros, losses=none)

    @property
    def _layers(self) -> int:
        return len(shapes_of_maps(self.sampler)) if self.maps else 0

    def _first_map(self, layer: int) -> Tensor:
        return self.noise(f"map.{layer}", 0, (1, *shapes_of_maps(self.sampler)[layer]))

    def noise(self, purpose: str, number: int, shape: Sequence[int]) -> Tensor:
        """Normals (N, *shape), the rows of each picture its own."""
        here = range(number, number + 1)
        rows = [normal(self.seed, f"project.{key}.{purpose}", here, tuple(shape), block=1) for key in self.keys]
        return torch.cat([torch.from_numpy(row) for row in rows]).to(self.targets.device)


def descended(of: Projecting, state: State, *, after: Callable[[State], None]) -> State:
    """The state after all steps, from any on; `after` is called with each. MetricError for distances not finite."""
    module = of.sampler.generator if isinstance(of.sampler, GeneratorSampler) else of.sampler.module
    portions = Portions("pictures are projected", most=of.sampler.spec.block)
    with borrowed(module, seed=0), steady_convolutions():
        while state.step < of.steps:
            state = _stepped(of, state, portions)
            after(state)
    return state


def _stepped(of: Projecting, state: State, portions: Portions) -> State:
    points = state.weights[0]
    deviation = _each(of.start.deviation, points) * shaking(state.step, of.steps)
    shaken = points + of.noise("shaking", state.step, points.shape[1:]) * deviation
    parts = list(portions.over(range(len(points)), lambda part: _gradients(of, shaken, state.weights[1:], part)))
    losses, *gradients = (joined(each) for each in zip(*parts, strict=True))
    if not bool(losses.isfinite().all()):
        raise MetricError(f"the distance at step {state.step} is no number; check the generator's precision")
    now, number = rate(state.step, of.steps), state.step + 1
    rates = [now * _each(of.start.deviation, points) / points.shape[-1] ** 0.5, *[now] * (len(state.weights) - 1)]
    moved = [
        _moved(*each, number) for each in zip(state.weights, gradients, state.first, state.second, rates, strict=True)
    ]
    weights, first, second = (tuple(each) for each in zip(*moved, strict=True))
    weights = (weights[0], *(normalised(each) for each in weights[1:]))
    return replace(
        state, step=number, weights=weights, first=first, second=second, losses=torch.cat([state.losses, losses[None]])
    )


def _gradients(of: Projecting, shaken: Tensor, maps: Sequence[Tensor], part: range) -> tuple[Tensor, ...]:
    """The distances (n,) of some of the pictures, and the gradients of each picture's own loss."""
    rows = slice(part.start, part.stop)
    leaves = [each[rows].detach().clone().requires_grad_(True) for each in (shaken, *maps)]
    labels = None if of.start.labels is None else of.start.labels[rows]
    with torch.enable_grad():
        images = rendered(of.sampler, leaves[0], space=of.space, labels=labels, maps=leaves[1:])
        distances = of.distance(images, of.targets[rows])
        loss = distances.sum()
        if maps:
            loss = loss + WEIGHT * autocorrelation(leaves[1:]).sum()
        gradients = torch.autograd.grad(loss, leaves)
    return (distances.detach().to(shaken.device), *gradients)


def _each(values: Tensor, points: Tensor) -> Tensor:
    """(N,) as (N, 1, ...) beside points."""
    return values.view(-1, *[1] * (points.ndim - 1))


def _moved(
    weight: Tensor, gradient: Tensor, first: Tensor, second: Tensor, now: float | Tensor, number: int
) -> tuple[Tensor, Tensor, Tensor]:
    """One step of Adam (Kingma and Ba 2015, algorithm 1)."""
    first = DECAY[0] * first + (1 - DECAY[0]) * gradient
    second = DECAY[1] * second + (1 - DECAY[1]) * gradient.square()
    mean, square = first / (1 - DECAY[0] ** number), second / (1 - DECAY[1] ** number)
    return weight - now * mean / (square.sqrt() + EPSILON), first, second
