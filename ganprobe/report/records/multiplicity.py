"""Many rows in one table: what chance alone would star, and Holm's correction for it.

>>> round(chance_of_star(2), 3), holm([0.01, 0.04, 0.03])
(0.05, [True, False, False])

A star says that its generator is ahead of every other one, and its p-value is the largest of theirs. With more
generators chance alone stars a row less often, for the leader must be ahead of all of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache
from typing import Final, Literal, get_args

import numpy as np

from ganprobe.core.results import Z95, Estimate
from ganprobe.report.format import half_width

Correction = Literal["none", "holm"]
CORRECTIONS: Final[tuple[str, ...]] = get_args(Correction)
LEVEL: Final = 0.05


def p_value(difference: Estimate) -> float:
    """Two-sided, of a difference with a normal 95% interval; 1 without an interval."""
    half = half_width(difference)
    if half is None or difference.value == 0:
        return 1.0
    return math.erfc(abs(difference.value) * Z95 / half / math.sqrt(2)) if half else 0.0


@cache
def chance_of_star(generators: int) -> float:
    """How often one of so many alike generators, drawn apart and known equally well, is ahead of all others by more
    than the 95% intervals of the differences: with distribution function F of a normal number x, the sum over
    generators of E (1 - F(x + 1.96 sqrt 2))^(generators - 1)."""
    at = np.linspace(-9.0, 9.0, 3601)
    density = np.exp(-(at**2) / 2) / math.sqrt(2 * math.pi)
    above = np.array([math.erfc((x + Z95 * math.sqrt(2)) / math.sqrt(2)) / 2 for x in at])
    return float(generators * (density * above ** (generators - 1)).sum() * (at[1] - at[0]))


def holm(p_values: Sequence[float | None], level: float = LEVEL) -> list[bool]:
    """Which hypotheses are rejected so that the chance of rejecting any true one is at most `level` (Holm 1979, "A
    simple sequentially rejective multiple test procedure"); None is no hypothesis."""
    tested = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    rejected = [False] * len(p_values)
    for number, (p, place) in enumerate(tested):
        if p > level / (len(tested) - number):
            break
        rejected[place] = True
    return rejected
