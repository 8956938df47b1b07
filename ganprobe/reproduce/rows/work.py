"""One call's training and measuring: in what order, within what time, and what has become of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import final

from ganprobe.core.files import write_text
from ganprobe.reproduce.plans.plan import Plan, Run
from ganprobe.reproduce.plans.recipes import recipe_of
from ganprobe.reproduce.rows.clock import Clock
from ganprobe.reproduce.rows.layout import State
from ganprobe.reproduce.rows.limits import steps_within
from ganprobe.reproduce.rows.tasks import Bench, Measuring, Train
from ganprobe.reproduce.rows.training import Progress
from ganprobe.reproduce.rows.workers import Crew, Outcome, Task

PILOT, SECOND_PILOT = 0.3, 0.45
"""Shares of the time for training: until when rows go before their rates settle how far all can go, and until when
those go that had to begin again."""

Then = Callable[[Outcome], Iterable[Task]]


@final
class Work:
    """Work(plan, bench, state, clock, crew, print).do() gives the state as it is when everything has been tried."""

    def __init__(
        self, plan: Plan, bench: Bench, state: State, clock: Clock, crew: Crew, say: Callable[[str], None]
    ) -> None:
        self._plan, self._bench, self._state, self._clock = plan, bench, state, clock
        self._crew, self._say = crew, say
        self._rounds = -(-len(plan.runs) // crew.jobs)
        self._reached: dict[str, Progress] = {}
        self._surprised: dict[str, Run] = {}
        self._careful: set[str] = set()

    def do(self) -> State:
        """Train and measure; the state is saved on the way, too."""
        if self._clock.limited:
            self._within_limit()
        else:
            self._state = replace(self._state, steps={})
            self._train(self._plan.runs, self._clock, then=self._looks)
            self._train(self._to_be_careful_with(), self._clock, then=self._looks)
        return self._state.save(self._bench.folder)

    def _within_limit(self) -> None:
        """Training first, all rows of a network as far as the slowest can go; then measuring, the first measure of all
        rows before the second."""
        training = self._clock.part(self._bench.budget.share)
        runs = self._plan.runs
        if not all(run.recipe in self._state.steps for run in runs):
            self._pilot(training)
        steps = self._state.steps
        self._train([run for run in runs if run.recipe in steps], training, steps=steps)
        done = [run for run in runs if run.name in self._reached]
        self._carry_out([task for run in done for task in self._measuring(run)], self._clock, _nothing)

    def _pilot(self, training: Clock) -> None:
        """Let every row go for a while, all at once as far as there are processes, and settle the steps of each."""
        runs = self._plan.runs
        first, second = training.part(PILOT), training.part(SECOND_PILOT)
        self._train(runs, first, seconds=first.left / self._rounds)
        self._train(self._to_be_careful_with(), second, seconds=second.left / self._rounds)
        most = {run.recipe: recipe_of(run, self._bench.budget).steps for run in runs}
        seen = {run.recipe: self._reached[run.name] for run in reversed(runs) if run.name in self._reached}
        steps = steps_within(seen, seconds=training.left / self._rounds, most=most)
        self._state = replace(self._state, steps=steps).save(self._bench.folder)

    def _to_be_careful_with(self) -> list[Run]:
        """The runs whose training ended in an error that is none of ours, once: they begin again, in new processes,
        without CUDA graphs."""
        runs = [run for name, run in self._surprised.items() if name not in self._careful]
        if runs:
            self._careful |= {run.name for run in runs}
            self._crew.renew()
        return runs

    def _train(
        self,
        runs: Iterable[Run],
        until: Clock,
        *,
        steps: Mapping[str, int] | None = None,
        seconds: float = math.inf,
        then: Then | None = None,
    ) -> None:
        tasks = [
            Train(
                run=run,
                bench=self._bench,
                until=until,
                steps=None if steps is None else steps[run.recipe],
                seconds=seconds,
                careful=run.name in self._careful,
            )
            for run in runs
        ]
        self._carry_out(tasks, until, then or _nothing)

    def _carry_out(self, tasks: Sequence[Task], clock: Clock, then: Then) -> None:
        def follow(outcome: Outcome) -> Iterable[Task]:
            self._record(outcome)
            return () if outcome.said else then(outcome)

        self._crew.carry_out(tasks, clock=clock, follow=follow)

    def _record(self, outcome: Outcome) -> None:
        """Say it, and keep how it ended."""
        task, failures = outcome.task, dict(self._state.failures)
        failures.pop(task.title, None)
        if outcome.said:
            failures[task.title] = outcome.said
            write_text(self._bench.folder.failure(task.title), outcome.story)
        if isinstance(task, Train) and outcome.surprise:
            self._surprised[task.run.name] = task.run
        elif isinstance(task, Train) and not outcome.said:
            self._reached[task.run.name] = outcome.value
        self._state = replace(self._state, failures=failures).save(self._bench.folder)
        self._say(f"{task.title}: {_ended(outcome)}")

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
        return f"{outcome.value.steps:,} steps in {outcome.value.seconds:.0f} s, {outcome.value.rate:.1f} a second"
    return "done"
