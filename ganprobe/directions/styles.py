"""The style space s of a style-based generator: its latents by index, and where a channel of it lies."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.protocols import LatentSampler
from ganprobe.directions.latents import latents_of, parts_of
from ganprobe.generators.style_based import StyleBasedGenerator
from ganprobe.samplers.generator import GeneratorSampler


def style_generator(sampler: LatentSampler) -> StyleBasedGenerator:
    """The network of `sampler`. CapabilityError where it is none with styles."""
    generator = sampler.generator if isinstance(sampler, GeneratorSampler) else None
    if not isinstance(generator, StyleBasedGenerator):
        raise CapabilityError(f"{sampler.name} has no space 's': styles are those of stylegan, stylegan2 and stylegan3")
    return generator


def styles_of(sampler: LatentSampler, w: Tensor) -> Tensor:
    """w (N, D) or w+ (N, layers, D) to s (N, S), without truncation. CapabilityError as `style_generator`."""
    generator = style_generator(sampler)
    with torch.no_grad():
        return generator.styles(w.to(next(generator.parameters()).device))


def style_spread(sampler: LatentSampler, vector: NDArray[np.floating], *, samples: int, seed: int) -> float:
    """The standard deviation of the styles of samples 0 to samples - 1 along `vector` (S,)."""
    turned = np.asarray(vector, dtype=np.float64)
    parts = (styles_of(sampler, latents_of(sampler, part, seed=seed, space="w")) for part in parts_of(samples))
    return float(np.concatenate([part.cpu().double().numpy() @ turned for part in parts]).std(ddof=1))


def place_of(channel: int, sizes: Sequence[int]) -> tuple[int, int]:
    """(layer, number within it) of a channel of s, of sizes `style_sizes`. InputError for one that is not there."""
    ends = np.cumsum(sizes)
    if not 0 <= channel < ends[-1]:
        raise InputError(f"channels of s are 0 to {ends[-1] - 1} here, got {channel}")
    layer = int(np.searchsorted(ends, channel, side="right"))
    return layer, int(channel - (ends[layer] - sizes[layer]))


def in_layers(layers: Sequence[int], sizes: Sequence[int]) -> Tensor:
    """(S,) bool: the channels of `layers`. InputError for layers that are not there."""
    if layers[-1] >= len(sizes):
        raise InputError(f"layers of s must lie in 0 to {len(sizes) - 1}, got {list(layers)}")
    return torch.cat([torch.full((size,), layer in layers) for layer, size in enumerate(sizes)])


def part_of(generator: StyleBasedGenerator, channel: int) -> tuple[int, int, str]:
    """(layer, number within it, part) of a channel; part: "scale", "shift" or "rotation"."""
    layer, number = place_of(channel, generator.style_sizes)
    return layer, number, generator.style_part(layer, number)
