"""Evaluation inside training: what measures is handed in from above, what is kept of it is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

from ganprobe.generators.base import Generator

Better = Literal["lower", "higher"]


class Evaluate(Protocol):
    """Measures the averaged generator in the middle of a run."""

    def better(self, metric: str) -> Better:
        """Whether lower or higher values of a metric are better."""
        ...

    def __call__(self, generator: Generator) -> Mapping[str, float]:
        """The values of the recipe's metrics, by name."""
        ...


def is_best(rows: Sequence[Mapping[str, Any]], metric: str, value: float, better: Better) -> bool:
    """Whether `value` of a metric beats every earlier one in the log's rows."""
    earlier = [row[metric] for row in rows if row.get(metric) is not None]
    return not earlier or (value < min(earlier) if better == "lower" else value > max(earlier))
