"""One pass: every sample once, every state fed from the same columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ganprobe.core.progress import Track
from ganprobe.core.protocols import Metric
from ganprobe.engine.journal import Journal
from ganprobe.engine.sources import ColumnSource

CHECK_EVERY = 32


def walk(
    source: ColumnSource,
    metrics: Sequence[Metric[Any]],
    *,
    samples: int,
    batch_size: int,
    journal: Journal | None = None,
    name: str = "",
) -> dict[str, Any]:
    """Feed samples 0 to `samples` - 1 of `source` to the states of `metrics`, one state a state key.

    journal: where states are saved now and then, and taken up, under `name`. Errors: what `source.check` raises.
    """
    by_key = {metric.state_key: metric for metric in metrics}
    done, states = _begin(by_key, journal, name)
    with Track(source.name, samples, done=done) as track:
        for count, start in enumerate(range(done, samples, batch_size), start=1):
            stop = min(start + batch_size, samples)
            columns = source.columns(range(start, stop))
            states = {key: metric.update(states[key], columns) for key, metric in by_key.items()}
            track.advance(stop - start)
            saving = journal is not None and journal.due(finished=stop == samples)
            if saving or count % CHECK_EVERY == 0 or stop == samples:
                source.check()
            if saving and journal is not None:
                journal.save(name, stop, {key: metric.pack(states[key]) for key, metric in by_key.items()})
    return states


def _begin(by_key: Mapping[str, Metric[Any]], journal: Journal | None, name: str) -> tuple[int, dict[str, Any]]:
    done, saved = journal.load(name) if journal is not None else (0, {})
    if saved.keys() != by_key.keys():
        return 0, {key: metric.empty() for key, metric in by_key.items()}
    return done, {key: metric.unpack(saved[key]) for key, metric in by_key.items()}
