"""The two kinds of work of a reproduction, each of which can travel to another process."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from ganprobe.reproduce.plans.budget import Budget
from ganprobe.reproduce.plans.data import Holdings, data_of
from ganprobe.reproduce.plans.plan import Run
from ganprobe.reproduce.plans.recipes import recipe_of
from ganprobe.reproduce.plans.target import Measure
from ganprobe.reproduce.rows.clock import Clock
from ganprobe.reproduce.rows.layout import Folder
from ganprobe.reproduce.rows.measuring import Subject, look_of, take
from ganprobe.reproduce.rows.training import Progress, generator_of, train_row

TRAIN_ORDER = 1000
TRAINING = "training"


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What the tasks of one call share."""

    folder: Folder
    budget: Budget
    holdings: Holdings
    device: str | None = None
    snapshots: frozenset[str] = field(default_factory=frozenset)
    """Recipes whose networks are kept on the way."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Train:
    """Train a run as far as `until` and `seconds` allow. steps: None for the recipe's own. careful: without CUDA
    graphs, after these have failed."""

    run: Run
    bench: Bench
    until: Clock
    steps: int | None = None
    seconds: float = math.inf
    careful: bool = False

    @property
    def title(self) -> str:
        return measure_title(self.run.name, TRAINING)

    @property
    def order(self) -> int:
        return TRAIN_ORDER

    @property
    def log(self) -> Path:
        return self.bench.folder.log(self.run.name)

    def carry_out(self) -> Progress:
        """How far it went."""
        bench = self.bench
        recipe = recipe_of(self.run, bench.budget, steps=self.steps, snapshots=self.run.recipe in bench.snapshots)
        data, side = data_of(self.run.recipe), recipe.data.resolution
        return train_row(
            recipe,
            bench.holdings.train(data, side),
            bench.folder.run(self.run.name),
            against=bench.holdings.test(data, side),
            cache=bench.folder.data,
            options={**bench.budget.options, **({"graphs": False} if self.careful else {})},
            device=bench.device,
            until=self.until,
            seconds=self.seconds,
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Measuring:
    """Look at a trained run in one way. order: of the measure in the target."""

    run: Run
    bench: Bench
    measure: Measure
    order: int

    @property
    def title(self) -> str:
        return measure_title(self.run.name, self.measure.name)

    @property
    def log(self) -> Path:
        return self.bench.folder.log(self.run.name)

    def carry_out(self) -> str:
        """The folder of the results."""
        bench = self.bench
        subject = subject_of(self.run.recipe, self.run.name, bench.folder, bench.budget)
        look = look_of(self.measure, subject.data, bench.budget, bench.folder, bench.holdings, bench.device)
        return str(take(subject, look))


def measure_title(run: str, measure: str) -> str:
    """'cifar10-sndcgan-lt: images'."""
    return f"{run}: {measure}"


def subject_of(recipe: str, name: str, folder: Folder, budget: Budget) -> Subject:
    """The trained run `name`."""
    trained = folder.run(name)
    weights = generator_of(trained, budget.weights)
    return Subject(name=name, trained=trained, weights=weights, resolution=_side(weights), data=data_of(recipe))


def _side(weights: Path) -> int:
    from ganprobe.checkpoints.native import read_header

    config: Mapping[str, Any] = read_header(weights).config
    return int(config["resolution"])
