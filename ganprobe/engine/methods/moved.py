"""What moving along each direction changes, over the strip that a report shows: scores where a scorer is at hand, else
the embedded features. A direction that moves nothing is found out here.

Every sample is moved to both ends of the strip. Of a score the difference of the two is the change, in standard
deviations of the score over all samples. Of features it is the drift: 1 minus the cosine to the sample as it was, mean
of both ends, beside the same between different samples.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.stats import t as student
from torch import Tensor

from ganprobe.core.columns import SCORES
from ganprobe.core.progress import Track
from ganprobe.core.protocols import FeatureExtractor, LatentSampler
from ganprobe.core.results import Estimate
from ganprobe.core.spaces import Latents
from ganprobe.directions.direction import Direction
from ganprobe.directions.edits.moves import edit
from ganprobe.directions.rescoring import target_name
from ganprobe.features import load_embedded
from ganprobe.features.scores import ScoreTable

MOVED_SAMPLES: Final = 32
DRIFTED_SAMPLES: Final = 24
END: Final = 3.0
EMBEDDING: Final = "embedded.features"
_CHANNEL: Final = re.compile(r"_s\d+_\d+$")
"""What the name of a style channel adds to its attribute's."""
Spread = Mapping[str, float]
FloatArray = NDArray[np.float64]


def changed_scores(
    sampler: LatentSampler,
    items: Sequence[Direction],
    scorer: FeatureExtractor,
    spread: Spread,
    *,
    seed: int,
    samples: int = MOVED_SAMPLES,
) -> dict[str, Any]:
    """The change of every score in `spread` (attribute to the standard deviation of its scores) from -END to END, ready
    for JSON."""
    table = ScoreTable(scorer)
    columns = [table.attributes.index(name) for name in spread]
    unit = np.array(list(spread.values()))

    def scores(images: Tensor) -> FloatArray:
        return np.asarray(_array(table.observe(images)[SCORES])[:, columns] / unit)

    rows = []
    for item, low, high in _ends(sampler, items, sampler.draw(range(samples), seed=seed)):
        change = scores(high) - scores(low)
        effects = {name: _said(_mean(change[:, i])) for i, name in enumerate(spread)}
        target = target_name(_CHANNEL.sub("", item.name) if item.space == "s" else item.name, spread)
        rows.append({"name": item.name, "space": item.space, "target": target, "changes": effects})
    return {"by": "scores", "samples": samples, "from": -END, "to": END, "directions": rows}


def drifted_features(
    sampler: LatentSampler,
    items: Sequence[Direction],
    *,
    seed: int,
    device: torch.device,
    samples: int = DRIFTED_SAMPLES,
) -> dict[str, Any]:
    """The drift of the embedded features at -END and END, and `apart`, the same between different samples."""
    embedded = load_embedded(device)

    def features(images: Tensor) -> Tensor:
        return embedded.observe(images)[EMBEDDING].double()

    latents = sampler.draw(range(samples), seed=seed)
    here = features(edit(sampler, latents, items[0], (0.0,))[:, 0])
    apart = 1 - torch.nn.functional.cosine_similarity(here[:, None], here[None], dim=2)
    pairs = _array(apart)[np.triu_indices(len(here), 1)]
    rows = []
    for item, low, high in _ends(sampler, items, latents):
        drift = (_drift(here, features(low)) + _drift(here, features(high))) / 2
        rows.append({"name": item.name, "space": item.space, "drift": _said(_mean(drift))})
    by = {"by": "features", "samples": samples, "from": -END, "to": END}
    return {**by, "apart": float(pairs.mean()), "directions": rows}


def spread_here(
    sampler: LatentSampler, item: Direction, scorer: FeatureExtractor, *, seed: int, samples: int
) -> dict[str, float]:
    """The same, of the scores of a few samples as they are before they are moved along `item`."""
    table = ScoreTable(scorer)
    images = edit(sampler, sampler.draw(range(samples), seed=seed), item, (0.0,))[:, 0]
    rows = _array(table.observe(images)[SCORES])
    return spread_of(dict(zip(table.attributes, rows.T, strict=True)))


def spread_of(scores: Mapping[str, NDArray[np.floating]]) -> dict[str, float]:
    """The standard deviation of every score that varies."""
    spread = {name: float(np.std(values, dtype=np.float64)) for name, values in scores.items()}
    return {name: value for name, value in spread.items() if value > 0}


def _ends(
    sampler: LatentSampler, items: Sequence[Direction], latents: Latents
) -> Iterator[tuple[Direction, Tensor, Tensor]]:
    """Every direction with the images of the samples at both ends of its strip."""
    with Track(f"moves of {sampler.name}", len(items), unit="directions") as track:
        for item in items:
            low, high = edit(sampler, latents, item, (-END, END)).unbind(dim=1)
            yield item, low, high
            track.advance(1)


def _drift(before: Tensor, after: Tensor) -> FloatArray:
    return 1 - _array(torch.nn.functional.cosine_similarity(before, after, dim=1))


def _array(values: Tensor) -> FloatArray:
    return np.asarray(values.detach().cpu().numpy(), dtype=np.float64)


def _mean(values: FloatArray) -> Estimate:
    """The mean with Student's interval, for the samples are few."""
    value, n = float(values.mean()), len(values)
    variance = float(values.var(ddof=1)) / n
    half = float(student.ppf(0.975, n - 1)) * variance**0.5
    return Estimate(value, (value - half, value + half), n, variance)


def _said(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "ci95": list(estimate.ci95 or ()), "n": estimate.n}
