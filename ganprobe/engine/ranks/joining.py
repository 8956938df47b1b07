"""This process among those that a launcher has started."""

from __future__ import annotations

import functools
import os

from ganprobe.engine.ranks.shares import Ranks, ranks_of


@functools.cache
def this_process() -> Ranks:
    """The rank that the environment says (`ranks_of`), connected to the others."""
    found = ranks_of(os.environ)
    if found.world == 1:
        return found
    # Processes that are alone start sooner without torch.
    from ganprobe.engine.ranks.process_group import connect

    return Ranks(found.rank, found.world, found.local_rank, connect(found.rank, found.world))
