"""From what lies in the folder to the record that the report is written from. Nothing is trained or measured here."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from ganprobe.checkpoints.native import read_header
from ganprobe.core.results import Estimate, Record
from ganprobe.engine.opening.features import open_device
from ganprobe.engine.provenance import time_now, versions
from ganprobe.report.records.reproduction import (
    CurveFigure,
    CurveLine,
    MeasuredRow,
    NumberGroup,
    NumberTable,
    Reproduction,
    judged,
)
from ganprobe.reproduce.plans.data import data_of
from ganprobe.reproduce.plans.plan import Plan, Run, run_name
from ganprobe.reproduce.plans.recipes import differences, recipe_of
from ganprobe.reproduce.plans.standing_in import Means, means_of
from ganprobe.reproduce.plans.target import Column, Curve, Group, Row, Table
from ganprobe.reproduce.reading import Reading, curve_of, number_column, read_column
from ganprobe.reproduce.rows.layout import State
from ganprobe.reproduce.rows.measuring import is_current, look_of, measured
from ganprobe.reproduce.rows.tasks import Bench, measure_title, subject_of
from ganprobe.reproduce.rows.training import progress_of

NOT_YET = "not yet"


def reproduction_of(plan: Plan, bench: Bench, state: State) -> Reproduction:
    """The tables and figures of the plan's target, as far as they are measured."""
    shelf = _Shelf(plan, bench, state)
    target, budget = plan.target, plan.budget
    return Reproduction(
        title=target.title,
        source=target.source,
        protocol=target.protocol,
        budget=budget.name,
        says=_says(plan, bench, state),
        tables=tuple(_table(table, shelf) for table in target.tables),
        figures=tuple(_figure(curve, shelf) for curve in target.figures),
        facts=_facts(shelf),
        failures=dict(state.failures),
        trained={name: facts for name in shelf.trained if (facts := _trained(name, shelf))},
        pictures=shelf.pictures(),
        origin=_origin(bench, state),
    )


@dataclass(slots=True)
class _Shelf:
    """What has been measured, each folder read once."""

    plan: Plan
    bench: Bench
    state: State
    _records: dict[tuple[str, str], Record | None] = field(default_factory=dict)

    @property
    def means(self) -> Means:
        """Which metrics stand for the paper's."""
        return means_of(self.bench.holdings, self.plan.budget)

    @property
    def recipes(self) -> list[str]:
        """Of the target, in order, each once."""
        return list(dict.fromkeys(row.recipe for part in self.plan.target.parts for row in part.rows))

    @property
    def trained(self) -> list[str]:
        """The names of the runs that have begun."""
        names = (run_name(recipe, seed) for recipe in self.recipes for seed in self.seeds(recipe))
        return [name for name in names if (self.bench.folder.run(name) / "G.safetensors").is_file()]

    def seeds(self, recipe: str) -> list[int]:
        """The training seeds that have begun, from 0 on without a gap."""
        begun = (self.bench.folder.run(run_name(recipe, seed)).is_dir() for seed in itertools.count())
        return list(range(sum(1 for _ in itertools.takewhile(bool, begun))))

    def record(self, recipe: str, name: str, measure: str) -> Record | None:
        """What has been measured of a run as it is now."""
        if (name, measure) not in self._records:
            self._records[name, measure] = self._read(recipe, name, measure)
        return self._records[name, measure]

    def _read(self, recipe: str, name: str, measure: str) -> Record | None:
        bench = self.bench
        if not (bench.folder.run(name) / "G.safetensors").is_file():
            return None
        subject = subject_of(recipe, name, bench.folder, bench.budget)
        wanted = self.plan.target.measures[measure]
        look = look_of(wanted, subject.data, bench.budget, bench.folder, bench.holdings, bench.device)
        return measured(name, look) if is_current(subject, look) else None

    def why_not(self, recipe: str, measure: str) -> str:
        """Why there is no record of any run of a recipe."""
        name, failures = run_name(recipe, 0), self.state.failures
        if said := self.plan.lacks.get(recipe):
            return said
        if said := self.plan.unread.get((recipe, measure)):
            return said
        for title in (measure_title(name, "training"), measure_title(name, measure)):
            if title in failures:
                return f"failed: {failures[title]}"
        return NOT_YET

    def pictures(self) -> dict[str, bytes]:
        """The samples of the runs that were measured."""
        found = {}
        for name in self.trained:
            files = sorted((self.bench.folder.root / "measured" / name).glob("*/figures/samples.png"))
            if files:
                found[name] = files[0].read_bytes()
        return found


def _table(table: Table, shelf: _Shelf) -> NumberTable:
    columns = tuple(number_column(column, shelf.means) for column in table.columns)
    groups = tuple(
        NumberGroup(
            title=group.title,
            rows=judged([_row(row, table, shelf) for row in group.rows], columns, judge=not shelf.plan.budget.stand_in),
            differs=_differs(group, table, shelf),
        )
        for group in table.groups
    )
    return NumberTable(
        id=table.id, title=table.title, columns=columns, groups=groups, note=table.note, source=table.source
    )


