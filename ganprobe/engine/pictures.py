"""The pictures of a run: a grid of samples, strips between latents, all as uint8 arrays for the report."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.classes.words import called
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.features.images.quantise import to_uint8
from ganprobe.report import RunPictures
from ganprobe.samplers.generator import conditions_of
from ganprobe.samplers.paths import lerp, slerp_keeping_length
from ganprobe.samplers.starts import path_ends

GRID = 48
CLASSES = 10
PER_CLASS = 10
STRIPS = 4
STEPS = 9


def picture_run(
    sampler: Sampler, *, seed: int, samples: int, distances: Mapping[str, NDArray[np.float64]] | None = None
) -> RunPictures:
    """The first samples of the run, interpolation strips where there are latents, and the path lengths to plot."""
    if not isinstance(sampler, LatentSampler):
        return RunPictures(samples=first_samples(sampler, seed=seed, samples=samples), distances=distances)
    strips, space = interpolation(sampler, seed=seed)
    if not sampler.spec.num_classes:
        grid, names, captions = first_samples(sampler, seed=seed, samples=samples), None, {}
    else:
        grid, names = class_samples(sampler, seed=seed)
        captions = {"samples": f"{PER_CLASS} samples of each class, one class a row, not selected."}
    return RunPictures(
        samples=grid,
        sample_labels=names,
        interpolation=strips,
        interpolation_space=space,
        distances=distances,
        captions=captions,
    )


def first_samples(sampler: Sampler, *, seed: int, samples: int) -> NDArray[np.uint8]:
    """The first images of the run (N, 3, H, W)."""
    return to_uint8(sampler.batch(range(min(GRID, samples)), seed=seed).images).cpu().numpy()


def class_samples(sampler: LatentSampler, *, seed: int) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """PER_CLASS images of each of the first classes, class by class, and the classes' names."""
    classes = min(sampler.spec.num_classes, CLASSES)
    index = range(classes * PER_CLASS)
    z = sampler.draw(index, seed=seed).z
    noise, truncation = conditions_of(sampler, index, seed)
    labels = torch.arange(classes, device=z.device).repeat_interleave(PER_CLASS)
    images = sampler.synthesize(z, space="z", labels=labels, noise=noise, truncation=truncation)
    names = sampler.spec.class_names
    return to_uint8(images).cpu().numpy(), tuple(called(number, names) for number in range(classes))


def interpolation(sampler: LatentSampler, *, seed: int) -> tuple[NDArray[np.uint8], str]:
    """Strips (rows, steps, 3, H, W) between latents of `seed`: straight lines in W where there is one, else great
    circles in Z; the constant noise, so that only the latent changes. With the space's name."""
    space = "w" if "w" in sampler.spec.spaces else "z"
    a, b, labels = path_ends(sampler, range(STRIPS), seed)
    _, truncation = conditions_of(sampler, range(STRIPS), seed)
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
        truncation=truncation,
    )
    strips = to_uint8(images).cpu().numpy()
    return strips.reshape(STEPS, STRIPS, *strips.shape[1:]).swapaxes(0, 1), space
