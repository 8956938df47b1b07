"""The scalars of training steps: kept on the device, and brought to the host once an interval, where the first step
with a value that is not finite is named."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import final

import torch
from torch import Tensor

from ganprobe.core.errors import TrainingError


@final
class Meters:
    """Values by name and step since the last `take`."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, Sequence[str], Tensor]] = []
        self._values: dict[str, list[float]] = defaultdict(list)

    def add(self, step: int, names: Sequence[str], values: Tensor) -> None:
        """Note the scalars (len(names),) of `step` without waiting for the device."""
        self._waiting.append((step, names, values))

    def check(self, last_good: str) -> None:
        """Bring what waits to the host. TrainingError at the first value that is not finite, naming its step and
        `last_good`, the checkpoint to return to."""
        if not self._waiting:
            return
        rows = torch.cat([values for _, _, values in self._waiting]).tolist()
        names = [(step, name) for step, known, _ in self._waiting for name in known]
        for (step, name), value in zip(names, rows, strict=True):
            if not math.isfinite(value):
                raise TrainingError(
                    f"{name} became {value} at step {step}; last good checkpoint: {last_good}; "
                    "start again in another folder with a lower learning rate or in fp32"
                )
            self._values[name].append(value)
        self._waiting.clear()

    def take(self) -> dict[str, float]:
        """The mean of each scalar since the last call, which empties the meters. Call `check` first."""
        means = {name: sum(values) / len(values) for name, values in sorted(self._values.items()) if values}
        self._values.clear()
        return means

    def pack(self) -> dict[str, list[float]]:
        """What has been checked and not taken, for the state on disk."""
        return {name: list(values) for name, values in sorted(self._values.items())}

    def unpack(self, values: Mapping[str, list[float]]) -> None:
        """Take up what `pack` gave."""
        self._values = defaultdict(list, {name: list(given) for name, given in values.items()})


def stacked(scalars: Mapping[str, Tensor]) -> tuple[tuple[str, ...], Tensor]:
    """Scalars by name as their names and one tensor."""
    return tuple(scalars), torch.stack([value.detach().float() for value in scalars.values()])
