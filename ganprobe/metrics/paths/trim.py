"""The interval of a trimmed mean, and where there is none: the trim falls on a gap.

>>> from ganprobe.core.streams import stream
>>> rows = stream(0, "trim example").exponential(size=1000)
>>> rows[:10] *= 1e4
>>> trimmed_estimate(2.0, rows, (0.0, float(np.sort(rows)[-10])), 99.0).notes[0][:12]
'no interval:'

The number of values above a percentile varies by its binomial deviation. Where values just above are thousands of times
those just below, a few of them more or fewer inside the trim decide the mean, and no variance of a sample tells it.
"""

from __future__ import annotations

import math

import numpy as np

from ganprobe.core.results import Estimate
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.intervals import skewed_estimate

DEVIATIONS = 3.0
"""By so many the number of values beyond the trim may be off."""

UNSTABLE = 20.0
"""The largest ratio of the variances with the trim moved that far up and that far down."""


def trimmed_estimate(value: float, data: FloatArray, ends: tuple[float, float], high: float) -> Estimate:
    """Of `value`, the mean of data (N,) between `ends`, the upper of which is percentile `high`. The terms are the
    values clipped to the ends, over the share that is not trimmed (winsorised; Tukey and McLaughlin 1963)."""
    n = len(data)
    gap = _gap(np.sort(data), ends[0], 1 - high / 100)
    if gap is not None:
        return Estimate(value, None, n, notes=(gap,))
    inside = float(((data >= ends[0]) & (data <= ends[1])).mean())
    clipped = data.clip(*ends)
    return skewed_estimate(value, n, (clipped - clipped.mean()) / (inside * math.sqrt(n * (n - 1))))


def _gap(ordered: FloatArray, low: float, beyond: float) -> str | None:
    """What to say where the upper trim falls on a gap. ordered (N,): ascending; beyond: the share above the trim."""
    n = len(ordered)
    deviation = math.sqrt(beyond * (1 - beyond) * n)
    reach = DEVIATIONS * deviation
    first = max(math.floor(n - 1 - beyond * n - reach), 0)
    last = min(math.ceil(n - 1 - beyond * n + reach), n - 1)
    below, above = (float(ordered.clip(low, max(ordered[end], low)).var()) for end in (first, last))
    if first >= last or above <= UNSTABLE * below or below == 0:
        return None
    window = np.log(np.maximum(ordered[first : last + 1], np.finfo(np.float64).tiny))
    widest = first + int(np.diff(window).argmax())
    share = (n - 1 - widest) / n
    apart = abs(share - beyond)
    wanted = (DEVIATIONS * math.sqrt(beyond * (1 - beyond)) / apart) ** 2 if apart > beyond / 10 else math.inf
    advice = (
        f"about {float(f'{2 * wanted:.1g}'):,.0f} pairs would tell" if math.isfinite(wanted) else "more may not help"
    )
    return (
        f"no interval: the trim falls on a gap, {100 * share:.1f}% of the pairs jump from {ordered[widest]:.3g} to "
        f"{ordered[widest + 1]:.3g} and more, and how many of them count is chance; {advice}"
    )
