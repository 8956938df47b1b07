"""The style channels of each scored attribute: what they do to the image and to the scores, in numbers and maps.

A channel may follow an attribute because w drives both, and not move it. So the channels of largest attribution are
candidates only: each is moved, the images are scored again, and those that change the score most are given."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.calls.shared import Extremes
from ganprobe.core.errors import InputError
from ganprobe.core.protocols import FeatureExtractor, LatentSampler
from ganprobe.directions.direction import Direction
from ganprobe.directions.edits.moves import edit
from ganprobe.directions.methods.interfacegan import told_apart
from ganprobe.directions.methods.stylespace import PERTURBED, Change, change_of, channel_directions, style_attributions
from ganprobe.directions.styles import part_of, style_generator
from ganprobe.features.scores import PREFIX
from ganprobe.report.figures.canvas import Line, page
from ganprobe.report.records.pictures import GAP, sheet

PERTURBED_SAMPLES = 32
CANDIDATES_FOR_ONE = 4
"""So many channels of largest attribution are tried for every one that is given."""
FOOT = 26
Scores = Mapping[str, NDArray[np.floating]]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class StyleFound:
    """One-channel directions, the best of each attribute first, tables for JSON, and maps of change as PNG by name."""

    items: tuple[Direction, ...]
    numbers: Mapping[str, Any]
    figures: Mapping[str, bytes]


def style_channels(
    sampler: LatentSampler,
    scores: Scores,
    extractor: FeatureExtractor,
    *,
    count: int,
    seed: int,
    extremes: Extremes | None = None,
) -> StyleFound:
    """The `count` channels of every attribute that change its score most, among four times as many of largest
    attribution. Errors as `style_attributions` and `channel_directions`."""
    scores, untold = told_apart(scores, extremes=extremes, seed=seed)
    attributions = style_attributions(sampler, scores, seed=seed, extremes=extremes)
    tried = max(count, min(CANDIDATES_FOR_ONE * count, int((attributions.deviations > 0).sum())))
    chosen = channel_directions(sampler, attributions, count=tried)
    items: list[Direction] = []
    figures = {}
    for attribute, candidates in chosen.items():
        measured = [_measured(sampler, item, attribute, scores, extractor, seed) for item in candidates]
        measured = sorted(measured, key=lambda pair: -pair[0].scores["effect"])[:count]
        items += [item for item, _ in measured]
        figures[f"stylespace_{attribute}"] = _maps(measured)
    sizes = style_generator(sampler).style_sizes
    return StyleFound(
        items=tuple(items),
        numbers={
            **({"untold": untold} if untold else {}),
            "stylespace": {
                "style_sizes": list(sizes),
                "candidates": tried,
                "channels": [_row(sampler, item) for item in items],
            },
        },
        figures=figures,
    )


def check_styles(sampler: LatentSampler, space: str | None) -> None:
    """CapabilityError for a sampler without styles, InputError for a space that is asked for."""
    style_generator(sampler)
    if space is not None:
        raise InputError(f"stylespace finds channels of s, not directions of {space}; leave the space out")


def _measured(
    sampler: LatentSampler, item: Direction, attribute: str, scores: Scores, extractor: FeatureExtractor, seed: int
) -> tuple[Direction, Change]:
    latents = sampler.draw(range(PERTURBED_SAMPLES), seed=seed)
    low, high = edit(sampler, latents, item, (-PERTURBED, PERTURBED)).unbind(1)
    change = change_of(low, high, apart=2 * PERTURBED)
    effects = _effects(low, high, scores, extractor)
    others = [abs(effect) for name, effect in effects.items() if name != attribute]
    sense = -1.0 if effects[attribute] < 0 else 1.0
    more = {
        "attribution": sense * item.scores["attribution"],
        "localisation": change.share,
        "change": change.size,
        "effect": abs(effects[attribute]),
        **({"off_target": float(np.mean(others))} if others else {}),
    }
    return replace(item, vector=sense * item.vector, scores=more), change


def _effects(low: Tensor, high: Tensor, scores: Scores, extractor: FeatureExtractor) -> dict[str, float]:
    """Mean change of every score for a strength of 1, in standard deviations of the score over all samples."""
    before, after = extractor.observe(low), extractor.observe(high)
    effects = {}
    for name, values in scores.items():
        change = (after[PREFIX + name].double() - before[PREFIX + name].double()).mean()
        effects[name] = float(change) / (2 * PERTURBED) / float(np.std(values, dtype=np.float64))
    return effects


def _row(sampler: LatentSampler, item: Direction) -> dict[str, Any]:
    channel = int(np.flatnonzero(item.vector)[0])
    layer, number, part = part_of(style_generator(sampler), channel)
    return {"direction": item.name, "channel": channel, "layer": layer, "number": number, "part": part}


def _maps(measured: list[tuple[Direction, Change]]) -> bytes:
    """Where each channel changes the image, dark for most, its layer and number below."""
    grey = np.stack([255 - np.round(255 * np.sqrt(change.map)) for _, change in measured]).astype(np.uint8)
    drawn = sheet(np.repeat(grey[:, None], 3, axis=1), len(measured))
    height, width = drawn.shape[:2]
    column = (width + GAP) / len(measured)
    words = ["_".join(item.name.split("_")[-2:]) for item, _ in measured]
    lines = [Line(word, (i + 0.5) * column - GAP / 2, height + FOOT / 2, 13, "center") for i, word in enumerate(words)]
    return page(width, height + FOOT, [(drawn, 0, 0)], lines)
