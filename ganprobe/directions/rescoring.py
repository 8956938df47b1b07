"""Re-scoring: what moving along a direction does to every attribute, on target and off.

Shen et al. 2020, "InterFaceGAN: interpreting the disentangled face representation learned by GANs", section 4; the
index is that of Eastwood and Williams 2018, section 2, of a direction in place of a latent.

Samples are moved by t standard deviations of the latents along the direction, both ways, and scored again. Half the
difference over t, in standard deviations of the attribute's scores over the samples as they are, is the change: the
same unit for every space, attribute and generator.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import InputError, MetricError
from ganprobe.core.progress import Track
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.results import Z95, Estimate, normal_estimate
from ganprobe.core.spaces import Latents
from ganprobe.directions.direction import Direction
from ganprobe.directions.edits.moves import EditNoise, edit, noise_rows
from ganprobe.directions.latent_files.latent_set import LatentSet

FloatArray = NDArray[np.float64]
Scores = Callable[[Tensor], Tensor]
LEAST: Final = 20
GROUPS: Final = 20
CONDITIONED: Final = "_c_"


@dataclass(frozen=True, slots=True, eq=False)
class Rescored:
    """What moving did. directions: (D) of them. attributes: (A) names. changes: (N, D, A) of each sample, in standard
    deviations of the scores per standard deviation of the latents along the direction. drift: (N, D), 1 minus the
    cosine of the embeddings before and after a step, mean of both ways, in [0, 2]. before: (N, A), the scores of the
    samples as they are, whose deviations over these samples are the unit of the changes."""

    directions: tuple[Direction, ...]
    attributes: tuple[str, ...]
    changes: FloatArray
    drift: FloatArray
    before: FloatArray

    @property
    def samples(self) -> int:
        return len(self.changes)

    def change(self, direction: int, attribute: int) -> Estimate:
        """The mean change over the samples."""
        return _mean(self._carried(direction)[:, attribute])

    def mean_drift(self, direction: int) -> Estimate:
        """The mean drift over the samples."""
        return _mean(self.drift[:, direction])

    def _carried(self, direction: int) -> FloatArray:
        """(N, A): changes whose means are those of `changes` and whose variation is that of the means over new samples:
        the divisor, the scores' deviation, comes from the samples too, and each of them enlarges it by its share."""
        change = self.changes[:, direction]
        squares = (self.before - self.before.mean(0)) ** 2
        return np.asarray(change - change.mean(0) * (squares / squares.mean(0) - 1) / 2, dtype=np.float64)

    def target(self, direction: int) -> int:
        """The attribute that a direction is called after, before the conditions in its name; else the one that it
        changes most."""
        named = [i for i in range(len(self.attributes)) if self._named(direction, i)]
        if named:
            return named[0]
        return int(np.abs(self.changes[:, direction].mean(axis=0)).argmax())

    def share(self, direction: int, attribute: int) -> Estimate:
        """The share of the direction's absolute change that falls on an attribute; by the jackknife."""
        return _jackknifed(self._carried(direction), lambda change: float(shares(change)[attribute]))

    def index(self, direction: int) -> Estimate:
        """`disentanglement` of the direction's change; by the jackknife."""
        return _jackknifed(self._carried(direction), disentanglement)

    def best(self, attribute: int) -> int:
        """The direction for an attribute: of those called after it the one with most of its change on it, else the one
        that changes it most."""
        named = [i for i in range(len(self.directions)) if self._named(i, attribute)]
        if named:
            return max(named, key=lambda i: self.share(i, attribute).value)
        return int(np.abs(self.changes[:, :, attribute].mean(axis=0)).argmax())

    def _named(self, direction: int, attribute: int) -> bool:
        return target_name(self.directions[direction].name, self.attributes) == self.attributes[attribute]


def target_name(name: str, attributes: Collection[str]) -> str | None:
    """The attribute that a direction is called after, before the conditions in its name; None for none."""
    primal = name if name in attributes else name.partition(CONDITIONED)[0]
    return primal if primal in attributes else None


def shares(change: FloatArray) -> FloatArray:
    """|change| (A,) over its sum; all equal where nothing changes."""
    size = np.abs(change)
    return np.full(len(size), 1 / len(size)) if size.sum() == 0 else size / size.sum()


def disentanglement(change: FloatArray) -> float:
    """1 minus the entropy, to the base A, of the shares of the attributes (A,) in a direction's change: 1 where one
    attribute alone changes, 0 where all change alike."""
    if len(change) < 2:
        raise MetricError(f"a disentanglement index needs at least two attributes, got {len(change)}")
    share = shares(change)
    logs = np.log(np.where(share > 0, share, 1.0)) / np.log(len(share))
    return float(1 + (share * logs).sum())


