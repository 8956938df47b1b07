"""Replicates of a row, and what they say of its intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.coverage.row import Row
from ganprobe.core.results import Z95, Estimate, Record, Result, Subject, reference_variance
from ganprobe.core.streams import stream
from ganprobe.metrics.spec import MetricSpec
from ganprobe.report.records.table import compare_records

CHUNK = 50
"""Replicates that are measured and kept together."""

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Replicates:
    """Of R replicates, (R, 2) for the two generators: values, ends of the intervals, stated deviations, NaN where no
    interval is stated. (R,): whether `compare` tells the two apart, against one reference and against one each."""

    value: Array
    low: Array
    high: Array
    stated: Array
    told: Array
    told_unpaired: Array

    def joined(self, other: Replicates) -> Replicates:
        names = [each.name for each in fields(self)]
        return Replicates(*(np.concatenate([getattr(self, name), getattr(other, name)]) for name in names))


@dataclass(frozen=True, slots=True)
class Share:
    """A number with its standard error; NaN where there is none."""

    value: float
    error: float

    def within(self, low: float, high: float, errors: float = 3.0) -> bool:
        """Whether it lies in a range, or so near that chance may have taken it out."""
        return low - errors * self.error <= self.value <= high + errors * self.error


@dataclass(frozen=True, slots=True)
class Outcome:
    """truth, and whether it is the mean of the values; covered: the share of intervals that hold it; ratio: of the
    stated deviation to that of the values; told, told_unpaired: how often alike generators are told apart; stated: the
    share of numbers with an interval; replicates: how many."""

    truth: Share
    own_mean: bool
    covered: Share
    ratio: Share
    told: Share
    told_unpaired: Share
    stated: float
    replicates: int


def replicates(row: Row, spec: MetricSpec, numbers: range, seed: int = 0) -> Replicates:
    """Measure the replicates of these numbers, each a function of the row, the seed and its number."""
    pairs = [row.twins(spec, stream(seed, "coverage", row.drawn, row.n, row.m, number)) for number in numbers]
    ends = np.array([[one.ci95 or (math.nan, math.nan) for one in pair] for pair in pairs])
    others = [pairs[(place + 1) % len(pairs)][1] for place in range(len(pairs))]
    return Replicates(
        value=np.array([[one.value for one in pair] for pair in pairs]),
        low=ends[:, :, 0],
        high=ends[:, :, 1],
        stated=np.array([[_deviation(one) for one in pair] for pair in pairs]),
        told=np.array([told_apart(spec, *pair) for pair in pairs], dtype=np.float64),
        told_unpaired=np.array(
            [told_apart(spec, _apart(one), _apart(other)) for (one, _), other in zip(pairs, others, strict=True)],
            dtype=np.float64,
        ),
    )


def outcome(row: Row, found: Replicates) -> Outcome:
    """What the replicates say."""
    count = len(found.value)
    own = Share(float(found.value.mean()), _error(found.value.mean(1)))
    truth = own if row.truth is None else Share(*row.truth())
    held = (found.low <= truth.value) & (truth.value <= found.high)
    covered = np.where(np.isnan(found.low), math.nan, held)
    return Outcome(
        truth=truth,
        own_mean=row.truth is None,
        covered=_share(covered),
        ratio=_ratio(found),
        told=_binomial(found.told, 0.05),
        told_unpaired=_binomial(found.told_unpaired, 0.05),
        stated=float(np.isfinite(found.low).mean()),
        replicates=count,
    )


def told_apart(spec: MetricSpec, a: Estimate, b: Estimate) -> bool:
    """Whether `compare` stars one of two runs. A metric of which neither end is the better is taken as if lower were:
    it is never starred, but its differences are printed all the same."""
    better = "lower" if spec.better == "neither" else spec.better
    reference = Subject("reference", "0" * 64) if spec.needs_reference else None
    runs = [
        Record(Subject(name, name * 64), reference, (Result(spec.name, one, better, spec.features, {}, 0.0),))
        for name, one in (("a", a), ("b", b))
    ]
    return any(cell.best for cell in compare_records(runs).rows[0].cells)


def _apart(estimate: Estimate) -> Estimate:
    """As of a reference of its own, whose noise does not cancel."""
    return replace(estimate, reference_terms=None)


def _deviation(estimate: Estimate) -> float:
    if estimate.ci95 is None:
        return math.nan
    if estimate.variance is None:
        return (estimate.ci95[1] - estimate.ci95[0]) / 2 / Z95
    return math.sqrt(estimate.variance + reference_variance(estimate.reference_terms))


def _share(each: Array) -> Share:
    """The mean of (R, 2) of zeros, ones and NaN, whose rows are independent."""
    kept = each[~np.isnan(each).all(1)]
    if not len(kept):
        return Share(math.nan, math.nan)
    return _binomial(np.nanmean(kept, axis=1), 0.95)


def _binomial(each: Array, nominal: float) -> Share:
    """With its standard error; where all are alike, that of the nominal share."""
    error = _error(each) or math.sqrt(nominal * (1 - nominal) / len(each))
    return Share(float(each.mean()), error)


def _error(each: Array) -> float:
    return float(each.std(ddof=1)) / math.sqrt(len(each)) if len(each) > 1 else math.nan


def _ratio(found: Replicates) -> Share:
    """Its standard error by the bootstrap over replicates."""
    kept = ~np.isnan(found.stated).any(1)
    values, stated = found.value[kept], found.stated[kept]
    if kept.sum() < 2 or not values.std() > 0:
        return Share(math.nan, math.nan)

    def ratio(rows: Any) -> float:
        spread = values[rows].std(ddof=1)
        return float(np.sqrt((stated[rows] ** 2).mean()) / spread) if spread > 0 else math.nan

    rng = stream(0, "coverage bootstrap")
    drawn = [ratio(rng.integers(0, len(values), len(values))) for _ in range(200)]
    return Share(ratio(slice(None)), float(np.nanstd(drawn)))
