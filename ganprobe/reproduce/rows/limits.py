"""How many steps a limit of time allows, the same for all rows that are compared.

>>> from ganprobe.reproduce.rows.training import Progress
>>> seen = {"a-net-x": Progress(100, 0, 10.0, rate=10.0), "a-net-y": Progress(80, 0, 10.0, rate=8.0)}
>>> steps_within(seen, seconds=100.0, most={"a-net-x": 5000, "a-net-y": 5000})
{'a-net-x': 800, 'a-net-y': 800}
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from ganprobe.reproduce.rows.training import Progress

CAUTION = 0.9
"""Of the rate that was seen: rows do not go evenly."""


def group_of(recipe: str) -> str:
    """Rows of one network on one data set are compared: 'cifar10-sndcgan-cr-lt' is of 'cifar10-sndcgan'."""
    return "-".join(recipe.split("-")[:2])


def steps_within(seen: Mapping[str, Progress], *, seconds: float, most: Mapping[str, int]) -> dict[str, int]:
    """Steps by recipe. seen: how far each run is and how fast it goes beside the others; seconds: of training for each
    from now on; most: steps, by recipe. What the slowest row of a group reaches, in round numbers, but no fewer than
    any row of it has behind it and no more than `most`; rows of which no rate is known do not count."""
    groups: dict[str, list[str]] = {}
    for recipe in seen:
        groups.setdefault(group_of(recipe), []).append(recipe)
    found = {}
    for recipes in groups.values():
        going = [seen[recipe] for recipe in recipes if seen[recipe].rate] or [seen[recipe] for recipe in recipes]
        reached = min(each.steps + CAUTION * each.rate * seconds for each in going)
        done = max(seen[recipe].steps for recipe in recipes)
        for recipe in recipes:
            found[recipe] = min(most[recipe], max(_rounded(reached), done))
    return found


def _rounded(steps: float) -> int:
    """Down to two digits."""
    if steps < 10:
        return max(1, int(steps))
    power = int(10 ** (math.floor(math.log10(steps)) - 1))
    return int(steps // power) * power
