"""Tasks in this process one after another, or in several processes at once; one that fails does not end the others.

Each process keeps what it has opened (networks, images) from one task to the next. What tasks say as they go is kept in
a file each, so that several do not talk at once.
"""

from __future__ import annotations

import contextlib
import heapq
import itertools
import os
import traceback
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol

from ganprobe.core.errors import GanprobeError
from ganprobe.reproduce.clock import Clock

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
    """What a task gave, or `said`, the one line that it failed with, and the whole `story`."""

    task: Task
    value: Any = None
    said: str = ""
    story: str = ""


Follow = Callable[[Outcome], Iterable[Task]]


def carry_out(tasks: Sequence[Task], *, jobs: int, clock: Clock, follow: Follow) -> None:
    """Carry out `tasks` and those that `follow` makes of each outcome, lower orders first, up to `jobs` at once. Once
    the clock has ended no task begins. follow: is told of every outcome, in this process."""
    if jobs == 1:
        _one_by_one(tasks, clock, follow)
    else:
        _side_by_side(tasks, jobs, clock, follow)


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


def _one_by_one(tasks: Sequence[Task], clock: Clock, follow: Follow) -> None:
    queue = _Queue(tasks)
    while queue and clock.left:
        queue.add(follow(perform(queue.take())))


def _side_by_side(tasks: Sequence[Task], jobs: int, clock: Clock, follow: Follow) -> None:
    queue = _Queue(tasks)
    while queue and clock.left:
        lost = _pooled(queue, jobs, clock, follow)
        # One of those that were under way has taken its process down: each alone, so that it is known which.
        for task in lost:
            queue.add(follow(_alone(task)))


def _pooled(queue: _Queue, jobs: int, clock: Clock, follow: Follow) -> list[Task]:
    """Until the queue is empty or a process is lost; the tasks that were under way then."""
    running: dict[Future[Outcome], Task] = {}
    with _pool(jobs) as pool:
        while running or (queue and clock.left):
            try:
                while queue and len(running) < jobs and clock.left:
                    task = queue.take()
                    running[pool.submit(perform, task)] = task
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    outcome = future.result()
                    del running[future]
                    queue.add(follow(outcome))
            except BrokenProcessPool:
                return list(running.values())
    return []


def _alone(task: Task) -> Outcome:
    with _pool(1) as pool:
        try:
            return pool.submit(perform, task).result()
        except BrokenProcessPool:
            return Outcome(task, said=DIED, story=DIED)


@contextlib.contextmanager
def _pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Processes of their own, not forks: a CUDA context and threads do not survive those."""
    threads = max(1, (os.cpu_count() or 1) // jobs)
    pool = ProcessPoolExecutor(jobs, mp_context=get_context("spawn"), initializer=_begin, initargs=(threads,))
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _begin(threads: int) -> None:
    import torch

    torch.set_num_threads(threads)


def perform(task: Task) -> Outcome:
    """Carry out one task; whatever goes wrong becomes a line."""
    task.log.parent.mkdir(parents=True, exist_ok=True)
    with task.log.open("a", encoding="utf-8") as log, contextlib.redirect_stderr(log):
        try:
            return Outcome(task, task.carry_out())
        except GanprobeError as problem:
            return Outcome(task, said=_line(problem), story=traceback.format_exc())
        except Exception as problem:  # noqa: BLE001 - a row must not end the others; its whole story is kept
            return Outcome(task, said=f"{type(problem).__name__}: {_line(problem)}", story=traceback.format_exc())


def _line(problem: BaseException) -> str:
    return " ".join(str(problem).split()) or "no reason given"
