"""A generator as a differentiable function of its latents, for methods that descend through it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from ganprobe.core.errors import CapabilityError
from ganprobe.core.protocols import LatentSampler
from ganprobe.directions.latents import DrawnSpace, check_space, latents_of
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.modules import ModuleSampler

Render = Callable[[Tensor, Tensor | None], Tensor]


@dataclass(frozen=True, slots=True)
class Renderer:
    """sampler: whose latents; space: which of them. render: latents (N, D) and labels (N,) or None to raw images
    (N, 3, H, W), with gradients, the per-pixel noise being the stored one."""

    sampler: LatentSampler
    space: DrawnSpace
    render: Render

    @property
    def dim(self) -> int:
        """Of one latent."""
        return int(self.sampler.spec.spaces[self.space][0])

    def points(self, index: range, *, seed: int) -> tuple[Tensor, Tensor | None]:
        """Latents (N, D) of `index` in the space, and their labels."""
        drawn = self.sampler.draw(index, seed=seed)
        return latents_of(self.sampler, index, seed=seed, space=self.space), drawn.labels

    def images(self, points: Tensor, labels: Tensor | None) -> Tensor:
        """Images of latents, without gradients, in blocks, cut at -1 and 1."""
        block = self.sampler.spec.block
        here = [slice(low, low + block) for low in range(0, len(points), block)]
        with torch.no_grad():
            parts = [self.render(points[some], None if labels is None else labels[some]) for some in here]
        return torch.cat(parts).clamp(-1, 1)


def renderer(sampler: LatentSampler, space: DrawnSpace) -> Renderer:
    """CapabilityError for a space that the sampler lacks, and for one that gives no gradients: only native networks and
    foreign modules do."""
    check_space(sampler, space)
    if isinstance(sampler, GeneratorSampler):
        found = Renderer(sampler, space, _of_native(sampler, space))
    elif isinstance(sampler, ModuleSampler):
        found = Renderer(sampler, space, _of_module(sampler, space))
    else:
        raise CapabilityError(f"{sampler.name} gives no gradients; steering needs a network: a checkpoint or a module")
    points, labels = found.points(range(2), seed=0)
    if not found.render(points.clone().requires_grad_(True), labels).requires_grad:
        raise CapabilityError(f"the images of {sampler.name} do not depend on z differentiably; steering descends on z")
    return found


def _of_native(sampler: GeneratorSampler, space: DrawnSpace) -> Render:
    truncation = sampler.synthesis_truncation() if space == "z" else 1.0

    return lambda points, labels: sampler.rendered(points, space=space, labels=labels, truncation=truncation)


def _of_module(sampler: ModuleSampler, space: DrawnSpace) -> Render:
    return lambda points, labels: sampler.rendered(points, space=space, labels=labels)
