"""`swd`: the sliced Wasserstein distance between patches of the Laplacian pyramids of two sets of images.

>>> SlicedWasserstein().needs
frozenset({'pixels'})

Karras et al. 2018, "Progressive growing of GANs", section 5.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from ganprobe.core.errors import MetricError
from ganprobe.core.results import Estimate, normal_estimate
from ganprobe.core.tables import detail_table
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.base import KeeperMetric, given, too_few
from ganprobe.metrics.pictures.patches import WIDTH, ImageKeeper, KeptImages, level_patches
from ganprobe.metrics.pictures.protocol import DIRECTIONS, LEAST_IMAGES, PATCH, PATCHES, SCALE, SEED
from ganprobe.metrics.pictures.swd import Rows, Side, sliced, unit_directions
from ganprobe.metrics.states.capacity import IMAGES


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SlicedWasserstein(KeeperMetric[KeptImages]):
    """The mean over levels, times 1000. capacity: how many images of a side are used; directions: how many."""

    name: str = "swd"
    capacity: int = IMAGES
    directions: int = DIRECTIONS

    @property
    def keeper(self) -> ImageKeeper:
        return ImageKeeper(capacity=self.capacity)

    def compute(self, state: KeptImages, reference: KeptImages | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate} with a table of the levels; n is the number of images used. MetricError without a reference,
        on fewer than 2 images, and where both sides' images differ in size."""
        reference = given(reference, self.name)
        ours, theirs = _images(state, self.name, "generated"), _images(reference, self.name, "reference")
        if state.size != reference.size:
            raise MetricError(
                f"{self.name} compares images of one size; generated ones are {_said(state)}, the reference's "
                f"{_said(reference)}; make a reference of that size (`ganprobe reference --resolution`)"
            )
        levels = [self._level(state, reference, number) for number in range(len(state.sizes))]
        names = [f"{height} x {width}" for height, width in state.sizes]
        table = detail_table(
            "levels",
            "SWD by level of the pyramid",
            {name: (level.estimate(ours),) for name, level in zip(names, levels, strict=True)},
            columns=("swd",),
        )
        notes = (
            ()
            if ours == theirs
            else (f"{ours} generated images against {theirs} of the reference; compare at the same numbers",)
        )
        return {self.name: replace(_mean_level(levels).estimate(ours), tables=(table,), notes=notes)}

    def _level(self, state: KeptImages, reference: KeptImages, number: int) -> _Level:
        a, b = (_descriptors(level_patches(side, number)) for side in (state, reference))
        found = sliced(a.rows, b.rows, unit_directions(WIDTH, self.directions, seed=SEED))
        return _Level(SCALE * found.value, _terms(a, found.a), _terms(b, found.b))


@dataclass(frozen=True, slots=True)
class _Level:
    """value; ours (N,), theirs (M,): each image's term c, such that sum((c - mean(c))^2) is its side's variance."""

    value: float
    ours: FloatArray
    theirs: FloatArray

    def estimate(self, n: int) -> Estimate:
        variance = float(((self.ours - self.ours.mean()) ** 2).sum())
        return normal_estimate(self.value, n, variance, self.theirs)


def _mean_level(levels: list[_Level]) -> _Level:
    return _Level(
        float(np.mean([level.value for level in levels])),
        np.mean([level.ours for level in levels], axis=0),
        np.mean([level.theirs for level in levels], axis=0),
    )


@dataclass(frozen=True, slots=True)
class _Descriptors:
    """rows (N * 128, 147): patches whose three channels have mean 0 and deviation 1 over the whole set. mean, square
    (N, 3): each image's own means of the normalised values and of their squares."""

    rows: Rows
    mean: FloatArray
    square: FloatArray


def _descriptors(patches: Rows) -> _Descriptors:
    """Of (N, 128, 147), which it overwrites. A channel of one single value becomes 0."""
    shaped = patches.reshape(len(patches), PATCHES, 3, PATCH**2)
    shaped -= shaped.mean((0, 1, 3), keepdims=True, dtype=np.float64).astype(np.float32)
    deviation = np.sqrt((shaped**2).mean((0, 1, 3), keepdims=True, dtype=np.float64)).astype(np.float32)
    shaped /= np.where(deviation > 0, deviation, 1)
    mean, square = shaped.mean((1, 3), dtype=np.float64), (shaped**2).mean((1, 3), dtype=np.float64)
    return _Descriptors(patches.reshape(-1, WIDTH), mean, square)


def _terms(side: _Descriptors, said: Side) -> FloatArray:
    """(N,) of each image: its patches' influence, and that of what they do to the means and deviations by which all
    patches are normalised (docs/metrics/swd.md)."""
    n = len(side.mean)
    shift, stretch = (part.reshape(3, -1).sum(1) for part in (said.shift, said.stretch))
    influence = said.influence.reshape(n, -1).mean(1) - side.mean @ shift - (side.square - 1) @ stretch / 2
    return np.asarray(SCALE * influence / np.sqrt(n * (n - 1)), dtype=np.float64)


def _images(state: KeptImages, name: str, side: str) -> int:
    """How many images of a side will be used."""
    if state.kept.stored < LEAST_IMAGES:
        raise too_few(state.kept.stored, LEAST_IMAGES, name, side)
    return min(state.kept.stored, state.kept.capacity or state.kept.stored)


def _said(state: KeptImages) -> str:
    return " x ".join(str(side) for side in state.size or ())
