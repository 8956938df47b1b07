"""Whether an order that a paper states holds in our numbers: values over training seeds, their differences, a verdict.

>>> from ganprobe.core.results import normal_estimate
>>> base, lt = [normal_estimate(25.0, 10_000, 0.04)], [normal_estimate(22.0, 10_000, 0.04)]
>>> verdict(difference_of(lt, base), expected=-1)
'holds'
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from scipy import stats

from ganprobe.core.errors import InputError
from ganprobe.core.results import Z95, Better, Estimate
from ganprobe.report.format import half_width
from ganprobe.report.records.table import excludes_zero, gap

Verdict = Literal["holds", "reversed", "undecided", "unknown", ""]
"""Of an order: "" where none is stated, "unknown" where one of the two numbers or the interval is missing."""


def over_seeds(found: Sequence[Estimate]) -> Estimate:
    """One training run: its estimate, whose interval is that of the measurement alone. Several: their mean with
    Student's 95% interval over the runs, which holds the measurement's share too. InputError for none."""
    if not found:
        raise InputError("the mean over seeds needs at least one value; train a run first")
    if len(found) == 1:
        return found[0]
    mean, variance = _moments(found)
    half = float(stats.t.ppf(0.975, len(found) - 1)) * math.sqrt(variance / len(found))
    return Estimate(mean, (mean - half, mean + half), min(each.n for each in found))


def difference_of(a: Sequence[Estimate], b: Sequence[Estimate]) -> Estimate:
    """mean(a) - mean(b), over training seeds.

    One run of each: the interval of the measurement alone, in which the noise of a shared reference cancels. Several of
    both: Welch's 95% interval (Welch 1947). Several of one and one of the other: Student's, both taken to vary alike.
    """
    if len(a) == len(b) == 1:
        return gap(_with_variance(a[0]), _with_variance(b[0]))
    value = over_seeds(a).value - over_seeds(b).value
    error, freedom = _standard_error(a, b)
    half = float(stats.t.ppf(0.975, freedom)) * error
    return Estimate(value, (value - half, value + half), min(each.n for each in (*a, *b)))


def _standard_error(a: Sequence[Estimate], b: Sequence[Estimate]) -> tuple[float, float]:
    """Of the difference of two means, with its degrees of freedom."""
    several = [each for each in (a, b) if len(each) > 1]
    variances = [_moments(each)[1] for each in several]
    if len(several) == 1:
        return math.sqrt(variances[0] * (1 / len(a) + 1 / len(b))), len(several[0]) - 1
    shares = [variance / len(each) for variance, each in zip(variances, several, strict=True)]
    total = sum(shares)
    if total == 0:
        return 0.0, min(len(each) for each in several) - 1
    parts = sum(share**2 / (len(each) - 1) for share, each in zip(shares, several, strict=True))
    return math.sqrt(total), total**2 / parts


def _moments(found: Sequence[Estimate]) -> tuple[float, float]:
    values = [each.value for each in found]
    mean = math.fsum(values) / len(values)
    return mean, math.fsum((value - mean) ** 2 for value in values) / (len(values) - 1)


def _with_variance(estimate: Estimate) -> Estimate:
    """A value of a detail table has an interval alone: its variance is read from the width."""
    half = half_width(estimate)
    if estimate.variance is not None or half is None:
        return estimate
    return replace(estimate, variance=(half / Z95) ** 2)


def magnitude(estimate: Estimate) -> Estimate:
    """The absolute value, of an estimate whose interval lies on one side of zero or not: the interval is turned with
    it, and reaches down to zero where zero lies inside."""
    if estimate.ci95 is None:
        return replace(estimate, value=abs(estimate.value))
    low, high = estimate.ci95
    ends = (0.0, max(-low, high)) if low < 0 < high else (min(abs(low), abs(high)), max(abs(low), abs(high)))
    return replace(estimate, value=abs(estimate.value), ci95=ends, variance=_with_variance(estimate).variance)


def scaled(estimate: Estimate, factor: float) -> Estimate:
    """The estimate in other units."""
    if factor == 1.0:
        return estimate
    ends = None if estimate.ci95 is None else (estimate.ci95[0] * factor, estimate.ci95[1] * factor)
    terms = None if estimate.reference_terms is None else estimate.reference_terms * factor
    variance = None if estimate.variance is None else estimate.variance * factor**2
    return replace(estimate, value=estimate.value * factor, ci95=ends, variance=variance, reference_terms=terms)


def expected_sign(own: float | None, other: float | None, stated: str, better: Better) -> int:
    """-1 or 1: the sign that the difference of two of the paper's numbers has, or that a word of it ("better",
    "worse") implies; 0 where it says nothing, or that they are equal."""
    if own is not None and other is not None:
        return (own > other) - (own < other)
    upwards = {"higher": 1, "lower": -1, "neither": 0}[better]
    return {"better": upwards, "worse": -upwards}.get(stated, 0)


def verdict(difference: Estimate | None, *, expected: int) -> Verdict:
    """What a difference says of the sign that is expected of it: the interval decides."""
    if not expected:
        return ""
    if difference is None or difference.ci95 is None:
        return "unknown"
    if not excludes_zero(difference):
        return "undecided"
    return "holds" if difference.value * expected > 0 else "reversed"
