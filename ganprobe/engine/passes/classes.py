"""Whether a metric by class will have samples of every class: known from the labels, before an image is drawn."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.classes.words import called_all
from ganprobe.core.errors import MetricError
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.engine.passes.plan import IMAGES, LABEL, Planned
from ganprobe.samplers.images import ImageSampler

LEAST: Final = 2
PART: Final = 4096


def check_classes(planned: Collection[Planned], sampler: Sampler, *, samples: int, seed: int) -> None:
    """MetricError where a metric by class is planned and samples 0 to `samples` - 1 hold fewer than 2 of a class. A
    sampler that does not tell its labels without its images is not looked at."""
    by_class = [each.spec.name for each in planned if each.source == IMAGES and LABEL in each.metric.needs]
    labels = _labels(sampler, samples, seed) if by_class else None
    if labels is None:
        return
    counts = np.bincount(labels, minlength=sampler.spec.num_classes)
    few = np.flatnonzero(counts < LEAST)
    if len(few):
        raise MetricError(
            f"{by_class[0]} needs {LEAST} generated images of each class; {samples} samples of {sampler.name} under "
            f"seed {seed} hold fewer of {called_all(few, sampler.spec.class_names)}: give more"
        )


def _labels(sampler: Sampler, samples: int, seed: int) -> NDArray[np.int64] | None:
    if isinstance(sampler, ImageSampler):
        return sampler.source.labels_of(range(samples))
    if not isinstance(sampler, LatentSampler):
        return None
    parts = [sampler.draw(range(low, min(low + PART, samples)), seed=seed).labels for low in range(0, samples, PART)]
    return np.concatenate([part.cpu().numpy() for part in parts if part is not None]) if parts[0] is not None else None
