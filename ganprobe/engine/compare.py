"""Runs side by side: those on disk, those in memory, and those that must be made first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from ganprobe.core.errors import InputError
from ganprobe.core.protocols import Sampler
from ganprobe.core.results import Record
from ganprobe.core.shipped import manifest
from ganprobe.engine.evaluate import Settings, run_evaluation
from ganprobe.engine.run import Run
from ganprobe.generators.base import Generator
from ganprobe.report import Comparison, read_run, run_figures

Comparable = str | Path | Run | Sampler | Generator
Drawn = tuple[Record, Mapping[str, bytes]]


def compare(
    items: Sequence[Comparable],
    *,
    reference: str | None = None,
    metrics: Sequence[str] | None = None,
    settings: Settings | None = None,
) -> Comparison:
    """One table of several generators.

    items: folders of finished runs, Runs, or generators, which are evaluated first: with `metrics` (None: all that they
    allow) and `settings`, against `reference` (None: the one that a shipped generator was trained on).
    Errors: InputError for fewer than two items or a folder that holds no run, and whatever an evaluation raises.
    """
    if len(items) < 2:
        raise InputError(f"a comparison needs at least two runs or generators, got {len(items)}")
    drawn = [_run_of(item, reference, metrics, settings or Settings()) for item in items]
    return Comparison(tuple(record for record, _ in drawn), tuple(figures for _, figures in drawn))


def _run_of(item: Comparable, reference: str | None, metrics: Sequence[str] | None, settings: Settings) -> Drawn:
    if isinstance(item, str | Path) and (Path(item) / "results.json").is_file():
        record, paths = read_run(item)
        return record, {name: path.read_bytes() for name, path in paths.items()}
    if not isinstance(item, Run):
        against = reference or _own_reference(item)
        item = run_evaluation(item, settings, reference=against, metrics=metrics, out=None, resume=False)
    return item.record, run_figures(item.record, item.pictures)


def _own_reference(item: object) -> str | None:
    record = manifest().get("generators", {}).get(item, {}) if isinstance(item, str) else {}
    name = record.get("reference")
    return None if name is None else str(name)
