"""Which scorer reads the images of a generator."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import torch

from ganprobe.core.errors import InputError
from ganprobe.core.protocols import FeatureExtractor, Sampler
from ganprobe.core.shipped import manifest
from ganprobe.features import FEATURES, open_scorer

SHIPPED_SCORER: Final = "toyfaces"


def scorer_for(
    sampler: Sampler, scorer: FeatureExtractor | str | Path | None, device: torch.device
) -> FeatureExtractor:
    """`scorer`, opened as `open_scorer` says; None: the toyfaces scorer, of what is known to draw toyfaces. InputError
    for None where `sampler` draws something else, or nobody knows what."""
    if isinstance(scorer, str | Path):
        return open_scorer(scorer, device)
    if scorer is not None:
        return scorer
    drawn = manifest().get("generators", {}).get(sampler.name, {}).get("reference")
    if drawn is None:
        raise InputError(
            f"nobody knows what {sampler.name} draws; say whose scores: --scorer {SHIPPED_SCORER} if it is "
            f"{SHIPPED_SCORER}, else a scorer of its own"
        )
    if not str(drawn).startswith(SHIPPED_SCORER):
        raise InputError(f"{sampler.name} draws {drawn}, not {SHIPPED_SCORER}, which the scorer reads; give --scorer")
    return FEATURES[SHIPPED_SCORER].load(device)
