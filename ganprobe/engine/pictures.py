"""The pictures of a run: a grid of samples, strips between latents, all as uint8 arrays for the report."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.protocols import Sampler
from ganprobe.features.quantise import to_uint8
from ganprobe.report import RunPictures
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.paths import lerp, slerp_keeping_length

GRID = 48
STRIPS = 4
STEPS = 9


def picture_run(
    sampler: Sampler, *, seed: int, samples: int, distances: Mapping[str, NDArray[np.float64]] | None = None
) -> RunPictures:
    """The first samples of the run, interpolation strips where there are latents, and the path lengths to plot."""
    strips, space = (None, "") if not isinstance(sampler, GeneratorSampler) else interpolation(sampler, seed=seed)
    return RunPictures(
        samples=sample_grid(sampler, seed=seed, samples=samples),
        interpolation=strips,
        interpolation_space=space,
        distances=distances,
    )


def sample_grid(sampler: Sampler, *, seed: int, samples: int) -> NDArray[np.uint8]:
    """The first images under `seed` (N, 3, H, W); of a class-conditional generator, sorted by class."""
    batch = sampler.batch(range(min(GRID, samples)), seed=seed)
    images = to_uint8(batch.images).cpu().numpy()
    if batch.labels is None:
        return images
    order = np.argsort(batch.labels.cpu().numpy(), kind="stable")
    return images[order]


def interpolation(sampler: GeneratorSampler, *, seed: int) -> tuple[NDArray[np.uint8], str]:
    """Strips (rows, steps, 3, H, W) between latents of `seed`: straight lines in W where there is one, else great
    circles in Z; the constant noise, so that only the latent changes. With the space's name."""
    space = "w" if "w" in sampler.spec.spaces else "z"
    a, b, labels = sampler.draw_ends(range(STRIPS), seed=seed)
    if space == "w":
        a, b = sampler.map(a, labels), sampler.map(b, labels)
    between = lerp if space == "w" else slerp_keeping_length
    t = torch.linspace(0, 1, STEPS, device=a.device)
    points = torch.cat([between(a, b, step.expand(STRIPS, 1)) for step in t])
    images = sampler.synthesize(
        points,
        space="w" if space == "w" else "z",
        labels=None if labels is None else labels.repeat(STEPS),
        noise="const",
        truncation=sampler.synthesis_truncation(),
    )
    strips = to_uint8(images).cpu().numpy()
    return strips.reshape(STEPS, STRIPS, *strips.shape[1:]).swapaxes(0, 1), space
