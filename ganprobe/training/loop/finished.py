"""The averaged generator as it is exported and looked at: with statistics that belong to its weights."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from functools import partial

import torch
from torch import Tensor

from ganprobe.core.streams import integers, normal
from ganprobe.generators.base import Generator, draw_noise
from ganprobe.generators.layers.norms import Standardise, accumulate_statistics
from ganprobe.generators.progan.generator import ProGANGenerator
from ganprobe.generators.stylegan.generator import StyleGANGenerator

STANDING_BATCHES = 16


def finished(average: Generator, *, seed: int, batch: int, averaged: bool) -> Generator:
    """A copy in evaluation mode. Where weights were averaged, the running statistics of batch norms are those of other
    weights: they become standing statistics, the mean over 16 batches (Brock et al. 2019, appendix C.1)."""
    done = copy.deepcopy(average).eval()
    if averaged and any(isinstance(layer, Standardise) for layer in done.modules()):
        with torch.no_grad():
            accumulate_statistics(done, _passes(done, seed, batch))
    return done.eval()


def sample(generator: Generator, z: Tensor, labels: Tensor | None, *, lod: float, seed: int) -> Tensor:
    """Images of latents at a level of detail."""
    if lod and isinstance(generator, ProGANGenerator):
        grown: Tensor = generator(z, labels, lod=lod)
        return grown
    if not lod or not isinstance(generator, StyleGANGenerator):
        return generator.synthesize(z, space="z", labels=labels)
    noise = draw_noise(generator.noise_shapes, range(len(z)), seed=seed, device=z.device)
    ws = generator.map(z, labels)[:, None].expand(-1, generator.config.num_layers, -1)
    return generator.synthesis(ws, noise, lod=lod)


def _passes(generator: Generator, seed: int, n: int) -> Iterator[Callable[[], object]]:
    device = next(generator.parameters()).device
    z_dim, classes = generator.spec.spaces["z"][0], generator.spec.num_classes
    for number in range(STANDING_BATCHES):
        index = range(number * n, (number + 1) * n)
        z = torch.from_numpy(normal(seed, "train.standing.z", index, (z_dim,))).to(device)
        labels = None
        if classes:
            drawn = integers(seed, "train.standing.labels", index, below=classes)
            labels = torch.from_numpy(drawn).to(device)
        yield partial(generator.synthesize, z, space="z", labels=labels)
