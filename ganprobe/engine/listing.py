"""What `ganprobe list` shows. Each list is imported when it is asked for, so that none waits for another."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ganprobe.core.shipped import manifest

Listing = tuple[tuple[str, ...], Sequence[tuple[str, ...]]]


def listing(kind: str) -> Listing:
    """The column titles and rows of one kind of name."""
    return _LISTINGS[kind]()


def _metrics() -> Listing:
    from ganprobe.engine.opening.metrics import CATALOGUE, installed

    rows = [(name, spec.better, spec.features, spec.summary) for name, spec in CATALOGUE.items()]
    others = [
        (found.name, found.item.better, found.item.features, f"{found.item.summary} ({found.package})")
        if found.item
        else (found.name, "-", "-", found.problem)
        for found in installed()
    ]
    return ("metric", "better", "features", "what it tells"), rows + others


def _generators() -> Listing:
    records = manifest().get("generators", {})
    rows = [(name, str(r["architecture"]), str(r["data"]), str(r["summary"])) for name, r in records.items()]
    return ("generator", "architecture", "data", "what it is"), rows


def _datasets() -> Listing:
    from ganprobe.data.datasets import DATASETS

    shipped = manifest().get("statistics", {})
    rows = [(name, "yes" if name in shipped else "no", record.summary) for name, record in DATASETS.items()]
    return ("data set", "statistics shipped", "what it is"), rows


def _features() -> Listing:
    from ganprobe.features.table import FEATURES

    return ("features", "what they are"), [(name, record.summary) for name, record in FEATURES.items()]


def _directions() -> Listing:
    from ganprobe.directions.methods.catalogue import METHODS

    return ("method", "what it finds"), [(name, record.summary) for name, record in METHODS.items()]


def _layouts() -> Listing:
    from ganprobe.checkpoints.layouts.table import LAYOUTS
    from ganprobe.checkpoints.plugins import plug_ins

    rows = [(name, record.summary) for name, record in LAYOUTS.items()]
    others = [
        (found.name, f"{found.item.summary} ({found.package})" if found.item else found.problem)
        for found in plug_ins(LAYOUTS)
    ]
    return ("layout", "whose checkpoints"), rows + others


def _scorers() -> Listing:
    from ganprobe.features.attributes.forms import SCORERS

    return ("--scorer", "what scores attributes"), list(SCORERS.items())


def _recipes() -> Listing:
    from ganprobe.training.recipe.shipped import shipped, tables_of

    tables = {name: tables_of(name) for name in shipped()}
    rows = [
        (name, str(table["architecture"]), table.get("data", {}).get("name", "any (--data)"), str(table["summary"]))
        for name, table in tables.items()
    ]
    return ("recipe", "architecture", "data", "what it trains"), rows


def _tasks() -> Listing:
    from ganprobe.training.tasks import TASKS

    return ("task", "what it does"), list(TASKS.items())


_LISTINGS: dict[str, Callable[[], Listing]] = {
    "metrics": _metrics,
    "generators": _generators,
    "datasets": _datasets,
    "features": _features,
    "directions": _directions,
    "layouts": _layouts,
    "scorers": _scorers,
    "recipes": _recipes,
    "tasks": _tasks,
}
