"""What a reproduction may spend, as data: how far each recipe is cut down, how much is measured, how many seeds.

>>> read_budget("gpu").reduction("cifar10-sndcgan-lt").steps
20000
>>> read_budget("gpu").reduction("imagenet-biggan-lt") is None
True
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any, Literal

from ganprobe.core.errors import InputError
from ganprobe.core.registry import unknown
from ganprobe.reproduce.plans.toml_records import packaged, record

FILE = "budgets.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduction:
    """recipes: patterns of names. steps: of the generator, None for the recipe's own; all other lengths shrink with
    them. set: settings of the recipe by dotted name, which count
    after that."""

    recipes: tuple[str, ...]
    steps: int | None = None
    set: Mapping[str, Any] = field(default_factory=dict)

    def names(self, recipe: str) -> bool:
        """Whether a recipe is among these."""
        return any(fnmatchcase(recipe, pattern) for pattern in self.recipes)


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """samples: at most so many, by measure. set: settings of every recipe by dotted name, before those of its
    reduction. options: of training runs, which leave the weights alone. protocols: metrics under other protocols, by
    the name that the target has. classifier: that metrics train, None for their own. stand_in: pictures in the place
    of every data set, 0 for the data itself. weights: which are measured, of the end of training or of its best
    moment. seeds: training runs of each row. jobs: rows at a time. share: of a limited time, what training may
    take."""

    name: str
    summary: str
    reduction_list: tuple[Reduction, ...]
    samples: Mapping[str, int] = field(default_factory=dict)
    set: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    protocols: Mapping[str, str] = field(default_factory=dict)
    classifier: str | None = None
    stand_in: int = 0
    weights: Literal["last", "best"] = "last"
    seeds: int = 1
    jobs: int = 1
    share: float = 0.6

    def reduction(self, recipe: str) -> Reduction | None:
        """How a recipe is cut down; None where it is not in the budget."""
        return next((each for each in self.reduction_list if each.names(recipe)), None)

    def cap(self, measure: str, samples: int) -> int:
        """How many samples of a measure that the paper takes `samples` of."""
        return min(samples, self.samples.get(measure, samples))


def budget_names() -> list[str]:
    """The budgets that ship, the least first."""
    return list(packaged(FILE))


def read_budget(name: str) -> Budget:
    """The budget called `name`. InputError for an unknown one."""
    said = packaged(FILE)
    if name not in said:
        raise unknown("budget", name, said)
    return budget_of(name, said[name])


def budget_of(name: str, said: Mapping[str, Any]) -> Budget:
    """A budget from its TOML. InputError for unknown or missing keys, and values out of range."""
    rest = {key: value for key, value in said.items() if key != "reduction"}
    reductions = tuple(
        record(Reduction, each, where=f"a reduction of budget {name}") for each in said.get("reduction", ())
    )
    found = record(Budget, rest, where=f"budget {name}", name=name, reduction_list=reductions)
    if found.seeds < 1 or found.jobs < 1 or not 0 < found.share < 1:
        raise InputError(f"budget {name}: seeds and jobs must be at least 1, share between 0 and 1; mend {FILE}")
    return found
