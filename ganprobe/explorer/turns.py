"""One thing at a time, whoever asks: the generator belongs to one thread."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final, TypeVar, final

MOST_TABS: Final = 256
T = TypeVar("T")


class Superseded(Exception):
    """The same tab has asked for something newer, and this was not begun."""


@final
class Turns:
    """Jobs in the order in which they come, in one thread. What a tab asks for is dropped if, when its turn comes, the
    same tab has asked for something of a higher number."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ganprobe-explorer")
        self._newest: OrderedDict[str, int] = OrderedDict()
        self._lock = Lock()

    async def take(self, job: Callable[[], T], *, tab: str = "", number: int = 0) -> T:
        """What `job` gives. Superseded where it was dropped; else whatever it raises."""
        if tab:
            self._note(tab, number)

        def run() -> T:
            if tab and self._newest.get(tab, number) > number:
                raise Superseded
            return job()

        return await asyncio.get_running_loop().run_in_executor(self._thread, run)

    def close(self) -> None:
        """No further jobs; those that wait are dropped."""
        self._thread.shutdown(wait=False, cancel_futures=True)

    def _note(self, tab: str, number: int) -> None:
        with self._lock:
            self._newest[tab] = max(number, self._newest.pop(tab, number))
            while len(self._newest) > MOST_TABS:
                self._newest.popitem(last=False)
