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
from dataclasses import dataclass, replace
from typing import Final, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.results import Z95, Estimate
from ganprobe.core.streams import stream
from ganprobe.core.tables import DetailTable, Entry, detail_table
from ganprobe.directions.methods.interfacegan import share_interval
from ganprobe.directions.scored.base import ScoredMetric, ScoredSamples
from ganprobe.directions.scored.halves import random_halves, variance_of_halves
from ganprobe.directions.scored.protocol import FEWEST_A_COLUMN, LEAST_SEPARABILITY, PAPER_SAMPLES, ReadSpace
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
        sides, planes = predicted_sides(latents, chosen, samples.seed)
        spread = None
        if len(scores.values) // 2 >= FEWEST_A_COLUMN * planes.shape[1]:
            spread = _spread(latents, scores, [each.attribute for each in chosen], planes, samples.seed)
        notes = exclusion(alone) if spread is not None else (_no_interval(planes.shape[1]), *exclusion(alone))
        return {self.name: _estimate(chosen, sides, spread, len(scores.values), notes)}


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


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """Variances over new samples, planes and thresholds fitted anew: of the sum of entropies in bits, of each
    attribute's entropy and accuracy (A,)."""

    bits: float
    entropies: FloatArray
    accuracies: FloatArray


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


def confusion(side: BoolArray, positive: BoolArray) -> FloatArray:
    """(2, 2): counts [side of the plane X, class Y]."""
    cells = np.bincount(2 * side + positive, minlength=4)
    return cells.reshape(2, 2).astype(np.float64)


def predicted_sides(latents: NDArray[np.float32], chosen: Sequence[Chosen], seed: int) -> tuple[list[Sides], Tensor]:
    """Of latents (N, D), with the planes (A, D + 1) fitted to all that is kept: all planes are fitted together, three
    for each attribute."""
    halves = [stream(seed, "ls.halves", each.attribute).permutation(len(each.index)) for each in chosen]
    splits = [np.array_split(half, 2) for half in halves]
    whole = [(number, np.arange(len(each.index))) for number, each in enumerate(chosen)]
    told = [number for number, each in enumerate(chosen) if all(_both(each.positive[half]) for half in splits[number])]
    problems = [*whole, *((number, half) for number in told for half in splits[number])]
    signs = [_signs(chosen[number], rows, len(latents)) for number, rows in problems]
    planes = fit_squared_hinge(torch.from_numpy(latents), torch.from_numpy(np.stack(signs)))
    said = _said(latents, planes)
    held_out: dict[int, BoolArray] = {}
    for place, number in enumerate(told):
        side = said[len(whole) + 2 * place : len(whole) + 2 * place + 2, chosen[number].index]
        in_first = np.zeros(len(chosen[number].index), dtype=bool)
        in_first[splits[number][0]] = True
        held_out[number] = np.where(in_first, side[1], side[0])
    sides = [Sides(said[number, each.index], held_out.get(number)) for number, each in enumerate(chosen)]
    return sides, planes[: len(whole)]


def _spread(latents: NDArray[np.float32], scores: ScoreRows, names: Sequence[str], planes: Tensor, seed: int) -> Spread:
    """From random halves of the samples; planes (A, D + 1) of the attributes `names`, to begin at."""
    found = [
        _of_half(latents[half], scores.half(half), names, planes)
        for half in random_halves(len(scores.values), seed=seed, purpose="ls.interval")
    ]
    values = np.array(found)
    # Where no half errs at all, one sample on the wrong side would still have been no surprise.
    kept = len(scores.values) // 2
    least = (np.log2(kept) + 1 / np.log(2)) / kept
    variances = variance_of_halves(values)
    return Spread(
        bits=max(float(variance_of_halves(values[:, 0].sum(1))), least**2),
        entropies=np.maximum(variances[0], least**2),
        accuracies=variances[1],
    )


def _of_half(
    latents: NDArray[np.float32], scores: ScoreRows, names: Sequence[str], planes: Tensor
) -> tuple[FloatArray, FloatArray]:
    """Entropies and accuracies (A,) as a run of these samples alone would have them; 0 and 1 for an attribute of which
    one class alone is kept."""
    kept = {each.attribute: each for each in chosen_samples(scores)[0]}
    known = [number for number, name in enumerate(names) if name in kept]
    entropies, accuracies = np.zeros(len(names)), np.ones(len(names))
    if known:
        some = [kept[names[number]] for number in known]
        signs = np.stack([_signs(each, np.arange(len(each.index)), len(latents)) for each in some])
        fitted = fit_squared_hinge(torch.from_numpy(latents), torch.from_numpy(signs), start=planes[known])
        for number, each, side in zip(known, some, _said(latents, fitted), strict=True):
            counts = confusion(side[each.index], each.positive)
            entropies[number] = conditional_entropies(counts[None])[0]
            accuracies[number] = np.trace(counts) / counts.sum()
    return entropies, accuracies


