"""Which rows a reproduction trains and how each is looked at: each recipe once, however many tables show it.

>>> from ganprobe.reproduce.plans.budget import read_budget
>>> from ganprobe.reproduce.plans.data import Holdings
>>> from ganprobe.reproduce.plans.target import read_target
>>> plan = make_plan(read_target("lt-gan"), read_budget("gpu"), Holdings(), rows=("toyfaces-sndcgan-*", "imagenet-*"))
>>> [(run.name, run.measures) for run in plan.runs][0]
('toyfaces-sndcgan-baseline', ('images', 'attributes', 'detection'))
>>> plan.lacks["imagenet-biggan-lt"]
'not in the budget gpu'
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from ganprobe.core.errors import InputError
from ganprobe.reproduce.plans.budget import Budget, Reduction
from ganprobe.reproduce.plans.data import Holdings, data_of
from ganprobe.reproduce.plans.target import Target

NOT_ASKED = "not among the rows asked for"


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One training run of a recipe. measures: how it is looked at, in the target's order."""

    recipe: str
    seed: int
    reduction: Reduction
    measures: tuple[str, ...]

    @property
    def name(self) -> str:
        """Of its folders and in the report: the seed is named from the second on."""
        return run_name(self.recipe, self.seed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """runs: what is to be done, in the order of the tables. lacks: why a recipe of the target is not among them.
    unread: by recipe and measure, why a recipe that is trained cannot be looked at in one way."""

    target: Target
    budget: Budget
    runs: tuple[Run, ...]
    lacks: Mapping[str, str]
    unread: Mapping[tuple[str, str], str]


def run_name(recipe: str, seed: int) -> str:
    """'cifar10-sndcgan-lt', 'cifar10-sndcgan-lt-seed1'."""
    return recipe if seed == 0 else f"{recipe}-seed{seed}"


def make_plan(
    target: Target, budget: Budget, holdings: Holdings, *, rows: Sequence[str] | None = None, seeds: int | None = None
) -> Plan:
    """What `target` needs under `budget` with the data at hand.

    rows: patterns of recipes; None for all. seeds: training runs of each row, None for the budget's. InputError for a
    pattern that no recipe of the target fits, fewer than one seed, and where nothing at all can be done.
    """
    count = budget.seeds if seeds is None else seeds
    if count < 1:
        raise InputError(f"seeds must be at least 1, got {count}")
    measures = measures_of(target)
    _check_patterns(rows, list(measures), target.name)
    lacks = {recipe: said for recipe in measures if (said := _lacks(recipe, budget, holdings, rows))}
    unread = _unread(target, measures, holdings)
    runs = [
        Run(
            recipe=recipe,
            seed=seed,
            reduction=_reduction(budget, recipe),
            measures=tuple(name for name in names if (recipe, name) not in unread),
        )
        for seed in range(count)
        for recipe, names in measures.items()
        if recipe not in lacks
    ]
    if not runs:
        said = "; ".join(dict.fromkeys(lacks.values()))
        raise InputError(f"no row of {target.name} can be done under the budget {budget.name}: {said}")
    return Plan(target=target, budget=budget, runs=tuple(runs), lacks=lacks, unread=unread)


def measures_of(target: Target) -> dict[str, tuple[str, ...]]:
    """Each recipe of the target, in order, and the measures that its tables and figures need of it."""
    found: dict[str, dict[str, None]] = {}
    for part in target.parts:
        for row in part.rows:
            found.setdefault(row.recipe, {})[part.measure] = None
    order = list(target.measures)
    return {recipe: tuple(sorted(names, key=order.index)) for recipe, names in found.items()}


def _check_patterns(rows: Sequence[str] | None, recipes: Sequence[str], name: str) -> None:
    for pattern in rows or ():
        if not any(fnmatchcase(recipe, pattern) for recipe in recipes):
            raise InputError(f"no row of {name} fits {pattern!r}; its rows: {', '.join(recipes)}")


def _lacks(recipe: str, budget: Budget, holdings: Holdings, rows: Sequence[str] | None) -> str:
    if rows is not None and not any(fnmatchcase(recipe, pattern) for pattern in rows):
        return NOT_ASKED
    if budget.reduction(recipe) is None:
        return f"not in the budget {budget.name}"
    return holdings.lacks(data_of(recipe))


def _reduction(budget: Budget, recipe: str) -> Reduction:
    found = budget.reduction(recipe)
    assert found is not None, "what no reduction names is lacking"
    return found


def _unread(target: Target, measures: Mapping[str, tuple[str, ...]], holdings: Holdings) -> dict[tuple[str, str], str]:
    found = {}
    for recipe, names in measures.items():
        data = data_of(recipe)
        for name in names:
            measure = target.measures[name]
            if measure.scored and (said := holdings.lacks_scorer(data)):
                found[recipe, name] = said
            elif measure.against == "classes" and not data.classes:
                found[recipe, name] = f"{data.title} has no classes"
    return found
