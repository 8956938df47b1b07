"""A generator as a differentiable function of latents of any space and of its noise maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ganprobe.core.errors import CapabilityError
from ganprobe.core.protocols import Sampler
from ganprobe.core.spaces import Space
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.modules import ModuleSampler

Network = GeneratorSampler | ModuleSampler


def network_behind(sampler: Sampler, space: Space, *, maps: bool) -> Network:
    """`sampler` as one with gradients. maps: whether noise maps are asked for. CapabilityError for a space or maps that
    it lacks, and for one whose images do not follow from its latents differentiably."""
    if not isinstance(sampler, Network):
        raise CapabilityError(
            f"{sampler.name} gives no gradients; a projection needs a network: a checkpoint or a module"
        )
    if space not in sampler.spec.spaces:
        had = ", ".join(name for name in sampler.spec.spaces if name != "s")
        raise CapabilityError(f"{sampler.name} has no space {space!r} to project into; it has: {had}")
    if maps and not shapes_of_maps(sampler):
        raise CapabilityError(f"{sampler.name} takes no noise maps to optimise; leave noise at const")
    labels = torch.zeros(1, dtype=torch.int64, device=sampler.device) if sampler.spec.num_classes else None
    probe = torch.ones(1, *sampler.spec.spaces[space], device=sampler.device).requires_grad_(True)
    with torch.enable_grad():
        images = rendered(sampler, probe, space=space, labels=labels)
        told = images.requires_grad and torch.autograd.grad(images.sum(), probe, allow_unused=True)[0] is not None
    if not told:
        raise CapabilityError(f"the images of {sampler.name} do not depend on {space} differentiably")
    return sampler


def shapes_of_maps(sampler: Sampler) -> tuple[tuple[int, int], ...]:
    """(H, W) of every noise input."""
    return sampler.generator.noise_shapes if isinstance(sampler, GeneratorSampler) else ()


def rendered(
    sampler: Network, points: Tensor, *, space: Space, labels: Tensor | None, maps: Sequence[Tensor] = ()
) -> Tensor:
    """Raw images (N, 3, H, W), with gradients, of latents and of noise maps, or of the stored noise."""
    if isinstance(sampler, GeneratorSampler):
        return sampler.rendered(points, space=space, labels=labels, noise=list(maps) if maps else "const")
    return sampler.rendered(points, space=space, labels=labels)
