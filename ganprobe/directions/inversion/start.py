"""Where a projection starts: at the mean of w, or at the nearest of some samples; and of which class.

In W the mean is over MAPPED latents, those of the class where there are classes (Karras et al. 2020, appendix D). Z has
no such centre: there the nearest of CANDIDATES samples is the start. A class that is not known is the class whose
nearest samples are nearest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from ganprobe.core.protocols import LatentSampler
from ganprobe.core.spaces import Space
from ganprobe.directions.latents import parts_of

MAPPED: Final = 10_000
CANDIDATES: Final = 512
LEAST_OF_A_CLASS: Final = 4
NEAREST: Final = 4
"""Samples of a class whose mean distance says how near it is."""
Distance = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Start:
    """points: latents (N, ...). labels: (N,), or None without classes. deviation: (N,), the root of the mean squared
    length of a latent less the mean."""

    points: Tensor
    labels: Tensor | None
    deviation: Tensor


def started(
    sampler: LatentSampler, targets: Tensor, distance: Distance, *, space: Space, label: int | None, seed: int
) -> Start:
    """The starts of N projections. targets: images (N, 3, H, W). label: of all, or None to find each its own."""
    classes = sampler.spec.num_classes
    found: list[tuple[Tensor, int]] = []
    if space == "z" or (classes and label is None):
        found = [_nearest(sampler, target, distance, label, seed) for target in targets]
    labels = None
    if classes:
        told = [own for _, own in found] if label is None else [label] * len(targets)
        labels = torch.tensor(told, dtype=torch.int64, device=targets.device)
    if space == "z":
        points = torch.stack([point for point, _ in found])
        return Start(points=points, labels=labels, deviation=points.new_full((len(points),), points.shape[1] ** 0.5))
    wanted: list[int | None] = [None] * len(targets) if labels is None else labels.tolist()
    centres = {own: _centre(sampler, own, seed) for own in dict.fromkeys(wanted)}
    rows = [centres[own] for own in wanted]
    points, deviation = torch.stack([row for row, _ in rows]), torch.stack([spread for _, spread in rows])
    if space == "w+":
        points = points[:, None].repeat(1, sampler.spec.spaces["w+"][0], 1)
    return Start(points=points, labels=labels, deviation=deviation)


def _centre(sampler: LatentSampler, label: int | None, seed: int) -> tuple[Tensor, Tensor]:
    """The mean w (D,) of a class, and its deviation ()."""
    parts = []
    for part in parts_of(MAPPED):
        z = sampler.draw(part, seed=seed).z
        labels = None if label is None else torch.full((len(z),), label, dtype=torch.int64, device=z.device)
        parts.append(sampler.map(z, labels).double())
    values = torch.cat(parts)
    mean = values.mean(0)
    return mean.float(), (values - mean).square().sum(1).mean().sqrt().float()


def _nearest(
    sampler: LatentSampler, target: Tensor, distance: Distance, label: int | None, seed: int
) -> tuple[Tensor, int]:
    """The z of the nearest sample, and its class (0 where there are none), of the nearest class or of `label`."""
    classes = sampler.spec.num_classes
    several = bool(classes) and label is None
    count = max(CANDIDATES // classes, LEAST_OF_A_CLASS) if several else CANDIDATES
    z = sampler.draw(range(count), seed=seed).z
    best: tuple[float, Tensor, int] | None = None
    for own in range(classes) if several else [label or 0]:
        labels = torch.full((count,), own, dtype=torch.int64, device=z.device) if classes else None
        apart = _apart(sampler, z, labels, target, distance)
        near = float(apart.topk(NEAREST, largest=False).values.mean())
        if best is None or near < best[0]:
            best = near, z[int(apart.argmin())], own
    assert best is not None
    return best[1], best[2]


@torch.no_grad()
def _apart(sampler: LatentSampler, z: Tensor, labels: Tensor | None, target: Tensor, distance: Distance) -> Tensor:
    block, rows = sampler.spec.block, []
    for low in range(0, len(z), block):
        some = None if labels is None else labels[low : low + block]
        images = sampler.synthesize(z[low : low + block], space="z", labels=some)
        rows.append(distance(images, target[None].expand(len(images), -1, -1, -1)).to(target.device))
    return torch.cat(rows)
