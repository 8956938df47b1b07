"""From a call to a report: plan, train, measure, write. What is finished is not done again.

reproduce("lt-gan", ReproduceCall(budget="smoke"), out=Path("runs/lt-gan"))
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from ganprobe.core.calls.reproduction import ReproduceCall
from ganprobe.core.files import check_writable
from ganprobe.report.folders.reproduction import write_reproduction
from ganprobe.report.records.reproduction import Reproduction
from ganprobe.reproduce.plans.budget import read_budget
from ganprobe.reproduce.plans.data import Holdings, with_stand_ins
from ganprobe.reproduce.plans.plan import Plan, make_plan
from ganprobe.reproduce.plans.recipes import recipe_of
from ganprobe.reproduce.plans.target import read_target
from ganprobe.reproduce.results import reproduction_of
from ganprobe.reproduce.rows.clock import clock_of
from ganprobe.reproduce.rows.layout import Folder, open_state
from ganprobe.reproduce.rows.tasks import Bench
from ganprobe.reproduce.rows.work import Work
from ganprobe.reproduce.rows.workers import Crew


def reproduce(
    target: str,
    call: ReproduceCall,
    *,
    out: Path,
    command: str = "",
    say: Callable[[str], None] = lambda line: print(line, file=sys.stderr),
) -> Reproduction:
    """Do what is asked, write the report to `out`/report and give it. command: for the report. Everything that can be
    wrong with the call is looked at first: InputError for unknown names and patterns without a row, DataError for
    folders without images, OutputError where `out` cannot be written. A row that fails is named in the report, and the
    others go on."""
    clock, folder = clock_of(call.max_minutes), Folder(out)
    paper, budget = read_target(target).only(call.tables), read_budget(call.budget)
    holdings = with_stand_ins(_holdings(call), budget.stand_in, folder.data)
    plan = make_plan(paper, budget, holdings, rows=call.rows, seeds=call.seeds)
    for run in plan.runs:
        recipe_of(run, budget)
    check_writable(out)
    state = open_state(folder, target=target, budget=call.budget).with_command(command).save(folder)
    bench = Bench(folder=folder, budget=budget, holdings=holdings, device=call.device, snapshots=_kept(plan))
    if not call.report_only:
        with Crew(min(call.jobs or budget.jobs, len(plan.runs))) as crew:
            state = Work(plan, bench, state, clock, crew, say).do()
    found = reproduction_of(plan, bench, state)
    write_reproduction(found, folder.report)
    return found


def _holdings(call: ReproduceCall) -> Holdings:
    return Holdings(
        folders={name: Path(folder) for name, folder in (call.data or {}).items()},
        scorers=call.scorers or {},
        inception_weights=None if call.inception_weights is None else Path(call.inception_weights),
        vgg_weights=None if call.vgg_weights is None else Path(call.vgg_weights),
    )


def _kept(plan: Plan) -> frozenset[str]:
    """The recipes whose networks a measure wants at several moments of training."""
    measures = plan.target.measures
    return frozenset(run.recipe for run in plan.runs if any(measures[name].snapshots for name in run.measures))
