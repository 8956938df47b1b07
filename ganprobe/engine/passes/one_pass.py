"""A pass: every sample once, every state fed from the same columns, the work shared among the ranks.

Passes over the same samples walk side by side, so that what several of them draw is still in memory when the next asks
for it (docs/decisions/0004-passes.md).
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, final

from numpy.typing import NDArray

from ganprobe.core.devices.memory import Portions
from ganprobe.core.progress import Track
from ganprobe.core.protocols import Accumulator
from ganprobe.engine.columns.sources import ColumnSource
from ganprobe.engine.passes.journal import Journal
from ganprobe.engine.ranks.shares import ALONE, Ranks

CHECK_EVERY = 32


@dataclass(frozen=True, slots=True)
class Pass:
    """Samples 0 to `samples` - 1 of `source`, for the states of `metrics`, one state a state key. name: under which the
    journal keeps them."""

    source: ColumnSource
    metrics: Sequence[Accumulator[Any]]
    samples: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Passed:
    """What a pass came to: states by key, and the seconds that it took of its own."""

    states: dict[str, Any]
    seconds: float


def run_pass(
    source: ColumnSource,
    metrics: Sequence[Accumulator[Any]],
    *,
    samples: int,
    batch_size: int,
    journal: Journal | None = None,
    name: str = "",
    ranks: Ranks = ALONE,
) -> dict[str, Any]:
    """The states of one pass; see `run_passes`."""
    passes = [Pass(source, metrics, samples, name)]
    return run_passes(passes, batch_size=batch_size, journal=journal, ranks=ranks)[0].states


def run_passes(
    passes: Sequence[Pass], *, batch_size: int, journal: Journal | None = None, ranks: Ranks = ALONE
) -> list[Passed]:
    """Walk `passes` side by side: a step is of the one that is least far.

    journal: where states are saved now and then, and taken up. ranks: who shares the samples; rank 0 is given the
    states of all of them, any other those of its own share. Where memory runs out, fewer than `batch_size` are taken in
    at a time. Errors: what `source.check` and `ranks` raise, DeviceMemoryError.
    """
    walks = [_Walk(each, batch_size, journal, ranks) for each in passes]
    left = [walk for walk in walks if not walk.ended]
    with Track(_title(walks, ranks), sum(walk.total for walk in walks), done=sum(walk.done for walk in walks)) as track:
        while left:
            walk = min(left, key=lambda each: each.done / each.total)
            track.advance(walk.step())
            saving = journal is not None and journal.due(finished=walk.ended)
            for each in walks if saving else [walk]:
                each.check(surely=saving)
            if saving and journal is not None:
                for each in walks:
                    each.save(journal)
            left = [walk for walk in left if not walk.ended]
    return [walk.passed(ranks) for walk in walks]


@final
class _Walk:
    """A pass under way."""

    def __init__(self, of: Pass, batch_size: int, journal: Journal | None, ranks: Ranks) -> None:
        self._of, self._ranks = of, ranks
        self._by_key = {metric.state_key: metric for metric in of.metrics}
        self.shard = ranks.shard(of.samples, of.source.block)
        self._next, self._states = _begin(self._by_key, journal, of.name, self.shard.start)
        portions = Portions(f"{of.source.name} are taken in", most=batch_size, first=of.source.block)
        self._batches = portions.over(range(self._next, self.shard.stop), self._fed)
        self._steps, self._seconds = 0, 0.0

    @property
    def title(self) -> str:
        return self._of.source.name

    @property
    def total(self) -> int:
        return len(self.shard)

    @property
    def done(self) -> int:
        return self._next - self.shard.start

    @property
    def ended(self) -> bool:
        return self._next >= self.shard.stop

    def step(self) -> int:
        """Take in the next batch; how many samples it has."""
        started = time.monotonic()
        part, self._states = next(self._batches)
        self._next, self._steps = part.stop, self._steps + 1
        self._seconds += time.monotonic() - started
        return len(part)

    def check(self, *, surely: bool) -> None:
        """Now and then and at the end, or `surely`: what `source.check` raises."""
        if surely or self.ended or self._steps % CHECK_EVERY == 0:
            self._of.source.check()

    def save(self, journal: Journal) -> None:
        """Where it has come since it began."""
        if self._steps:
            journal.save(self._of.name, self._next, _packed(self._by_key, self._states))

    def passed(self, ranks: Ranks) -> Passed:
        if ranks.world == 1:
            return Passed(self._states, self._seconds)
        return Passed(_merged(self._by_key, self._states, ranks, self.total, self._of.source), self._seconds)

    def _fed(self, part: range) -> tuple[range, dict[str, Any]]:
        self._ranks.check()
        columns = self._of.source.columns(part)
        return part, {key: metric.update(self._states[key], columns) for key, metric in self._by_key.items()}


def _begin(
    by_key: Mapping[str, Accumulator[Any]], journal: Journal | None, name: str, first: int
) -> tuple[int, dict[str, Any]]:
    done, saved = journal.load(name) if journal is not None else (0, {})
    if saved.keys() != by_key.keys():
        return first, {key: metric.empty() for key, metric in by_key.items()}
    return done, {key: metric.unpack(saved[key]) for key, metric in by_key.items()}


def _merged(
    by_key: Mapping[str, Accumulator[Any]], states: dict[str, Any], ranks: Ranks, share: int, source: ColumnSource
) -> dict[str, Any]:
    """On rank 0 the states of all ranks in one, in rank order; elsewhere `states`."""
    about = f"{source.name}, {source.fingerprint[:16]}"
    parts = ranks.gather(_packed(by_key, states) if share else {}, about=about)
    for number, part in enumerate(parts):
        theirs = {key: metric.unpack(part[key]) for key, metric in by_key.items()}
        merged = {key: metric.merge(states[key], theirs[key]) for key, metric in by_key.items()} if number else theirs
        states = merged
    return states


def _packed(by_key: Mapping[str, Accumulator[Any]], states: Mapping[str, Any]) -> dict[str, dict[str, NDArray[Any]]]:
    return {key: metric.pack(states[key]) for key, metric in by_key.items()}


def _title(walks: Sequence[_Walk], ranks: Ranks) -> str:
    first, *others = (walk.title for walk in walks)
    title = f"{first} and {len(others)} more" if others else first
    return title if ranks.world == 1 else f"{title} (1 of {ranks.world} processes)"
