"""From a name or a file, and a call's words, to a checked recipe.

>>> recipe = read_recipe("sndcgan", add=["lt"], changes={"lt.sigma": 0.25, "batch": 32})
>>> recipe.tasks["lt"].sigma, recipe.tasks["lt"].layer, recipe.batch
(0.25, 'conv5', 32)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ganprobe.core.calls.checking import plain, structured
from ganprobe.core.errors import InputError
from ganprobe.core.registry import unknown
from ganprobe.training.recipe import toml
from ganprobe.training.recipe.records import Recipe
from ganprobe.training.recipe.shipped import merged, tables_of
from ganprobe.training.tasks import TASKS

TASK_DEFAULTS = "with"
"""The table of a recipe that says what its tasks are set to where they are added: `[with.lt]`."""

LENGTH = "images"
_OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "generator_rate": ("generator.rate",),
    "discriminator_rate": ("discriminator.rate",),
    "betas": ("generator.betas", "discriminator.betas"),
    "epsilon": ("generator.epsilon", "discriminator.epsilon"),
    "r1_gamma": ("regulariser.weight",),
    "r1_every": ("regulariser.every",),
    "ema_halflife": ("average.halflife",),
    "ema_rampup": ("average.rampup",),
    "flips": ("data.flips",),
    "resolution": ("data.resolution",),
    "limit": ("data.limit",),
}
"""Short names of settings, as runs of older versions have them."""


def read_recipe(
    name: str,
    *,
    add: Iterable[str] = (),
    drop: Iterable[str] = (),
    changes: Mapping[str, Any] | None = None,
) -> Recipe:
    """The recipe `name` (shipped, or a TOML file) with the tasks `add`, without the tasks `drop`, and with `changes`,
    values by dotted name (`batch`, `generator.rate`, `lt.sigma`).

    InputError for an unknown recipe, task or setting, with the nearest known name, and for values of another kind or
    out of range.
    """
    tables = tables_of(name)
    tasks = dict(tables.get("tasks", {}))
    for task in drop:
        if task not in tasks:
            raise unknown("task of this recipe", task, tasks)
        del tasks[task]
    tables["tasks"] = {**{TASKS.known(task): {} for task in add}, **tasks}
    for setting, value in (changes or {}).items():
        for full in _OTHER_NAMES.get(setting, (setting,)):
            _set(tables, full, value)
        if setting == "r1_gamma":
            _set(tables, "regulariser.kind", "r1" if value else "none")
    return recipe_of(tables)


def recipe_of(tables: Mapping[str, Any]) -> Recipe:
    """A recipe of its tables. InputError as `read_recipe` says."""
    own = dict(tables)
    defaults, images = own.pop(TASK_DEFAULTS, {}), own.pop(LENGTH, None)
    given = _table(own.get("tasks", {}), "tasks")
    settings = {
        name: structured(TASKS.settings(name), merged(defaults.get(name, {}), _table(given[name], name)), at=f"{name}.")
        for name in sorted(given)
    }
    recipe = structured(Recipe, {**own, "tasks": settings})
    return recipe if images is None else _of_length(own, settings, recipe, images)


def text_of(recipe: Recipe) -> str:
    """The recipe as TOML, from which the same recipe is read."""
    return toml.written(plain(recipe))


def _of_length(own: Mapping[str, Any], settings: Mapping[str, Any], recipe: Recipe, images: Any) -> Recipe:
    """The recipe with as many steps as show at least `images` images."""
    if not isinstance(images, int) or isinstance(images, bool) or images < 1:
        raise InputError(f"images must be a whole number of at least 1, got {images!r}")
    steps = -(-images // recipe.images_per_step)
    return structured(Recipe, {**own, "tasks": settings, "steps": steps})


def _set(tables: dict[str, Any], name: str, value: Any) -> None:
    first, *rest = name.split(".")
    if first in tables["tasks"]:
        first, rest = "tasks", [first, *rest]
    elif first in TASKS:
        raise InputError(f"{name}: the recipe has no task {first!r}; add it (--with {first})")
    _place(tables, [first, *rest], value, name)


def _place(table: dict[str, Any], path: list[str], value: Any, name: str) -> None:
    first, *rest = path
    if not rest:
        table[first] = value
        return
    inner = table.get(first) or {}
    if not isinstance(inner, Mapping):
        raise InputError(f"{name}: {first} is no table but {inner!r}; see the recipe's settings")
    table[first] = dict(inner)
    _place(table[first], rest, value, name)


def _table(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{name} must be a table of names and values, got {value!r}")
    return value
