"""The scores of a run as a metric of latents reads them: checked, with class boundaries, and with their latents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.columns import SCORES
from ganprobe.core.errors import MetricError, UntoldError
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.directions.latents import latent_sampler, latents_of, parts_of
from ganprobe.directions.scored.base import ScoredSamples
from ganprobe.directions.scored.protocol import ReadSpace
from ganprobe.directions.styles import styles_of
from ganprobe.metrics.arrays import FloatArray, named, to_array
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.metrics.states.values import usable_rows

PART: Final = 4096
MOST_NUMBERS: Final = 2**27
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class ScoreRows:
    """values (N, A) float64: scores of samples 0 to N - 1. names (A,). continuous (A,): whether each is an estimate of
    a quantity, and no logit whose sign is the class. thresholds (A,): of the classes, zero for logits and the median
    for quantities."""

    values: FloatArray
    names: tuple[str, ...]
    continuous: tuple[bool, ...]
    thresholds: FloatArray

    def first(self, most: int) -> ScoreRows:
        """Those of the first `most` samples, with the thresholds of all."""
        return ScoreRows(self.values[:most], self.names, self.continuous, self.thresholds)

    def half(self, index: NDArray[np.int64]) -> ScoreRows:
        """Those of the samples `index`, with the thresholds that they alone would have."""
        values = self.values[index]
        thresholds = np.where(self.continuous, np.median(values, axis=0), self.thresholds)
        return ScoreRows(values, self.names, self.continuous, thresholds)

    def told(self, first: int | None = None) -> tuple[ScoreRows, tuple[str, ...]]:
        """Without the attributes of which one class alone is among the samples (the `first` of them), or whose score
        does not change there; and the names of these."""
        part = self.values[:first]
        kinds = np.where(self.continuous, part, part > self.thresholds)
        keep = kinds.min(0) < kinds.max(0)
        chosen = np.flatnonzero(keep)
        names = tuple(self.names[i] for i in chosen)
        rest = ScoreRows(self.values[:, keep], names, tuple(self.continuous[i] for i in chosen), self.thresholds[keep])
        return rest, tuple(name for name, kept in zip(self.names, keep, strict=True) if not kept)

    def changing(self, metric: str, least: int = 1) -> tuple[ScoreRows, tuple[str, ...]]:
        """Without the attributes whose scores never change; and the note on these, if there are any. UntoldError where
        fewer than `least` are left."""
        keep = self.values.min(0) < self.values.max(0)
        still = ", ".join(name for name, kept in zip(self.names, keep, strict=True) if not kept)
        if keep.sum() < least:
            raise UntoldError(f"{metric}: the scores of {still} never change; draw more samples, or leave it out")
        names = tuple(name for name, kept in zip(self.names, keep, strict=True) if kept)
        kinds = tuple(kind for kind, kept in zip(self.continuous, keep, strict=True) if kept)
        rest = ScoreRows(self.values[:, keep], names, kinds, self.thresholds[keep])
        return rest, (f"excluded, since their scores never change: {still}",) if still else ()

    def column(self, name: str) -> FloatArray:
        return np.asarray(self.values[:, self.names.index(name)], dtype=np.float64)


def score_rows(state: KeptRows, samples: ScoredSamples, *, least: int, name: str, attributes: int = 1) -> ScoreRows:
    """The scores of `state`. MetricError on fewer than `least` samples or `attributes`, on samples other than 0 to
    N - 1 (their latents could not be told), and scores not finite."""
    values = usable_rows(state, least, name, SCORES)
    index = state.index
    if not (index == np.arange(len(index))).all():
        gap = np.flatnonzero(index != np.arange(len(index)))[:1]
        raise MetricError(f"{name} reads samples 0 to {len(index) - 1}; sample {named(gap)} is missing: run them all")
    if values.shape[1] != len(samples.attributes) or len(samples.attributes) < attributes:
        raise MetricError(
            f"{name} needs scores of at least {attributes} named attributes; there are {values.shape[1]} columns for "
            f"{', '.join(samples.attributes) or 'no names'}"
        )
    continuous = tuple(attribute in samples.continuous for attribute in samples.attributes)
    thresholds = np.where(continuous, np.median(values, axis=0), 0.0)
    return ScoreRows(values, samples.attributes, continuous, np.asarray(thresholds, dtype=np.float64))


def latent_parts(
    sampler: Sampler, samples: int, *, seed: int, space: ReadSpace
) -> Iterator[tuple[slice, NDArray[np.float32]]]:
    """Latents (n, D) of samples 0 to `samples` - 1, drawn again a part at a time, with the rows that each part is.
    CapabilityError where `sampler` has none."""
    drawn = latent_sampler(sampler)
    for index in parts_of(samples, size=PART):
        yield slice(index.start, index.stop), _part(drawn, index, seed, space)


def all_latents(sampler: Sampler, samples: int, *, seed: int, space: ReadSpace) -> NDArray[np.float32]:
    """Latents (samples, D) of samples 0 to `samples` - 1, float32."""
    return np.concatenate([rows for _, rows in latent_parts(sampler, samples, seed=seed, space=space)])


def affordable(sampler: Sampler, space: ReadSpace, most: int) -> int:
    """How many samples' latents of `space` are held at once: `most`, and no more than 2^27 numbers (200,000 of 512 and
    then some), which large style spaces come to."""
    sizes = latent_sampler(sampler).spec.spaces
    return min(most, MOST_NUMBERS // max(1, *sizes[space])) if space in sizes else most


def style_loading(sampler: Sampler) -> FloatArray:
    """(S, D): by how much each style follows each number of w. CapabilityError as `styles_of`."""
    drawn = latent_sampler(sampler)
    axes = torch.eye(*drawn.spec.spaces["w"] * 2)
    loading = styles_of(drawn, axes) - styles_of(drawn, torch.zeros_like(axes[:1]))
    return to_array(loading.T.double())


def _part(sampler: LatentSampler, index: range, seed: int, space: ReadSpace) -> NDArray[np.float32]:
    latents = latents_of(sampler, index, seed=seed, space="z" if space == "z" else "w")
    rows = styles_of(sampler, latents) if space == "s" else latents
    return to_array(rows.float())


def exclusion(names: Sequence[str]) -> tuple[str, ...]:
    """The note on attributes that are left out, if any are."""
    return (f"excluded, since one class alone is left: {', '.join(names)}",) if names else ()


def one_class_alone(metric: str, names: Sequence[str]) -> UntoldError:
    """The error for attributes that are all left out."""
    return UntoldError(
        f"{metric}: of every attribute ({', '.join(names)}) one class alone is there; draw more samples or score other "
        "attributes"
    )
