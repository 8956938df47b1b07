"""Several pictures' latents as one set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.spaces import Space
from ganprobe.directions.latent_files.latent_set import SPACES, KeptNoise, LatentSet
from ganprobe.directions.styles import styles_of


def gathered(sampler: LatentSampler, sets: Sequence[LatentSet]) -> LatentSet:
    """Latents of `sampler`, past their truncation, in the last of their spaces on the way to an image. InputError for
    none, and where some have the stored noise and others not."""
    if not sets:
        raise InputError("no picture was kept; keep one first")
    space = max((each.space for each in sets), key=SPACES.index)
    labels = [each.labels for each in sets if each.labels is not None]
    return replace(
        sets[0],
        space=space,
        values=torch.cat([_brought(sampler, each, space) for each in sets]),
        labels=torch.cat(labels) if len(labels) == len(sets) else None,
        noise=_noise([each.noise for each in sets]),
        names=tuple(name for each in sets for name in each.names),
        origin={"made by": "explore", "scenes": [each.origin.get("scene") for each in sets]},
    )


def _brought(sampler: LatentSampler, latents: LatentSet, space: Space) -> Tensor:
    """Their values in `space`, which comes after theirs or is theirs."""
    if latents.space == space:
        return latents.values
    if latents.space == "z":
        raise InputError("some of the pictures are of z and some of a later space; save them apart")
    layers = sampler.spec.spaces["w+"][0]
    ws = latents.values if latents.space == "w+" else latents.values[:, None].expand(-1, layers, -1)
    return styles_of(sampler, ws) if space == "s" else ws


def _noise(given: Sequence[KeptNoise]) -> KeptNoise:
    words = {each for each in given if isinstance(each, str)}
    maps = [each for each in given if not isinstance(each, str)]
    if not maps and len(words) == 1:
        return words.pop()
    if maps and not words:
        return tuple(torch.cat(layers) for layers in zip(*maps, strict=True))
    raise InputError("some of the pictures have the stored noise, others none or another; save them apart")
