"""One command that a launcher started in several processes: who speaks, and the status that all end with."""

from __future__ import annotations

from collections.abc import Callable

from ganprobe.core.errors import GanprobeError
from ganprobe.engine.ranks.joining import this_process
from ganprobe.engine.ranks.peers import Dismissed, PeerFailed, PeerLost
from ganprobe.engine.ranks.shares import Ranks

SHARED = ("evaluate", "directions", "reference")
"""The commands that share their work."""

Ending = tuple[int, str]
"""An exit status and what to say, "" for nothing."""


def run_shared(name: str, command: Callable[[], Ending], say: Callable[[str], None], ranks: Ranks) -> int:
    """Run `command`, called `name`, as one of `ranks` (not connected yet), and give its exit status. Of those that fail
    the first alone says why; the others end with its status as soon as they hear of it."""
    if name not in SHARED:
        refusal = f"only {', '.join(SHARED)} share their work among processes; start one process, without torchrun"
        return _ended((2, refusal if ranks.lead else ""), say)
    try:
        ranks = this_process()
    except GanprobeError as problem:
        return _ended((2, str(problem) if ranks.lead else ""), say)
    except PeerLost as problem:
        return _ended((1, str(problem)), say)
    status, first = -1, False
    try:
        status, said = _outcome(command)
        first = bool(status) and ranks.fail(status)
        return _ended((status, said if first else ""), say)
    finally:
        # Whatever else was raised says so itself, in a traceback.
        ranks.leave(failed=first or (status < 0 and ranks.fail(1)))


def _outcome(command: Callable[[], Ending]) -> Ending:
    try:
        return command()
    except Dismissed:
        return 0, ""
    except PeerFailed as problem:
        return problem.status, ""
    except PeerLost as problem:
        return 1, str(problem)


def _ended(ending: Ending, say: Callable[[str], None]) -> int:
    status, said = ending
    if said:
        say(said)
    return status