def _row(row: Row, table: Table, shelf: _Shelf) -> MeasuredRow:
    readings = {column.key: _readings(row, column, table.measure, shelf) for column in table.columns}
    values: dict[str, tuple[Estimate, ...]] = {
        key: tuple(each.found for each in found if each.found is not None) for key, found in readings.items()
    }
    lacks = {
        key: next((each.lacks for each in found), shelf.why_not(row.recipe, table.measure))
        for key, found in readings.items()
        if not values[key]
    }
    return MeasuredRow(
        method=row.method,
        recipe=row.recipe,
        values={key: found for key, found in values.items() if found},
        lacks=lacks,
        paper=row.paper,
        stated=row.stated,
        against=row.against,
    )


def _readings(row: Row, column: Column, measure: str, shelf: _Shelf) -> list[Reading]:
    """Of every training seed that was measured."""
    names = (run_name(row.recipe, seed) for seed in shelf.seeds(row.recipe))
    records = (shelf.record(row.recipe, name, measure) for name in names)
    return [read_column(record, column, shelf.means) for record in records if record is not None]


def _differs(group: Group, table: Table, shelf: _Shelf) -> tuple[str, ...]:
    """What sets the rows of a group that are measured apart from the paper's."""
    runs = [run for run in _runs(shelf.plan) if run.recipe in {row.recipe for row in group.rows}]
    if not runs:
        return ()
    data, budget = data_of(runs[0].recipe), shelf.plan.budget
    if budget.stand_in:
        said = [f"{budget.stand_in} toy faces stand in for the data"]
    else:
        said = [data.differs] if data.differs else []
    for run in runs:
        said += differences(run, budget)
    steps = {shelf.state.steps[run.recipe] for run in runs if run.recipe in shelf.state.steps}
    whole = max(recipe_of(run, budget).steps for run in runs)
    said += [f"stopped at {least:,} of these steps for want of time" for least in sorted(steps) if least < whole]
    return tuple(dict.fromkeys(said))


def _runs(plan: Plan) -> list[Run]:
    return [run for run in plan.runs if run.seed == 0]


def _figure(curve: Curve, shelf: _Shelf) -> CurveFigure:
    return CurveFigure(
        id=curve.id,
        title=curve.title,
        x=curve.x,
        y=curve.y,
        lines=tuple(_line(row, curve, shelf) for row in curve.rows),
        note=curve.note,
        chance=curve.chance,
    )


def _line(row: Row, curve: Curve, shelf: _Shelf) -> CurveLine:
    record = shelf.record(row.recipe, run_name(row.recipe, 0), curve.measure)
    points = () if record is None else curve_of(record, shelf.means.metric(curve.metric))
    lacks = "" if points else shelf.why_not(row.recipe, curve.measure)
    return CurveLine(
        name=row.method,
        points=points,
        lacks=lacks,
        mark=_mark(record, shelf.means.metric(curve.metric)) if points else None,
    )


def _mark(record: Record | None, metric: str) -> float | None:
    """The place on the x axis that is the run's own, where its protocol says so."""
    if record is None:
        return None
    value = record[metric].protocol.get("trained_at")
    return float(value) if isinstance(value, int | float) else None


def _says(plan: Plan, bench: Bench, state: State) -> tuple[str, ...]:
    budget, target = plan.budget, plan.target
    lines = [f"Budget {budget.name}: {budget.summary}."]
    if budget.weights == "best":
        lines.append(
            "Measured are the weights of the best moment of training by the distance to the test images, as the paper "
            "does; several runs are averaged, where the paper takes the best of three."
        )
    else:
        lines.append(
            "Measured are the weights at the end of training, not those of its best moment, and the mean of runs."
        )
    means = replace(means_of(bench.holdings, budget), protocols={})
    if any(means.metric(name) != name for measure in target.measures.values() for name in measure.metrics):
        lines.append(
            "The published networks' weights were not given (--inception-weights, --vgg-weights): features are those "
            "of the embedded network, and the numbers go by other names (FD, CS) and do not compare with the paper's."
        )
    if state.steps:
        lines.append(
            "Time was limited: the rows of one network have trained as many steps as the slowest of them could."
        )
    return tuple(lines)


def _facts(shelf: _Shelf) -> dict[str, str]:
    done = len(shelf.trained)
    hours = sum(found.seconds for name in shelf.trained if (found := progress_of(shelf.bench.folder.run(name)))) / 3600
    return {"runs": f"{done}", "training": f"{hours:.2f} hours in all"}


def _trained(name: str, shelf: _Shelf) -> Mapping[str, str]:
    """What a run's own network says of its training."""
    folder = shelf.bench.folder.run(name)
    header = read_header(folder / "G.safetensors")
    said: Mapping[str, Any] = header.training
    progress = progress_of(folder)
    return {
        "network": header.architecture,
        "parameters of G": f"{header.parameters:,}",
        "steps": f"{said['steps']:,}",
        "images": f"{said['images']:,}",
        "minutes": f"{60 * float(said['hours']):.1f}",
        "steps a second": f"{progress.rate:.1f}" if progress is not None and progress.rate else "",
        "device": str(said.get("device", "")),
        "seed": str(said["seed"]),
    }


def _origin(bench: Bench, state: State) -> dict[str, str]:
    commands = {f"command {number}" if number > 1 else "command": text for number, text in enumerate(state.commands, 1)}
    device = open_device(bench.device)
    return {**{key: str(value) for key, value in versions(device).items()}, "written": time_now(), **commands}
