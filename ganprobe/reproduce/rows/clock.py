"""How much of a limited time is left."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

from ganprobe.core.errors import InputError


@dataclass(frozen=True, slots=True)
class Clock:
    """Ends `seconds` after `began` on the clock of the machine (time.time, which all processes share); infinity for
    never."""

    began: float
    seconds: float = math.inf

    @property
    def limited(self) -> bool:
        """Whether it ends at all."""
        return math.isfinite(self.seconds)

    @property
    def left(self) -> float:
        """Seconds, not below zero."""
        return max(0.0, self.began + self.seconds - time.time())

    def part(self, share: float) -> Clock:
        """A clock that ends at a share of this one's whole time."""
        return Clock(self.began, self.seconds * share)


def clock_of(max_minutes: float | None) -> Clock:
    """A clock that begins now. InputError for a limit that is not above zero."""
    if max_minutes is None:
        return Clock(time.time())
    if not max_minutes > 0:
        raise InputError(f"max minutes must be above 0, got {max_minutes}")
    return Clock(time.time(), 60 * max_minutes)
