"""Tasks in this process one after another, or in several processes at once; one that fails does not end the others.

Each process keeps what it has opened (networks, images) from one task to the next. What tasks say as they go is kept in
a file each, so that several do not talk at once.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import sys
import traceback
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, final

from ganprobe.core.errors import GanprobeError
from ganprobe.reproduce.rows.clock import Clock

DIED = "its process ended without a word, perhaps for want of memory; try fewer jobs"


class Task(Protocol):
    """Work that can travel to another process. order: lower ones first."""

    @property
    def title(self) -> str: ...
    @property
    def order(self) -> int: ...
    @property
    def log(self) -> Path: ...
    def carry_out(self) -> Any: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a task gave, or `said`, the one line that it failed with, and the whole `story`. surprise: whether it was no
    error of ours, so that its process may be of no further use."""

    task: Task
    value: Any = None
    said: str = ""
    story: str = ""
    surprise: bool = False


Follow = Callable[[Outcome], Iterable[Task]]


@final
class Crew:
    """Up to `jobs` processes that stay from one call to the next; with one job this process does the work.

    with Crew(jobs=4) as crew:
        crew.carry_out(tasks, clock=clock, follow=lambda outcome: ())
    """

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> Crew:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.renew()

    def renew(self) -> None:
        """Let the processes go; the next task begins in new ones."""
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._pool = None

    def carry_out(self, tasks: Iterable[Task], *, clock: Clock, follow: Follow) -> None:
        """Carry out `tasks` and those that `follow`, which is told of every outcome in this process, makes of each:
        lower orders first. Once the clock has ended no task begins."""
        queue = _Queue(tasks)
        while queue and clock.left:
            if self.jobs == 1:
                queue.add(follow(perform(queue.take())))
                continue
            # One of those that were under way may take its process down: then each goes alone, to know which it was.
            for task in self._side_by_side(queue, clock, follow):
                queue.add(follow(self._alone(task)))

    def _side_by_side(self, queue: _Queue, clock: Clock, follow: Follow) -> list[Task]:
        """Until the queue is empty or a process is lost; the tasks that were under way then."""
        running: dict[Future[Outcome], Task] = {}
        while running or (queue and clock.left):
            try:
                while queue and len(running) < self.jobs and clock.left:
                    task = queue.take()
                    running[self._processes().submit(perform, task)] = task
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    outcome = future.result()
                    del running[future]
                    queue.add(follow(outcome))
            except BrokenProcessPool:
                self.renew()
                return list(running.values())
        return []

    def _alone(self, task: Task) -> Outcome:
        try:
            return self._processes().submit(perform, task).result()
        except BrokenProcessPool:
            self.renew()
            return Outcome(task, said=DIED, story=DIED, surprise=True)

    def _processes(self) -> ProcessPoolExecutor:
        """Processes of their own, not forks: a CUDA context and threads do not survive those."""
        if self._pool is None:
            threads = max(1, (os.cpu_count() or 1) // self.jobs)
            context = get_context("spawn")
            self._pool = ProcessPoolExecutor(self.jobs, mp_context=context, initializer=_begin, initargs=(threads,))
        return self._pool


class _Queue:
    """Tasks by order, then as they came."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        self._count = itertools.count()
        self._heap: list[tuple[int, int, Task]] = []
        self.add(tasks)

    def add(self, tasks: Iterable[Task]) -> None:
        for task in tasks:
            heapq.heappush(self._heap, (task.order, next(self._count), task))

    def take(self) -> Task:
        return heapq.heappop(self._heap)[2]

    def __bool__(self) -> bool:
        return bool(self._heap)


def _begin(threads: int) -> None:
    """torch reads the number when it is imported, which a task that needs none is spared."""
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    else:
        os.environ["OMP_NUM_THREADS"] = str(threads)


def perform(task: Task) -> Outcome:
    """Carry out one task; whatever goes wrong becomes a line."""
    task.log.parent.mkdir(parents=True, exist_ok=True)
    with task.log.open("a", encoding="utf-8") as log, contextlib.redirect_stderr(log):
        try:
            return Outcome(task, task.carry_out())
        except GanprobeError as problem:
            return Outcome(task, said=_line(problem), story=traceback.format_exc())
        except Exception as problem:  # noqa: BLE001 - a row must not end the others; its whole story is kept
            said, story = f"{type(problem).__name__}: {_line(problem)}", traceback.format_exc()
            return Outcome(task, said=said, story=story, surprise=True)


def _line(problem: BaseException) -> str:
    return " ".join(str(problem).split()) or "no reason given"
