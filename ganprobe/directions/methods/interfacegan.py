"""InterFaceGAN: the boundary of an attribute from the samples whose scores are most extreme (Shen, Gu, Tang and Zhou
2020, "Interpreting the latent space of GANs for semantic face editing", section 3.1 and its published code).

Of N scored samples those with the highest and the lowest scores are the two classes; 70% of each train a linear
support vector machine, the others validate it. All remaining samples, those in the middle, are then classified too,
which is the hard part. Their true class is a matter of where the score is cut: the original cuts at the middle of the
range of scores, and the median and zero (the classifier's own decision, where scores are logits) stand beside it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.calls.shared import Extremes as Taken
from ganprobe.core.errors import InputError, UntoldError
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.results import Z95, Estimate
from ganprobe.core.streams import stream
from ganprobe.directions.latents import DrawnSpace, latents_at, projections
from ganprobe.directions.methods.boundary import Boundary, fit_boundary
from ganprobe.directions.methods.cuts import redrawn_midranges
from ganprobe.directions.methods.distances import DistanceCounts, distance_counts
from ganprobe.directions.methods.protocol import FEWEST_EXTREMES, PAPER_EXTREMES, TRAIN_SHARE
from ganprobe.directions.methods.uncertainty import (
    GROUPS,
    REFIT_SAMPLES,
    Uncertainty,
    boundaries_left_out,
    group_of,
    uncertainty,
)
from ganprobe.metrics.given import array64, whole

FloatArray = NDArray[np.float64]
IndexArray = NDArray[np.int64]
QUANTILES: Final = (0.025, 0.25, 0.5, 0.75, 0.975)


def default_extremes(samples: int) -> int:
    """How many samples each class takes: the paper's 10,000, and never more than a tenth of all."""
    return min(PAPER_EXTREMES, samples // 10)


@dataclass(frozen=True, slots=True, eq=False)
class Extremes:
    """Indices of the samples of highest and lowest score, split into training and validation with their classes
    (True for high), and those of all the remaining."""

    train: IndexArray
    train_high: NDArray[np.bool_]
    validation: IndexArray
    validation_high: NDArray[np.bool_]
    remaining: IndexArray


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Separation:
    """The boundary of one attribute in one space, and how well it separates.

    train, validation: accuracies; that on what was fitted has no interval. remaining: threshold ("midrange", "median",
    "zero") to accuracy on the samples that are in neither, uncertain what may move it; positives: threshold to the
    share of them above it, the accuracy of always saying "high". spread: standard deviation of all latents along the
    normal; quantiles: of the signed distances of all latents, at QUANTILES; distances: how many of them lie where.
    extremes: samples in each class.
    """

    attribute: str
    space: DrawnSpace
    boundary: Boundary
    extremes: int
    train: Estimate
    validation: Estimate
    remaining: Mapping[str, Estimate]
    uncertain: Mapping[str, Uncertainty]
    positives: Mapping[str, float]
    spread: float
    quantiles: tuple[float, ...]
    distances: DistanceCounts

    def to_json(self) -> dict[str, Any]:
        remaining = {
            name: {**_estimate_json(accuracy), "positives": self.positives[name]}
            for name, accuracy in self.remaining.items()
        }
        return {
            "attribute": self.attribute,
            "space": self.space,
            "extremes": self.extremes,
            "train": _estimate_json(self.train),
            "validation": _estimate_json(self.validation),
            "remaining": remaining,
            "spread": self.spread,
            "distance_quantiles": dict(zip(map(str, QUANTILES), self.quantiles, strict=True)),
            "distances": self.distances.to_json(),
        }


def separate(
    sampler: LatentSampler,
    scores: Mapping[str, NDArray[np.floating]],
    *,
    space: DrawnSpace,
    seed: int,
    extremes: Taken | None = None,
) -> list[Separation]:
    """The boundary of every attribute in `space`.

    scores: attribute to the scores (N,) of samples 0 to N - 1 under `seed`; their latents are drawn again. extremes:
    samples in each class (None: the paper's 10,000, and at most a tenth of N). InputError where there are too few
    samples, MetricError where scores are not finite or do not tell the highest from the lowest.
    """
    chosen = {name: choose_extremes(values, extremes, seed=seed, name=name) for name, values in scores.items()}
    samples = len(next(iter(scores.values())))
    boundaries, left_out = [], []
    for parts in chosen.values():
        rows = latents_at(sampler, parts.train, seed=seed, space=space)
        boundaries.append(fit_boundary(rows, parts.train_high))
        left_out.append(boundaries_left_out(rows, parts.train_high, group_of(parts.train, samples), boundaries[-1]))
    normals = np.stack([boundary.normal for boundary in boundaries])
    along = projections(sampler, normals, samples=samples, seed=seed, space=space)
    planes = np.concatenate(left_out)
    tried = projections(sampler, planes[:, :-1], samples=min(samples, REFIT_SAMPLES), seed=seed, space=space)
    said_left_out = (tried + planes[:, -1] > 0).reshape(len(tried), -1, GROUPS)
    table = np.stack([np.asarray(values, np.float64) for values in scores.values()], axis=1)
    cuts = redrawn_midranges(table, seed=seed)
    return [
        _assessed(
            _Fitted(name, space, boundary, parts, table[:, a], along[:, a] + boundary.intercept),
            said_left_out[:, a],
            cuts[:, a],
        )
        for a, ((name, parts), boundary) in enumerate(zip(chosen.items(), boundaries, strict=True))
    ]


def told_apart(
    scores: Mapping[str, NDArray[np.floating]], *, extremes: Taken | None, seed: int
) -> tuple[dict[str, NDArray[np.floating]], dict[str, str]]:
    """The attributes whose scores tell the highest samples from the lowest, and of the others why not. InputError as
    `check_extremes`; UntoldError where none is left."""
    kept, untold = dict(scores), {}
    for name, values in scores.items():
        try:
            choose_extremes(values, extremes, seed=seed, name=name)
        except UntoldError as problem:
            untold[name] = str(problem)
            del kept[name]
    if not kept:
        raise UntoldError("; ".join(untold.values()))
    return kept, untold


def choose_extremes(scores: NDArray[np.floating], extremes: Taken | None, *, seed: int, name: str) -> Extremes:
    """The highest and lowest `extremes` of scores (N,), shuffled by (seed, name) and split 70 to 30. Among equal
    scores the lower index counts as the higher score. Errors as in `separate`."""
    values = array64(scores, f"scores of {name!r}", 1, power=1)
    n = len(values)
    each = check_extremes(n, extremes)
    order = np.argsort(-values, kind="stable").astype(np.int64)
    high, low = order[:each], order[n - each :]
    if values[high[-1]] <= values[low[0]]:
        raise _untold(values[order], each, name)
    rng = stream(seed, "interfacegan.split", name)
    high, low = rng.permutation(high), rng.permutation(low)
    cut = int(each * TRAIN_SHARE)
    return Extremes(
        np.concatenate([high[:cut], low[:cut]]),
        np.repeat([True, False], cut),
        np.concatenate([high[cut:], low[cut:]]),
        np.repeat([True, False], each - cut),
        np.sort(order[each : n - each]),
    )


def check_extremes(samples: int, extremes: Taken | None) -> int:
    """How many samples each class takes of so many; `extremes` may be a share. InputError where they are too few
    to fit and validate anything, or the two classes would overlap."""
    each = default_extremes(samples) if extremes is None else extremes
    each = int(each * samples + 1e-9) if isinstance(each, float) else each
    if each < FEWEST_EXTREMES or 2 * each > samples:
        raise InputError(
            f"{each} samples at each end of {samples} cannot be: there must be at least {FEWEST_EXTREMES}, "
            "and twice as many samples in all; draw more samples"
        )
    return each


def share_interval(share: float, n: float, variance: float = 0.0) -> tuple[float, float]:
    """The 95% interval of a share among n trials whose variance is more than theirs alone: Wilson's of as many trials
    as would have that variance."""
    alone = share * (1 - share)
    return _wilson(share, min(float(n), alone / variance) if variance > 0 and alone > 0 else float(n))


def standing_out(scores: NDArray[np.floating]) -> int:
    """The largest number of samples at each end such that all at the upper one have higher scores than all at the lower
    one: of scores of 0 and 1, how many there are of the rarer."""
    ordered = np.sort(np.asarray(scores, dtype=np.float64))
    half = len(ordered) // 2
    return int((ordered[::-1][:half] > ordered[:half]).sum())


def _untold(scores: FloatArray, each: int, name: str) -> UntoldError:
    """The error for `each` samples at the ends of scores (N,) that do not differ."""
    most, n = standing_out(scores), len(scores)
    if most == 0:
        return UntoldError(f"the scores of {name!r} never change; leave it out, or draw more samples")
    said = f"{most} of {n} samples stand out by their scores of {name!r}, and {each} were to be taken at each end"
    if most < FEWEST_EXTREMES:
        return UntoldError(f"only {said}: at least {FEWEST_EXTREMES} are needed; draw more samples, or leave it out")
    return UntoldError(f"only {said}: take fewer (--extremes {most}, or extremes={most}), or leave it out")


def wilson_interval(successes: int, n: int) -> tuple[float, float]:
    """The 95% interval of a share of `successes` among n > 0 trials (Wilson 1927), within [0, 1].
    MetricError unless 0 <= successes <= n."""
    whole(successes, "successes", 0, whole(n, "n", 1))
    return _wilson(successes / n, n)


def _wilson(share: float, n: float) -> tuple[float, float]:
    z2 = Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    return max(0.0, min(centre - half, share)), min(1.0, max(centre + half, share))


@dataclass(frozen=True, slots=True, eq=False)
class _Fitted:
    """What is known of an attribute: scores (N,) and signed distances (N,) of all samples."""

    name: str
    space: DrawnSpace
    boundary: Boundary
    parts: Extremes
    scores: FloatArray
    distances: FloatArray


def _assessed(fitted: _Fitted, said_left_out: NDArray[np.bool_], cuts: FloatArray) -> Separation:
    """said_left_out (S, GROUPS): whether the first S samples lie high of the boundaries with a group left out. cuts:
    midranges as new samples would have them."""
    parts, scores, said_high = fitted.parts, fitted.scores, fitted.distances > 0
    found, shares = {}, {}
    if rows := len(parts.remaining):
        for key, (cut, without) in _thresholds(scores).items():
            truth = scores >= cut
            right = (said_high == truth)[parts.remaining]
            refitted = said_left_out == (scores[: len(said_left_out), None] >= without)
            moved = _at_cuts(scores[parts.remaining], said_high[parts.remaining], cuts) if key == "midrange" else None
            found[key] = uncertainty(right, parts.remaining, len(scores), refitted, moved), float(right.mean())
            shares[key] = float(truth[parts.remaining].mean())
    high = np.zeros(len(scores), dtype=bool)
    high[parts.validation] = parts.validation_high
    order = np.sort(parts.validation)
    refitted = said_left_out == high[: len(said_left_out), None]
    held_out = uncertainty((said_high == high)[order], order, len(scores), refitted)
    right = float((said_high == high)[order].mean())
    return Separation(
        attribute=fitted.name,
        space=fitted.space,
        boundary=fitted.boundary,
        extremes=int((len(parts.train) + len(parts.validation)) // 2),
        train=Estimate(float((said_high[parts.train] == parts.train_high).mean()), None, len(parts.train)),
        validation=Estimate(right, share_interval(right, len(order), held_out.variance), len(order)),
        remaining={key: accuracy_of(value, each, rows) for key, (each, value) in found.items()},
        uncertain={key: each for key, (each, _) in found.items()},
        positives=shares,
        spread=float(fitted.distances.std(ddof=1)),
        quantiles=tuple(float(q) for q in np.quantile(fitted.distances, QUANTILES)),
        distances=distance_counts(fitted.distances, high=_ends(parts, True), low=_ends(parts, False)),
    )


def _ends(parts: Extremes, high: bool) -> IndexArray:
    """The samples of highest or of lowest score."""
    return np.concatenate([parts.train[parts.train_high == high], parts.validation[parts.validation_high == high]])


def accuracy_of(value: float, uncertain: Uncertainty, n: int) -> Estimate:
    """With its interval."""
    return Estimate(value, share_interval(value, n, uncertain.variance), n, uncertain.variance)


def _thresholds(scores: FloatArray) -> dict[str, tuple[float, FloatArray]]:
    """Where scores (N,) are cut, and where they would be with each group of samples left out."""
    groups = group_of(np.arange(len(scores)), len(scores))
    medians = np.array([np.median(scores[groups != group]) for group in range(GROUPS)])
    midrange = (scores.max() + scores.min()) / 2
    return {
        "midrange": (float(midrange), np.full(GROUPS, midrange)),
        "median": (float(np.median(scores)), medians),
        "zero": (0.0, np.zeros(GROUPS)),
    }


def _at_cuts(scores: FloatArray, said_high: NDArray[np.bool_], cuts: FloatArray) -> FloatArray:
    """(B,): the accuracy on samples (n,) for each cut of their scores."""
    order = np.argsort(scores, kind="stable")
    low = np.append(0, np.cumsum(~said_high[order]))
    high = said_high.sum() - np.append(0, np.cumsum(said_high[order]))
    places = np.searchsorted(scores[order], cuts, side="left")
    return np.asarray((low + high)[places] / len(scores), dtype=np.float64)


def _estimate_json(estimate: Estimate) -> dict[str, Any]:
    return {"value": estimate.value, "ci95": list(estimate.ci95 or ()), "n": estimate.n}
