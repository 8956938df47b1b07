"""The scalars of training steps: kept on the device, and brought to the host once an interval, where the first step
with a value that is not finite is named."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping

import torch
from torch import Tensor

from ganprobe.core.errors import TrainingError


class Meters:
    """Values by name and step since the last `take`."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, str, Tensor]] = []
        self._values: dict[str, list[float]] = defaultdict(list)

    def add(self, step: int, scalars: Mapping[str, Tensor]) -> None:
        """Note the scalars of `step` without waiting for the device."""
        self._waiting.extend((step, name, value.detach().float()) for name, value in scalars.items())

    def check(self, last_good: str) -> None:
        """Bring what waits to the host. TrainingError at the first value that is not finite, naming its step and
        `last_good`, the checkpoint to return to."""
        if not self._waiting:
            return
        values = torch.stack([value for _, _, value in self._waiting]).tolist()
        for (step, name, _), value in zip(self._waiting, values, strict=True):
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
