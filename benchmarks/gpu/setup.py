"""What every section is given, and how it measures time."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report."""

    what: str
    found: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """The device, and whether sizes are those of a test."""

    device: torch.device
    tiny: bool

    def size(self, full: int, tiny: int) -> int:
        return tiny if self.tiny else full

    def wait(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def seconds(self, call: Callable[[], Any], *, runs: int = 3, warm: int = 1) -> float:
        """The median of `runs` after `warm` more, the device's work included."""
        for _ in range(warm):
            call()
        found = []
        for _ in range(1 if self.tiny else runs):
            self.wait()
            start = time.perf_counter()
            call()
            self.wait()
            found.append(time.perf_counter() - start)
        return statistics.median(found)
