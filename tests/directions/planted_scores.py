"""Generators whose attributes are known functions of their latents, and the scores of their images."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganprobe.core.results import Estimate
from ganprobe.core.spaces import Batch, Latents, SamplerSpec
from ganprobe.core.streams import normal
from ganprobe.core.tables import DetailTable
from ganprobe.data import toyfaces
from ganprobe.directions.scored.base import ScoredMetric, ScoredSamples
from ganprobe.metrics.states.rows import KeptRows

NAMES = ("age", "glasses", "smile", "yaw")
CONTINUOUS = frozenset({"age", "yaw"})
WIDTH = 8


@dataclass(frozen=True)
class Warped:
    """w_a = |z_a| z_(a+4) for the first four: no plane of z tells its sign; the others are z's. The attributes are
    `mix` (4, WIDTH) times w, held by the first pixels of the image."""

    mix: NDArray[np.float64]
    name: str = "warped"
    fingerprint: str = "warped"

    @property
    def spec(self) -> SamplerSpec:
        return SamplerSpec((3, 4, 4), 0, {"z": (WIDTH,), "w": (WIDTH,)})

    def draw(self, index: range, *, seed: int) -> Latents:
        return Latents(index, torch.from_numpy(normal(seed, "z", index, (WIDTH,))), None, seed)

    def map(self, z: Tensor, labels: Tensor | None = None) -> Tensor:
        signs = torch.sign(z[:, :4] * z[:, 4:])
        return torch.cat([signs * z[:, :4].abs(), z[:, 4:].abs()], dim=1)

    def synthesize(self, latents: Tensor, *, space: str, **_: Any) -> Tensor:
        w = self.map(latents) if space == "z" else latents
        pixels = torch.zeros(len(w), 48)
        pixels[:, : len(self.mix)] = w @ torch.from_numpy(self.mix).float().T / 10
        return pixels.reshape(-1, 3, 4, 4)

    def batch(self, index: range, *, seed: int) -> Batch:
        latents = self.draw(index, seed=seed)
        return Batch(index, self.synthesize(latents.z, space="z"), None, latents)


class FirstPixels:
    """A scorer that reads the attributes back."""

    fingerprint = "first pixels"
    continuous = CONTINUOUS
    provides = frozenset(f"score.{name}" for name in NAMES)

    def observe(self, images: Tensor) -> dict[str, Tensor]:
        pixels = images.flatten(1)
        return {f"score.{name}": pixels[:, number] for number, name in enumerate(NAMES)}


class Faces(nn.Module):
    """Toyfaces whose yaw, smile, age and skin tone are `mix` (4, 6) times z, by way of the normal distribution."""

    z_dim = 6

    def __init__(self, mix: NDArray[np.float64]) -> None:
        super().__init__()
        self.register_buffer("mix", torch.from_numpy(mix).float())

    def forward(self, z: Tensor) -> Tensor:
        yaw, smile, age, skin = torch.special.ndtr(z @ self.mix.T).clamp(0, 1).numpy().T
        faces = toyfaces.from_values(len(z), yaw=2 * yaw - 1, smile=2 * smile - 1, age=age, skin_tone=skin)
        return torch.from_numpy(toyfaces.render(faces))


def unmixed() -> NDArray[np.float64]:
    return np.eye(4, WIDTH)


def mixed() -> NDArray[np.float64]:
    """Every attribute is the sum of two numbers of w, and shares one of them with the next."""
    return (np.eye(4, WIDTH) + np.roll(np.eye(4), 1, axis=1) @ np.eye(4, WIDTH)) / np.sqrt(2)


def kept(scores: NDArray[np.floating]) -> KeptRows:
    """The state that scores (N, A) of samples 0 to N - 1 leave."""
    return KeptRows().added(torch.arange(len(scores)), torch.from_numpy(np.asarray(scores, np.float32)))


def scores_of(sampler: Warped, n: int, seed: int = 0) -> NDArray[np.float32]:
    images = sampler.batch(range(n), seed=seed).images
    return images.flatten(1)[:, : len(NAMES)].numpy() * 10


def measured(
    metric: ScoredMetric,
    sampler: Any,
    scores: NDArray[np.floating],
    *,
    names: tuple[str, ...] = NAMES,
    continuous: frozenset[str] = CONTINUOUS,
    seed: int = 0,
    extremes: int | float | None = None,
) -> Estimate:
    """The estimate that goes by the name of `metric`."""
    return all_measured(metric, sampler, scores, names=names, continuous=continuous, seed=seed, extremes=extremes)[0]


def all_measured(
    metric: ScoredMetric,
    sampler: Any,
    scores: NDArray[np.floating],
    *,
    names: tuple[str, ...] = NAMES,
    continuous: frozenset[str] = CONTINUOUS,
    seed: int = 0,
    extremes: int | float | None = None,
) -> tuple[Estimate, ...]:
    """All estimates of `metric`."""
    samples = ScoredSamples(sampler, seed, names, continuous, extremes=extremes)
    return tuple(metric.measure(kept(scores), samples).values())


def table_of(estimate: Estimate, name: str) -> DetailTable:
    (found,) = [table for table in estimate.tables if table.name == name]
    return found


def column_of(estimate: Estimate, table: str, column: str) -> NDArray[np.float64]:
    found = table_of(estimate, table)
    place = found.columns.index(column)
    return np.array([np.nan if row[place] is None else row[place] for row in found.values], dtype=np.float64)