def _both(positive: BoolArray) -> bool:
    return bool(positive.any() and not positive.all())


def _signs(chosen: Chosen, rows: NDArray[np.int64], n: int) -> NDArray[np.int8]:
    """(n,): the class as -1 or 1 of the kept samples `rows`, 0 of all others."""
    signs = np.zeros(n, dtype=np.int8)
    signs[chosen.index[rows]] = np.where(chosen.positive[rows], 1, -1)
    return signs


def _said(latents: NDArray[np.float32], planes: Tensor) -> BoolArray:
    """(K, N): on which side of each of planes (K, D + 1) each latent lies."""
    parts = torch.split(torch.from_numpy(latents), PART)
    return to_array(torch.cat([part.double() @ planes[:, :-1].T + planes[:, -1] > 0 for part in parts]).T)


def _no_interval(columns: int) -> str:
    least = 2 * FEWEST_A_COLUMN * columns
    return (
        f"no interval: planes of {columns} numbers nearly part so few samples whatever their classes, and jump from "
        f"run to run; from {least:,} samples on there is one"
    )


def _estimate(
    chosen: Sequence[Chosen], sides: Sequence[Sides], spread: Spread | None, n: int, notes: tuple[str, ...]
) -> Estimate:
    value = _score(chosen, [each.fitted for each in sides])
    told = [each.held_out for each in sides if each.held_out is not None]
    held_out = _score(chosen, told) if len(told) == len(sides) else None
    fitted = Estimate(value, None, n)
    if spread is not None:
        error = Z95 * float(np.sqrt(spread.bits))
        ends = (max(value * 2.0**-error, 1.0), value * 2.0**error)
        fitted = Estimate(value, ends, n, (value * np.log(2)) ** 2 * spread.bits)
    rows: dict[str, list[Entry]] = {"fitted and predicted on the same": [fitted], "held out": [held_out]}
    note = (
        "Held out: fitted on one half of the kept samples, predicted on the other, both ways; such numbers have no "
        "interval."
    )
    scores = detail_table("scores", "Score", rows, columns=("2 ^ sum H(Y|X)",), note=note)
    if held_out is not None:
        said = f"predicted by planes that were not fitted to them, the samples score {held_out:.4g}"
        notes = (said, *notes)
    tables = (scores, _table(chosen, sides, spread))
    return replace(fitted, notes=notes, tables=tables)


def _score(chosen: Sequence[Chosen], sides: Sequence[BoolArray]) -> float:
    """2 ^ sum of H(Y|X)."""
    return separability_score([confusion(side, each.positive) for side, each in zip(sides, chosen, strict=True)])


def _table(chosen: Sequence[Chosen], sides: Sequence[Sides], spread: Spread | None) -> DetailTable:
    rows = {
        each.attribute: _row(each, side, spread, number)
        for number, (each, side) in enumerate(zip(chosen, sides, strict=True))
    }
    return detail_table("attributes", "By attribute, entropies in bits", rows, columns=COLUMNS)


def _row(chosen: Chosen, sides: Sides, spread: Spread | None, number: int) -> list[Entry]:
    n = len(chosen.index)
    entropy, accuracy = _read(sides.fitted, chosen.positive)
    held_entropy, held_accuracy = (None, None) if sides.held_out is None else _read(sides.held_out, chosen.positive)
    ends: list[Entry] = [entropy, accuracy]
    if spread is not None:
        half = Z95 * float(np.sqrt(spread.entropies[number]))
        share = share_interval(accuracy, n, float(spread.accuracies[number]))
        ends = [
            Estimate(entropy, (max(entropy - half, 0.0), min(entropy + half, 1.0)), n),
            Estimate(accuracy, share, n),
        ]
    share_of_one = float(chosen.positive.mean())
    return [ends[0], held_entropy, ends[1], held_accuracy, share_of_one, chosen.threshold, float(n)]


def _read(side: BoolArray, positive: BoolArray) -> tuple[float, float]:
    """H(Y|X) and the accuracy."""
    return float(conditional_entropies(confusion(side, positive)[None])[0]), float((side == positive).mean())
