"""The states of an unfinished pass, saved now and then, so that a killed run goes on where it was."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, final

from ganprobe.core.errors import InputError
from ganprobe.core.files import remove_if_empty, write_bytes, write_text
from ganprobe.engine.ranks.shares import ALONE, Ranks
from ganprobe.metrics.states.archive import DAMAGED, Arrays, States, packed, read_packed

SAVE_EVERY = 30.0
"""Seconds between two savings."""
WORTH_SAVING = 5.0
"""Seconds of work that a finished pass is saved for."""
UNFINISHED, DONE = ".unfinished", "done"


def discard_journal(folder: Path) -> None:
    """Remove the journal in `folder`: its run is written, or will not be."""
    shutil.rmtree(folder / UNFINISHED, ignore_errors=True)


@final
class Journal:
    """Keeps, per pass, how many samples are done and the packed states, in `folder`/.unfinished.

    plan: whatever must be the same for the work to be the same work. With `resume`, what an earlier run of the same
    plan left is taken up; an earlier run of another plan is an InputError. Without a folder nothing is saved. Work of a
    few seconds is not saved either: short runs leave no trace. ranks: each has files of its own, and their number is
    part of the plan; all have to be here before any goes on.
    """

    def __init__(self, folder: Path | None, plan: Mapping[str, Any], *, resume: bool, ranks: Ranks = ALONE) -> None:
        self._home = None if folder is None else folder / UNFINISHED
        self._rank = ranks.name
        shared = {} if ranks.world == 1 else {"processes": ranks.world}
        self._plan = json.dumps({**plan, **shared}, sort_keys=True, default=str)
        self._saved_at = time.monotonic()
        if self._home is not None and not resume and ranks.lead:
            discard_journal(self._home.parent)
        if self._home is not None and resume:
            self._check_plan(self._home / "plan.json")
        ranks.meet()

    def load(self, name: str) -> tuple[int, States]:
        """How many samples of pass `name` are done, and the packed state of each state key; (0, {}) at a start.
        InputError where what was saved is damaged."""
        path = self._path(name)
        if path is None or not path.is_file():
            return 0, {}
        try:
            states, words = read_packed(path)
            return int(words[DONE]), states
        except (*DAMAGED, KeyError, ValueError) as problem:
            raise InputError(f"{path} is damaged ({problem}); leave out --resume to start again") from problem

    def due(self, *, finished: bool) -> bool:
        """Whether it is time to save again; sooner where a pass has `finished`."""
        wait = WORTH_SAVING if finished else SAVE_EVERY
        return self._home is not None and time.monotonic() - self._saved_at > wait

    def save(self, name: str, done: int, states: Mapping[str, Arrays]) -> None:
        """Save pass `name` after `done` samples, whole or not at all."""
        path = self._path(name)
        if path is None or self._home is None:
            return
        write_text(self._home / "plan.json", self._plan)
        write_bytes(path, packed(states, {DONE: str(done)}))
        self._saved_at = time.monotonic()

    def workplace(self, name: str) -> Path | None:
        """A folder for what goes on from files of its own, `name`; it lives as long as the journal. None where nothing
        is kept."""
        if self._home is None:
            return None
        write_text(self._home / "plan.json", self._plan)
        return self._home / name

    def discard(self) -> None:
        """Remove what was kept, and the folder too if nothing else is in it."""
        if self._home is not None:
            discard_journal(self._home.parent)
            remove_if_empty(self._home.parent)

    def _path(self, name: str) -> Path | None:
        return None if self._home is None else self._home / f"{name}{self._rank}.safetensors"

    def _check_plan(self, path: Path) -> None:
        if path.is_file() and path.read_bytes() != self._plan.encode():
            raise InputError(
                f"{path.parent.parent} holds an unfinished run with other settings; "
                "repeat its command, or leave out --resume to start again"
            )
