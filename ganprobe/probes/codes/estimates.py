"""From what was read of codes to numbers: how many are read aright, how well numbers are told, and the bound.

>>> import numpy as np
>>> nothing = np.zeros((50, 0))
>>> read = {"right": np.ones((50, 2)), "surprise": np.zeros((50, 2)), "codes": nothing, "means": nothing}
>>> estimates_of(read, (10, 4))["code_accuracy"].value
1.0
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.results import Z95, Estimate, normal_estimate
from ganprobe.core.tables import DetailTable, Entry, detail_table
from ganprobe.metrics.arrays import FloatArray
from ganprobe.probes.accuracy import share
from ganprobe.probes.codes.reader import CODES, MEANS, RIGHT, SURPRISE, Reading

ACCURACY: Final = "code_accuracy"
CORRELATION: Final = "code_correlation"
BOUND: Final = "code_information"
GAUSSIAN: Final = 0.5 * math.log(2 * math.pi)
"""The constant part of -log N(x; mean, 1)."""
LEAST_SURE: Final = 1e-12
"""Variances below are rounding."""


def estimates_of(read: Reading, categorical: Sequence[int]) -> Mapping[str, Estimate]:
    """`code_accuracy` where there are categorical codes (of so many values each), `code_correlation` where there are
    continuous ones, and `code_information`, which has the table of all codes."""
    surprises = _surprises(read)
    entropies = [*(math.log(count) for count in categorical), *[math.log(2)] * read[CODES].shape[1]]
    found: dict[str, Estimate] = {}
    if categorical:
        chance = sum(1 / count for count in categorical) / len(categorical)
        found[ACCURACY] = _said(share(read[RIGHT].T > 0), chance, "accuracy")
    if read[CODES].shape[1]:
        found[CORRELATION] = _said(correlation(read[CODES], read[MEANS]), 0.0, "correlation")
    bound = _mean(sum(entropies) - surprises.sum(1))
    table = _table(read, categorical, np.asarray(entropies) - surprises)
    found[BOUND] = Estimate(bound.value, bound.ci95, bound.n, bound.variance, tables=(table,))
    return found


def correlation(codes: FloatArray, means: FloatArray) -> Estimate:
    """The mean over codes of Pearson's correlation of codes and means (N, C) each; 0 for means that never differ. The
    interval is by the delta method, on Fisher's scale."""
    x, y = (_standardised(each) for each in (codes, means))
    by_code = (x * y).mean(0)
    influence = (x * y - by_code / 2 * (x**2 + y**2)).mean(1)
    value, n = float(by_code.mean()), len(codes)
    variance = float(influence.var(ddof=1)) / n
    inside = 1 - value**2
    if inside <= LEAST_SURE or variance <= LEAST_SURE**2:
        return Estimate(value, (value, value), n, variance)
    centre, half = math.atanh(value), Z95 * math.sqrt(variance) / inside
    return Estimate(value, (math.tanh(centre - half), math.tanh(centre + half)), n, variance)


def _table(read: Reading, categorical: Sequence[int], bounds: NDArray[np.float64]) -> DetailTable:
    rows: dict[str, list[Entry]] = {}
    for number, count in enumerate(categorical):
        known, bound = share(read[RIGHT][:, number][None] > 0), _mean(bounds[:, number])
        rows[f"categorical {number + 1}, of {count}"] = [known, None, bound, None]
    for number in range(read[CODES].shape[1]):
        pair = (read[each][:, number : number + 1] for each in (CODES, MEANS))
        bound = _mean(bounds[:, len(categorical) + number])
        fitted = _fitted_bound(read[CODES][:, number] - read[MEANS][:, number])
        rows[f"continuous {number + 1}"] = [None, correlation(*pair), bound, fitted]
    return detail_table(
        "codes",
        "By code",
        rows,
        columns=("accuracy", "correlation", "information", "information, fitted variance"),
        note="information: the bound H(c) + E log Q(c | x) in nats; of continuous codes with a variance of 1, with "
        "which Q is trained, and with that of its errors",
    )


def _surprises(read: Reading) -> NDArray[np.float64]:
    """-log Q(c | x) of each image and code."""
    errors = read[CODES] - read[MEANS]
    return np.concatenate([read[SURPRISE], 0.5 * errors**2 + GAUSSIAN], 1)


def _fitted_bound(errors: NDArray[np.float64]) -> Estimate | None:
    """log 2 less the mean surprise of a Gaussian of the errors' own mean square."""
    square = float((errors**2).mean())
    if square <= LEAST_SURE:
        return None
    return _mean(math.log(2) - GAUSSIAN - 0.5 * math.log(square) - 0.5 * errors**2 / square)


def _mean(values: NDArray[np.float64]) -> Estimate:
    return normal_estimate(float(values.mean()), len(values), float(values.var(ddof=1)) / len(values))


def _standardised(x: FloatArray) -> FloatArray:
    deviation = x.std(0)
    return np.asarray((x - x.mean(0)) / np.where(deviation > LEAST_SURE, deviation, np.inf), dtype=np.float64)


def _said(found: Estimate, chance: float, what: str) -> Estimate:
    """With a note where it cannot be told from chance."""
    if found.ci95 is None or found.ci95[0] > chance:
        return found
    note = f"the {what} is not above chance ({chance:.3g}): the codes do not show"
    return Estimate(found.value, found.ci95, found.n, found.variance, notes=(note,))
