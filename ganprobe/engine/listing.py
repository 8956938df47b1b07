"""What `ganprobe list` shows."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ganprobe.checkpoints import LAYOUTS
from ganprobe.checkpoints.plugins import plug_ins
from ganprobe.core.shipped import manifest
from ganprobe.data import DATASETS
from ganprobe.directions import METHODS
from ganprobe.engine.opening.metrics import CATALOGUE
from ganprobe.features import FEATURES, SCORERS
from ganprobe.training.recipe.shipped import shipped, tables_of
from ganprobe.training.tasks import TASKS

Listing = tuple[tuple[str, ...], Sequence[tuple[str, ...]]]


def listing(kind: str) -> Listing:
    """The column titles and rows of one kind of name."""
    return _LISTINGS[kind]()


def _metrics() -> Listing:
    rows = [(name, spec.better, spec.features, spec.summary) for name, spec in CATALOGUE.items()]
    return ("metric", "better", "features", "what it tells"), rows


def _generators() -> Listing:
    records = manifest().get("generators", {})
    rows = [(name, str(r["architecture"]), str(r["data"]), str(r["summary"])) for name, r in records.items()]
    return ("generator", "architecture", "data", "what it is"), rows


def _datasets() -> Listing:
    shipped = manifest().get("statistics", {})
    rows = [(name, "yes" if name in shipped else "no", record.summary) for name, record in DATASETS.items()]
    return ("data set", "statistics shipped", "what it is"), rows


def _features() -> Listing:
    return ("features", "what they are"), [(name, record.summary) for name, record in FEATURES.items()]


def _directions() -> Listing:
    return ("method", "what it finds"), [(name, record.summary) for name, record in METHODS.items()]


def _layouts() -> Listing:
    rows = [(name, record.summary) for name, record in LAYOUTS.items()]
    others = [
        (found.name, f"{found.item.summary} ({found.package})" if found.item else found.problem)
        for found in plug_ins(LAYOUTS)
    ]
    return ("layout", "whose checkpoints"), rows + others


def _scorers() -> Listing:
    return ("--scorer", "what scores attributes"), list(SCORERS.items())


def _recipes() -> Listing:
    tables = {name: tables_of(name) for name in shipped()}
    rows = [
        (name, str(table["architecture"]), table.get("data", {}).get("name", "any (--data)"), str(table["summary"]))
        for name, table in tables.items()
    ]
    return ("recipe", "architecture", "data", "what it trains"), rows


def _tasks() -> Listing:
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
