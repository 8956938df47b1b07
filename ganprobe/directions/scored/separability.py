"""Linear separability: how well planes in a latent space tell the attributes of the images apart.

metric = LinearSeparability(space="w")
estimate = metric.measure(state, samples)["ls_w"]

Karras et al. 2019, "A style-based generator architecture for generative adversarial networks", section 4.2, appendix C
and published code. Of each attribute the most confident half of the samples is kept, a linear support vector machine
(squared hinge, C = 1, as scikit-learn's LinearSVC) is fitted to them, and H(Y|X) is the uncertainty in bits about a
sample's class Y that is left once the side X of its latent is known. The score is 2 to the sum over attributes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, final

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.results import Z95, Estimate
from ganprobe.core.streams import stream
from ganprobe.core.tables import DetailTable, Entry, detail_table
from ganprobe.directions.methods.interfacegan import wilson_interval
from ganprobe.directions.scored.base import ScoredMetric, ScoredSamples
from ganprobe.directions.scored.protocol import LEAST_SEPARABILITY, PAPER_SAMPLES, ReadSpace
from ganprobe.directions.scored.rows import (
    PART,
    BoolArray,
    ScoreRows,
    affordable,
    all_latents,
    exclusion,
    one_class_alone,
    score_rows,
)
from ganprobe.directions.svm.machine import fit_squared_hinge
from ganprobe.metrics.arrays import FloatArray, to_array
from ganprobe.metrics.disentanglement.separability import conditional_entropies, separability_score
from ganprobe.metrics.states.rows import KeptRows

COLUMNS: Final = (
    "H(Y|X)",
    "H(Y|X), held out",
    "accuracy",
    "accuracy, held out",
    "share of class 1",
    "threshold",
    "kept",
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LinearSeparability(ScoredMetric):
    """ls_<space>: 1 is perfect, lower is better. samples: at most so many, the first ones; half of them are kept."""

    space: ReadSpace
    samples: int = PAPER_SAMPLES

    @property
    def name(self) -> str:
        return f"ls_{self.space}"

    def measure(self, state: KeptRows, samples: ScoredSamples) -> Mapping[str, Estimate]:
        """{name: Estimate}, with the tables "scores" and "attributes". An attribute of which one class alone is kept is
        left out and named in a note; MetricError where that leaves none, and as `score_rows`."""
        most = affordable(samples.sampler, self.space, self.samples)
        scores = score_rows(state, samples, least=LEAST_SEPARABILITY, name=self.name).first(most)
        chosen, alone = chosen_samples(scores)
        if not chosen:
            raise one_class_alone(self.name, alone)
        latents = all_latents(samples.sampler, len(scores.values), seed=samples.seed, space=self.space)
        sides = predicted_sides(latents, chosen, samples.seed)
        return {self.name: _estimate(chosen, sides, len(scores.values), exclusion(alone))}


@dataclass(frozen=True, slots=True, eq=False)
class Chosen:
    """The samples of one attribute that are kept, (K,) ascending, and whether each is of class 1, (K,)."""

    attribute: str
    threshold: float
    index: NDArray[np.int64]
    positive: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """On which side (K,) the kept latents lie: of the plane fitted to all of them, and of the plane fitted to the half
    that they do not belong to; None where a half has one class alone."""

    fitted: BoolArray
    held_out: BoolArray | None


def chosen_samples(scores: ScoreRows) -> tuple[list[Chosen], list[str]]:
    """For each attribute the half of the samples whose scores are farthest from the threshold (among equals the lower
    index), and the names of the attributes of which one class alone is among them."""
    keep = len(scores.values) // 2
    chosen, alone = [], []
    for name, column, threshold in zip(scores.names, scores.values.T, scores.thresholds, strict=True):
        margin = column - threshold
        index = np.sort(np.argsort(-np.abs(margin), kind="stable")[:keep]).astype(np.int64)
        positive = margin[index] > 0
        if positive.all() or not positive.any():
            alone.append(name)
        else:
            chosen.append(Chosen(name, float(threshold), index, positive))
    return chosen, alone


def entropy_terms(side: BoolArray, positive: BoolArray) -> FloatArray:
    """(K,): -log2 p(y|x) of each sample, whose mean is H(Y|X) and whose deviations are its influence function: H is
    linear in the joint distribution to first order with these as the slopes."""
    counts = confusion(side, positive)
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    return np.asarray(-np.log2(shares[side.astype(int), positive.astype(int)]), dtype=np.float64)


def confusion(side: BoolArray, positive: BoolArray) -> FloatArray:
    """(2, 2): counts [side of the plane X, class Y]."""
    cells = np.bincount(2 * side + positive, minlength=4)
    return cells.reshape(2, 2).astype(np.float64)


def predicted_sides(latents: NDArray[np.float32], chosen: Sequence[Chosen], seed: int) -> list[Sides]:
    """Of latents (N, D): all planes are fitted together, three for each attribute."""
    halves = [stream(seed, "ls.halves", each.attribute).permutation(len(each.index)) for each in chosen]
    splits = [np.array_split(half, 2) for half in halves]
    whole = [(number, np.arange(len(each.index))) for number, each in enumerate(chosen)]
    told = [number for number, each in enumerate(chosen) if all(_both(each.positive[half]) for half in splits[number])]
    problems = [*whole, *((number, half) for number in told for half in splits[number])]
    said = _planes(latents, [_signs(chosen[number], rows, len(latents)) for number, rows in problems])
    held_out: dict[int, BoolArray] = {}
    for place, number in enumerate(told):
        side = said[len(whole) + 2 * place : len(whole) + 2 * place + 2, chosen[number].index]
        in_first = np.zeros(len(chosen[number].index), dtype=bool)
        in_first[splits[number][0]] = True
        held_out[number] = np.where(in_first, side[1], side[0])
    return [Sides(said[number, each.index], held_out.get(number)) for number, each in enumerate(chosen)]


def _both(positive: BoolArray) -> bool:
    return bool(positive.any() and not positive.all())


def _signs(chosen: Chosen, rows: NDArray[np.int64], n: int) -> NDArray[np.int8]:
    """(n,): the class as -1 or 1 of the kept samples `rows`, 0 of all others."""
    signs = np.zeros(n, dtype=np.int8)
    signs[chosen.index[rows]] = np.where(chosen.positive[rows], 1, -1)
    return signs


def _planes(latents: NDArray[np.float32], signs: Sequence[NDArray[np.int8]]) -> BoolArray:
    """(K, N): on which side of each of K fitted planes each latent lies."""
    rows = torch.from_numpy(latents)
    weights = fit_squared_hinge(rows, torch.from_numpy(np.stack(signs)))
    parts = [part.double() @ weights[:, :-1].T + weights[:, -1] > 0 for part in torch.split(rows, PART)]
    return to_array(torch.cat(parts).T)


def _estimate(chosen: Sequence[Chosen], sides: Sequence[Sides], n: int, notes: tuple[str, ...]) -> Estimate:
    fitted = _score(chosen, [each.fitted for each in sides], n)
    told = [each.held_out for each in sides if each.held_out is not None]
    held_out = _score(chosen, told, n) if len(told) == len(sides) else None
    rows: dict[str, list[Entry]] = {"fitted and predicted on the same": [fitted], "held out": [held_out]}
    note = "Held out: fitted on one half of the kept samples, predicted on the other, both ways."
    scores = detail_table("scores", "Score", rows, columns=("2 ^ sum H(Y|X)",), note=note)
    if held_out is not None:
        said = f"predicted by planes that were not fitted to them, the samples score {held_out.value:.4g}"
        notes = (said, *notes)
    tables = (scores, _table(chosen, sides))
    return Estimate(fitted.value, fitted.ci95, n, fitted.variance, notes=notes, tables=tables)


def _score(chosen: Sequence[Chosen], sides: Sequence[BoolArray], n: int) -> Estimate:
    """2 ^ sum of H(Y|X), its interval by the delta method: the terms of a sample in all attributes that kept it go
    together, since attributes share samples. Planes, thresholds and the choice of samples count as given."""
    tables = [confusion(side, each.positive) for side, each in zip(sides, chosen, strict=True)]
    value, influence = separability_score(tables), np.zeros(n)
    for side, each in zip(sides, chosen, strict=True):
        terms = entropy_terms(side, each.positive)
        influence[each.index] += (terms - terms.mean()) / len(terms)
    error = float(np.sqrt((influence**2).sum()))
    low, high = (value * 2.0 ** (sign * Z95 * error) for sign in (-1, 1))
    return Estimate(value, (max(low, 1.0), high), n, (value * np.log(2) * error) ** 2)


def _table(chosen: Sequence[Chosen], sides: Sequence[Sides]) -> DetailTable:
    rows = {each.attribute: _row(each, side) for each, side in zip(chosen, sides, strict=True)}
    return detail_table("attributes", "By attribute, entropies in bits", rows, columns=COLUMNS)


def _row(chosen: Chosen, sides: Sides) -> list[Entry]:
    held = sides.held_out
    entropies = [None if side is None else _entropy(side, chosen.positive) for side in (sides.fitted, held)]
    accuracies = [None if side is None else _accuracy(side, chosen.positive) for side in (sides.fitted, held)]
    return [*entropies, *accuracies, float(chosen.positive.mean()), chosen.threshold, float(len(chosen.index))]


def _entropy(side: BoolArray, positive: BoolArray) -> Estimate:
    value = float(conditional_entropies(confusion(side, positive)[None])[0])
    half = Z95 * float(entropy_terms(side, positive).std()) / float(np.sqrt(len(side)))
    return Estimate(value, (max(value - half, 0.0), min(value + half, 1.0)), len(side))


def _accuracy(side: BoolArray, positive: BoolArray) -> Estimate:
    right = int((side == positive).sum())
    return Estimate(right / len(side), wilson_interval(right, len(side)), len(side))