def rescore(
    sampler: LatentSampler,
    directions: Sequence[Direction],
    scores: Scores,
    embed: Scores,
    *,
    attributes: Sequence[str],
    samples: int,
    seed: int,
    step: float = 1.0,
    latents: LatentSet | None = None,
) -> Rescored:
    """Move samples 0 to `samples` - 1 under `seed`, with constant noise, or the first `samples` of `latents`, with
    theirs, by `step` along each direction, both ways.

    scores: raw images (N, 3, H, W) to (N, A), a column for each of `attributes`. embed: the same to (N, E).
    Errors: InputError for fewer than 20 samples, no direction and a step that is not above 0, MetricError for scores
    that do not vary or are not finite; else as `edit`.
    """
    if samples < LEAST:
        raise InputError(f"re-scoring needs at least {LEAST} samples, got {samples}")
    if not directions or not step > 0:
        raise InputError(f"at least one direction and a step above 0 were expected, got {len(directions)} and {step}")
    blocks = []
    with Track(f"moves of {sampler.name}", samples * len(directions), unit="samples") as track:
        for low in range(0, samples, sampler.spec.block):
            index = range(low, min(low + sampler.spec.block, samples))
            some, noise = _drawn(sampler, index, seed, latents)
            blocks.append(_block(sampler, some, noise, directions, scores, embed, step, track))
    before, changes, drift = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    return Rescored(tuple(directions), tuple(attributes), changes / _spread(before, attributes), drift, before)


def _block(
    sampler: LatentSampler,
    latents: Latents,
    noise: EditNoise,
    directions: Sequence[Direction],
    scores: Scores,
    embed: Scores,
    step: float,
    track: Track,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Of some samples: the scores before (N, A), their changes (N, D, A) and the drift (N, D)."""
    here = edit(sampler, latents, directions[0], (0.0,), noise=noise)[:, 0]
    embedded, changes, drifts = embed(here), [], []
    for direction in directions:
        down, up = edit(sampler, latents, direction, (-step, step), noise=noise).unbind(dim=1)
        changes.append((_array(scores(up)) - _array(scores(down))) / (2 * step))
        drifts.append((_drift(embedded, embed(up)) + _drift(embedded, embed(down))) / 2)
        track.advance(len(latents.z))
    return _array(scores(here)), np.stack(changes, axis=1), np.stack(drifts, axis=1)


def _drawn(sampler: LatentSampler, index: range, seed: int, latents: LatentSet | None) -> tuple[Latents, EditNoise]:
    if latents is None:
        return sampler.draw(index, seed=seed), "const"
    rows = slice(index.start, index.stop)
    return latents.latents(rows), noise_rows(latents.noise, rows)


def _array(values: Tensor) -> FloatArray:
    return np.asarray(values.detach().cpu().numpy(), dtype=np.float64)


def _drift(before: Tensor, after: Tensor) -> FloatArray:
    return 1 - _array(torch.nn.functional.cosine_similarity(before.double(), after.double(), dim=1))


def _spread(scores: FloatArray, attributes: Sequence[str]) -> FloatArray:
    if scores.shape[1] != len(attributes):
        raise InputError(f"scores of {len(attributes)} attributes were expected, got {scores.shape[1]} columns")
    spread = scores.std(axis=0, ddof=1)
    for name, value in zip(attributes, spread, strict=True):
        if not (np.isfinite(value) and value > 0):
            raise MetricError(f"scores of {name!r} do not vary or are not finite ({value}); leave the attribute out")
    return np.asarray(spread)


def _mean(values: FloatArray) -> Estimate:
    return normal_estimate(float(values.mean()), len(values), float(values.var(ddof=1)) / len(values))


def _jackknifed(rows: FloatArray, read: Callable[[FloatArray], float]) -> Estimate:
    """`read` of the mean of rows (N, A), with the variance of the grouped jackknife, cut to [0, 1]."""
    parts = np.array_split(rows, GROUPS)
    total, n = rows.sum(axis=0), len(rows)
    left_out = np.array([read((total - part.sum(axis=0)) / (n - len(part))) for part in parts])
    value = read(total / n)
    variance = float(((left_out - left_out.mean()) ** 2).sum() * (GROUPS - 1) / GROUPS)
    half = Z95 * variance**0.5
    return Estimate(value, (max(value - half, 0.0), min(value + half, 1.0)), n, variance)
