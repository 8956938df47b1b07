"""From a call to a report: plan, train, measure, write. What is finished is not done again.

reproduce(Call(target="lt-gan", budget="smoke", out=Path("runs/lt-gan")))
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ganprobe.core.errors import InputError
from ganprobe.core.files import check_writable
from ganprobe.report.folders.reproduction import write_reproduction
from ganprobe.report.records.reproduction import Reproduction
from ganprobe.reproduce.budget import read_budget
from ganprobe.reproduce.clock import clock_of
from ganprobe.reproduce.data import Holdings, with_stand_ins
from ganprobe.reproduce.layout import Folder, open_state
from ganprobe.reproduce.plan import Plan, make_plan
from ganprobe.reproduce.recipes import recipe_of
from ganprobe.reproduce.results import reproduction_of
from ganprobe.reproduce.target import read_target
from ganprobe.reproduce.tasks import Bench
from ganprobe.reproduce.work import Work
from ganprobe.reproduce.workers import Crew


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is asked. tables: ids, None for all. rows: patterns of recipes, None for all. seeds, jobs: None for the
    budget's. max_minutes: after which nothing more begins; rows of one network then train as many steps as the slowest
    of them can. report_only: write the report of what is there. command: for the report."""

    target: str
    budget: str
    out: Path
    tables: tuple[str, ...] | None = None
    rows: tuple[str, ...] | None = None
    holdings: Holdings = field(default_factory=Holdings)
    device: str | None = None
    seeds: int | None = None
    jobs: int | None = None
    max_minutes: float | None = None
    report_only: bool = False
    command: str = ""


def reproduce(call: Call, *, say: Callable[[str], None] = lambda line: print(line, file=sys.stderr)) -> Reproduction:
    """Do what is asked, write the report to `out`/report and give it. Everything that can be wrong with the call is
    looked at first: InputError for unknown names and patterns without a row, DataError for folders without images,
    OutputError where `out` cannot be written. A row that fails is named in the report, and the others go on."""
    clock = clock_of(call.max_minutes)
    if call.jobs is not None and call.jobs < 1:
        raise InputError(f"jobs must be at least 1, got {call.jobs}")
    target, budget = read_target(call.target).only(call.tables), read_budget(call.budget)
    folder = Folder(call.out)
    holdings = with_stand_ins(call.holdings, budget.stand_in, folder.data)
    plan = make_plan(target, budget, holdings, rows=call.rows, seeds=call.seeds)
    for run in plan.runs:
        recipe_of(run, budget)
    check_writable(call.out)
    state = open_state(folder, target=call.target, budget=call.budget).with_command(call.command).save(folder)
    bench = Bench(folder=folder, budget=budget, holdings=holdings, device=call.device, snapshots=_kept(plan))
    if not call.report_only:
        with Crew(min(call.jobs or budget.jobs, len(plan.runs))) as crew:
            state = Work(plan, bench, state, clock, crew, say).do()
    found = reproduction_of(plan, bench, state)
    write_reproduction(found, folder.report)
    return found


def _kept(plan: Plan) -> frozenset[str]:
    """The recipes whose networks a measure wants at several moments of training."""
    measures = plan.target.measures
    return frozenset(run.recipe for run in plan.runs if any(measures[name].snapshots for name in run.measures))
