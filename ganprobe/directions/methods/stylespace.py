"""StyleSpace: single channels of the styles that follow an attribute, and where in the image each of them acts (Wu,
Lischinski and Shechtman 2021, "StyleSpace analysis: disentangled controls for StyleGAN image generation", arXiv
2011.12799).

The paper compares the styles of a few positive examples with those of all images: the relevance of a channel is its
mean difference, over its spread among the examples. Here both ends of a scored sample are examples, and a channel's
attribution is the difference of their means over the root mean of their variances. Where the paper intersects gradient
maps with a segmentation, here a channel is moved and the change of the pixels is looked at; no segmentation is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.calls.shared import Extremes
from ganprobe.core.errors import InputError, MetricError
from ganprobe.core.protocols import LatentSampler
from ganprobe.directions.direction import Direction
from ganprobe.directions.latents import PART, latents_at
from ganprobe.directions.methods.interfacegan import choose_extremes
from ganprobe.directions.styles import place_of, style_generator, styles_of

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]
PERTURBED: Final = 3.0
"""Standard deviations by which a channel is moved to each side."""
WINDOW: Final = 4
"""The region in which change is looked for is a square of one over this of the image's side."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Channels:
    """Standard deviations (S,) of all channels over the samples, and the attribution (S,) of each attribute: positive
    where the channel is higher in images of high score."""

    deviations: FloatArray
    attributions: Mapping[str, FloatArray]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Change:
    """What moving a channel changes. share: mean over images of the part of the squared change that lies within the
    densest window; 1/16 for a change spread evenly, 1 for one within a sixteenth of the image. size: root mean squared
    change of a pixel for a strength of 1. map: (H, W) mean squared change, its largest 1 (all 0 where nothing changes).
    """

    share: float
    size: float
    map: FloatArray


def style_attributions(
    sampler: LatentSampler, scores: Mapping[str, NDArray[np.floating]], *, seed: int, extremes: Extremes | None = None
) -> Channels:
    """The attribution of every channel to every attribute.

    scores: attribute to the scores (N,) of samples 0 to N - 1 under `seed`. extremes: samples at each end, as for
    interfacegan. CapabilityError without styles, InputError and MetricError as `choose_extremes`.
    """
    style_generator(sampler)
    found = {}
    for name, values in scores.items():
        ends = choose_extremes(values, extremes, seed=seed, name=name)
        chosen = np.concatenate([ends.train, ends.validation])
        high = np.concatenate([ends.train_high, ends.validation_high])
        found[name] = standardised(*(style_moments(sampler, chosen[side], seed=seed) for side in (high, ~high)))
    everyone = np.arange(len(next(iter(scores.values()))))
    _, variances = style_moments(sampler, everyone, seed=seed)
    return Channels(deviations=np.sqrt(variances), attributions=found)


def style_moments(sampler: LatentSampler, indices: IndexArray, *, seed: int) -> tuple[FloatArray, FloatArray]:
    """Means and variances (S,) of the styles of samples `indices`."""
    total = square = np.zeros(sum(style_generator(sampler).style_sizes))
    shift: FloatArray | None = None
    for low in range(0, len(indices), PART):
        w = latents_at(sampler, indices[low : low + PART], seed=seed, space="w")
        rows = styles_of(sampler, torch.from_numpy(w)).cpu().double().numpy()
        shift = rows.mean(0) if shift is None else shift
        total, square = total + (rows - shift).sum(0), square + ((rows - shift) ** 2).sum(0)
    if shift is None or len(indices) < 2:
        raise MetricError(f"at least 2 samples are needed for the spread of the styles, got {len(indices)}")
    n = len(indices)
    return shift + total / n, np.maximum(square - total**2 / n, 0.0) / (n - 1)


def standardised(high: tuple[FloatArray, FloatArray], low: tuple[FloatArray, FloatArray]) -> FloatArray:
    """The difference of means over the root mean of both variances, (S,); 0 where there is no variance."""
    spread = np.sqrt((high[1] + low[1]) / 2)
    return np.divide(high[0] - low[0], spread, out=np.zeros_like(spread), where=spread > 0)


def channel_directions(sampler: LatentSampler, found: Channels, *, count: int) -> dict[str, list[Direction]]:
    """For each attribute the `count` channels of largest attribution, in the sense in which it is positive, as
    directions called <attribute>_s<layer>_<number>, scale their deviations. InputError where fewer vary."""
    sizes = style_generator(sampler).style_sizes
    varying = int((found.deviations > 0).sum())
    if count > varying:
        raise InputError(f"{varying} channels of {sampler.name} vary, so no {count} can be had; ask for less")
    return {
        name: [_one(name, int(channel), values, found.deviations, sizes) for channel in _largest(values, found, count)]
        for name, values in found.attributions.items()
    }


def change_of(before: Tensor, after: Tensor, *, apart: float) -> Change:
    """Images (N, 3, H, W) before and after a move of `apart` strengths, compared within [-1, 1]."""
    squared = (after.clamp(-1, 1) - before.clamp(-1, 1)).double().square().mean(1)
    height, width = squared.shape[1:]
    window = (max(1, round(height / WINDOW)), max(1, round(width / WINDOW)))
    within = F.avg_pool2d(squared[:, None], window, stride=1).flatten(1).amax(1) * (window[0] * window[1])
    total = squared.sum((1, 2))
    share = torch.where(total > 0, within / total.clamp_min(1e-30), 0.0).mean()
    mean = squared.mean(0)
    return Change(
        share=float(share),
        size=float(squared.mean().sqrt()) / apart,
        map=(mean / mean.max().clamp_min(1e-30)).cpu().numpy(),
    )


def _largest(values: FloatArray, found: Channels, count: int) -> IndexArray:
    ranked = np.where(found.deviations > 0, np.abs(values), -1.0)
    return np.argsort(-ranked, kind="stable")[:count].astype(np.int64)


def _one(attribute: str, channel: int, values: FloatArray, deviations: FloatArray, sizes: Sequence[int]) -> Direction:
    layer, number = place_of(channel, sizes)
    vector = np.zeros(len(deviations))
    vector[channel] = 1.0 if values[channel] >= 0 else -1.0
    return Direction(
        name=f"{attribute}_s{layer}_{number}",
        space="s",
        vector=vector,
        scale=float(deviations[channel]),
        scores={"attribution": float(abs(values[channel]))},
    )
