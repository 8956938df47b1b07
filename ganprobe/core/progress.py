"""Progress with rate and time left: a bar on a terminal, plain lines elsewhere (the first after two seconds, then one
in ten), silence for what takes under two seconds. Everything goes to standard error, so that standard output holds
results alone. Of several processes that share work the first alone speaks (torchrun numbers them: RANK)."""

from __future__ import annotations

import os
import sys
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

QUIET_FOR = 2.0
LINE_EVERY = 10.0


class Track:
    """Counts `total` steps of work called `title`, `done` of which an earlier run has behind it.

    >>> with Track("images", total=2) as track:
    ...     track.advance(2)
    """

    def __init__(self, title: str, total: int, *, done: int = 0, unit: str = "images") -> None:
        self.title, self.total, self.unit = title, total, unit
        self.done = self._base = done
        self._bar: Progress | None = None
        self._start = time.monotonic()
        self._said = float("-inf")

    def __enter__(self) -> Track:
        self._start = time.monotonic()
        return self

    def advance(self, steps: int) -> None:
        """Say that `steps` more are done."""
        self.done += steps
        now = time.monotonic()
        if now - self._start < QUIET_FOR or not _speaks():
            return
        if sys.stderr.isatty():
            self._show_bar()
        elif now - self._said >= LINE_EVERY:
            self._said = now
            print(self.line(now - self._start), file=sys.stderr, flush=True)

    def line(self, seconds: float) -> str:
        """The plain line: what, how far, how fast, how long to go."""
        rate = (self.done - self._base) / max(seconds, 1e-9)
        left = (self.total - self.done) / max(rate, 1e-9)
        return f"{self.title}: {self.done}/{self.total} {self.unit}, {rate:.1f} a second, {left:.0f} s left"

    def _show_bar(self) -> None:
        if self._bar is None:
            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("{task.fields[rate]}"),
            )
            self._bar = Progress(*columns, TimeRemainingColumn(), console=Console(stderr=True), transient=True)
            self._bar.start()
            self._task = self._bar.add_task(self.title, total=self.total, rate="")
        rate = (self.done - self._base) / (time.monotonic() - self._start)
        self._bar.update(self._task, completed=self.done, rate=f"{rate:.1f} {self.unit}/s")

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()


def tell(text: str) -> None:
    """A line on standard error, for what a user should know before the end."""
    if _speaks():
        print(text, file=sys.stderr, flush=True)


def _speaks() -> bool:
    return os.environ.get("RANK", "0") == "0"
