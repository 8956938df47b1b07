"""What every benchmark is made of: two ways to one number, timed in turns on one input, and a row of the table."""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

HEAD = (
    "| what | peer | ganprobe | peer's | times faster | wanted | agreement |",
    "| --- | --- | ---: | ---: | ---: | ---: | --- |",
)
MISSING = "not installed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How to run: runs a side of each row, threads, whether times are those of the processor (for a machine that others
    use as well), the device of the networks, and files of weights (None: random ones, in the layout of the published,
    which serve every side)."""

    runs: int = 3
    threads: int = 1
    cpu_time: bool = False
    device: str = "cpu"
    inception_weights: Path | None = None
    vgg_weights: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table; times as they are to be read."""

    what: str
    peer: str
    ours: str
    theirs: str = "-"
    ratio: float | None = None
    wanted: str = "-"
    agreement: str = "-"

    def __str__(self) -> str:
        ratio = "-" if self.ratio is None else f"{self.ratio:.2f}"
        return f"| {' | '.join((self.what, self.peer, self.ours, self.theirs, ratio, self.wanted, self.agreement))} |"


Subject = Callable[[Options], Iterator[Row]]


@dataclass(frozen=True, slots=True)
class Turns:
    """Median seconds and the last values of both sides."""

    ours: float
    theirs: float
    value: Any
    peers_value: Any

    @property
    def ratio(self) -> float:
        return self.theirs / self.ours

    @property
    def apart(self) -> str:
        """The relative difference of two numbers."""
        return f"apart by {abs(self.value - self.peers_value) / max(abs(self.peers_value), 1e-12):.0e}, relative"


def in_turns(ours: Callable[[], Any], theirs: Callable[[], Any], options: Options) -> Turns:
    """Both sides as often as the options say, one after the other."""
    times: tuple[list[float], list[float]] = ([], [])
    values: list[Any] = [None, None]
    for _ in range(options.runs):
        for side, call in enumerate((ours, theirs)):
            seconds, values[side] = timed(call, options)
            times[side].append(seconds)
    return Turns(statistics.median(times[0]), statistics.median(times[1]), *values)


def timed(call: Callable[[], Any], options: Options) -> tuple[float, Any]:
    """(seconds, what it returned), the device's work included."""
    clock = time.process_time if options.cpu_time else time.perf_counter
    start = clock()
    value = call()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return clock() - start, value


def median_of(call: Callable[[], Any], options: Options) -> tuple[float, Any]:
    """(median seconds, the last value)."""
    found = [timed(call, options) for _ in range(options.runs)]
    return statistics.median(seconds for seconds, _ in found), found[-1][1]


def peer(module: str) -> Any:
    """The module of a peer, None where its package is not installed (the extra `bench`)."""
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError:
        return None


def seconds(value: float) -> str:
    return f"{value:.3g} s"
