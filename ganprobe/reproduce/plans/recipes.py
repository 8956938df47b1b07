"""The recipe of a row under a budget, and what sets it apart from the paper's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from ganprobe.core.calls.checking import plain
from ganprobe.reproduce.plans.budget import Budget
from ganprobe.reproduce.plans.plan import Run
from ganprobe.training.reading import read_recipe
from ganprobe.training.reading import recipe_of as built
from ganprobe.training.recipe.records import Recipe

SNAPSHOTS = 10
"""Of a run whose discriminator is looked at over training."""


def recipe_of(run: Run, budget: Budget, *, steps: int | None = None, snapshots: bool = False) -> Recipe:
    """The recipe of a run, cut down as the budget says. steps: fewer, where a limit of time has cut them; what happens
    when stays as the budget has it, so that a shorter run is the beginning of a longer one. snapshots: whether the
    networks are kept on the way. Errors: InputError where the recipe or a setting is not known."""
    recipe = read_recipe(run.recipe)
    if run.reduction.steps is not None:
        recipe = recipe.shortened(run.reduction.steps)
    recipe = changed(recipe, {**budget.set, **run.reduction.set, "seed": run.seed})
    if snapshots:
        recipe = replace(recipe, snapshot_every=max(1, recipe.images // SNAPSHOTS))
    if budget.weights == "last":
        recipe = replace(recipe, evaluation=replace(recipe.evaluation, every=0))
    return recipe if steps is None else replace(recipe, steps=min(steps, recipe.steps))


def changed(recipe: Recipe, settings: Mapping[str, Any]) -> Recipe:
    """The recipe with `settings` by dotted name, those of tasks by the task's name ("lt.start"). InputError for a name
    or a value that it cannot have."""
    tables = plain(recipe)
    for name, value in settings.items():
        path = name.split(".")
        place = tables
        for part in ["tasks", *path[:-1]] if path[0] in recipe.tasks else path[:-1]:
            place = place.setdefault(part, {})
        place[path[-1]] = value
    return built(tables)


def differences(run: Run, budget: Budget) -> tuple[str, ...]:
    """What the budget changes of the paper's recipe, a phrase each: 'batch 16 in place of 64'."""
    whole = plain(read_recipe(run.recipe))
    ours = plain(recipe_of(run, budget))
    names = dict.fromkeys(["steps", *budget.set, *run.reduction.set])
    places = {name: f"tasks.{name}" if name.partition(".")[0] in whole["tasks"] else name for name in names}
    return tuple(
        f"{name} {_words(at(ours, place))} in place of {_words(at(whole, place))}"
        for name, place in places.items()
        if at(ours, place) != at(whole, place)
    )


def at(values: Mapping[str, Any], name: str) -> Any:
    """The value under a dotted name; None where there is none."""
    found: Any = values
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _words(value: Any) -> str:
    if value is None:
        return "the default"
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)
