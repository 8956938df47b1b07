"""One pass: every sample once, every state fed from the same columns, the work shared among the ranks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from ganprobe.core.devices.memory import Portions
from ganprobe.core.progress import Track
from ganprobe.core.protocols import Accumulator
from ganprobe.engine.columns.sources import ColumnSource
from ganprobe.engine.passes.journal import Journal
from ganprobe.engine.ranks.shares import ALONE, Ranks

CHECK_EVERY = 32


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
    """Feed samples 0 to `samples` - 1 of `source` to the states of `metrics`, one state a state key.

    journal: where states are saved now and then, and taken up, under `name`. ranks: who shares the samples; rank 0 is
    given the states of all of them, any other those of its own share. Where memory runs out, fewer than `batch_size`
    are taken in at a time. Errors: what `source.check` and `ranks` raise, DeviceMemoryError.
    """
    by_key = {metric.state_key: metric for metric in metrics}
    shard = ranks.shard(samples, source.block)
    done, states = _begin(by_key, journal, name, shard.start)
    batches = Portions(f"{source.name} are taken in", most=batch_size, first=source.block)

    def fed(part: range) -> tuple[range, dict[str, Any]]:
        ranks.check()
        columns = source.columns(part)
        return part, {key: metric.update(states[key], columns) for key, metric in by_key.items()}

    with Track(_title(source, ranks), len(shard), done=done - shard.start) as track:
        for count, (part, states) in enumerate(batches.over(range(done, shard.stop), fed), start=1):
            track.advance(len(part))
            last = part.stop == shard.stop
            saving = journal is not None and journal.due(finished=last)
            if saving or count % CHECK_EVERY == 0 or last:
                source.check()
            if saving and journal is not None:
                journal.save(name, part.stop, _packed(by_key, states))
    return states if ranks.world == 1 else _merged(by_key, states, ranks, len(shard), source)


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


def _title(source: ColumnSource, ranks: Ranks) -> str:
    return source.name if ranks.world == 1 else f"{source.name} (1 of {ranks.world} processes)"
