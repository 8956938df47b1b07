"""From a call to a report: plan, train, measure, write. What is finished is not done again.

reproduce(Call(target="lt-gan", budget="smoke", out=Path("runs/lt-gan")))
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from ganprobe.core.errors import InputError
from ganprobe.core.files import check_writable, write_text
from ganprobe.report.folders.reproduction import write_reproduction
from ganprobe.report.records.reproduction import Reproduction
from ganprobe.reproduce.budget import read_budget
from ganprobe.reproduce.clock import Clock, clock_of
from ganprobe.reproduce.data import Holdings, with_stand_ins
from ganprobe.reproduce.layout import Folder, State, open_state
from ganprobe.reproduce.limits import steps_within
from ganprobe.reproduce.plan import Plan, Run, make_plan
from ganprobe.reproduce.recipes import recipe_of
from ganprobe.reproduce.results import reproduction_of
from ganprobe.reproduce.target import read_target
from ganprobe.reproduce.tasks import Bench, Measuring, Train
from ganprobe.reproduce.training import Progress
from ganprobe.reproduce.workers import Outcome, Task, carry_out

PILOT = 0.3
"""Of the time for training: how long rows go before their rates settle how far they can go."""


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
        state = _Work(plan, bench, state, clock, call.jobs or budget.jobs, say).do()
    found = reproduction_of(plan, bench, state)
    write_reproduction(found, folder.report)
    return found


def _kept(plan: Plan) -> frozenset[str]:
    """The recipes whose networks a measure wants at several moments of training."""
    measures = plan.target.measures
    return frozenset(run.recipe for run in plan.runs if any(measures[name].snapshots for name in run.measures))


class _Work:
    """One call's training and measuring, and what has become of it."""

    def __init__(
        self, plan: Plan, bench: Bench, state: State, clock: Clock, jobs: int, say: Callable[[str], None]
    ) -> None:
        self._plan, self._bench, self._state, self._clock = plan, bench, state, clock
        self._jobs, self._say = min(jobs, len(plan.runs)), say
        self._reached: dict[str, Progress] = {}

    def do(self) -> State:
        """Train and measure; the state as it is then, which is saved on the way."""
        if self._clock.limited:
            self._within_limit()
        else:
            self._state = replace(self._state, steps={})
            self._carry_out([self._train(run, self._clock) for run in self._plan.runs], self._clock, self._looks)
        return self._state.save(self._bench.folder)

    def _within_limit(self) -> None:
        """Training first, all rows as far as the slowest can go; then measuring, the first measure of all rows before
        the second."""
        training = self._clock.part(self._bench.budget.share)
        runs = self._plan.runs
        if not all(run.recipe in self._state.steps for run in runs):
            self._pilot(training)
        steps = self._state.steps
        todo = [run for run in runs if run.recipe in steps]
        self._carry_out([self._train(run, training, steps[run.recipe]) for run in todo], training, _nothing)
        done = [run for run in runs if run.name in self._reached]
        self._carry_out([task for run in done for task in self._measuring(run)], self._clock, _nothing)

    def _pilot(self, training: Clock) -> None:
        """Let every row go for a while, all at once as far as there are processes, and settle the steps of each."""
        runs, rounds = self._plan.runs, -(-len(self._plan.runs) // self._jobs)
        pilot = training.part(PILOT)
        self._carry_out([self._train(run, pilot, seconds=pilot.left / rounds) for run in runs], training, _nothing)
        most = {run.recipe: recipe_of(run, self._bench.budget).steps for run in runs}
        seen = {run.recipe: self._reached[run.name] for run in reversed(runs) if run.name in self._reached}
        self._state = replace(self._state, steps=steps_within(seen, seconds=training.left / rounds, most=most))
        self._state.save(self._bench.folder)

    def _carry_out(self, tasks: Sequence[Task], clock: Clock, then: Callable[[Outcome], Iterable[Task]]) -> None:
        def follow(outcome: Outcome) -> Iterable[Task]:
            self._record(outcome)
            return () if outcome.said else then(outcome)

        carry_out(tasks, jobs=self._jobs, clock=clock, follow=follow)

    def _record(self, outcome: Outcome) -> None:
        """Say it, and keep how it ended."""
        title = outcome.task.title
        failures: Mapping[str, str] = {name: said for name, said in self._state.failures.items() if name != title}
        if outcome.said:
            failures = {**failures, title: outcome.said}
            write_text(self._bench.folder.failure(title), outcome.story)
        elif isinstance(outcome.task, Train):
            self._reached[outcome.task.run.name] = outcome.value
        self._state = replace(self._state, failures=failures).save(self._bench.folder)
        self._say(f"{title}: {_ended(outcome)}")

    def _train(self, run: Run, until: Clock, steps: int | None = None, seconds: float = float("inf")) -> Train:
        return Train(run=run, bench=self._bench, until=until, steps=steps, seconds=seconds)

    def _looks(self, outcome: Outcome) -> Iterable[Task]:
        return self._measuring(outcome.task.run) if isinstance(outcome.task, Train) else ()

    def _measuring(self, run: Run) -> list[Task]:
        measures = self._plan.target.measures
        order = list(measures)
        return [
            Measuring(run=run, bench=self._bench, measure=measures[name], order=order.index(name))
            for name in run.measures
        ]


def _nothing(outcome: Outcome) -> Iterable[Task]:
    return ()


def _ended(outcome: Outcome) -> str:
    if outcome.said:
        return f"failed: {outcome.said}"
    if isinstance(outcome.value, Progress):
        return f"{outcome.value.steps:,} steps in {outcome.value.seconds:.0f} s"
    return "done"
