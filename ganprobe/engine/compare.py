"""Runs side by side: those on disk, those in memory, and those that must be made first."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ganprobe.core.errors import InputError
from ganprobe.core.protocols import Sampler
from ganprobe.core.shipped import manifest
from ganprobe.engine.evaluate import Settings, run_evaluation
from ganprobe.engine.run import Run
from ganprobe.generators.base import Generator
from ganprobe.report import Comparison, compare_runs, read_run

Comparable = str | Path | Run | Sampler | Generator


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
    Errors: InputError for fewer than one item or a folder that holds no run, and whatever an evaluation raises.
    """
    if not items:
        raise InputError("nothing to compare; name at least one run folder or generator")
    runs = [_run_of(item, reference, metrics, settings or Settings()) for item in items]
    return compare_runs([(run.record, run.pictures) for run in runs])


def _run_of(item: Comparable, reference: str | None, metrics: Sequence[str] | None, settings: Settings) -> Run:
    if isinstance(item, Run):
        return item
    if isinstance(item, str | Path) and (Path(item) / "results.json").is_file():
        return Run(*read_run(Path(item)))
    against = reference or _own_reference(item)
    return run_evaluation(item, settings, reference=against, metrics=metrics, out=None, resume=False)


def _own_reference(item: object) -> str | None:
    record = manifest().get("generators", {}).get(item, {}) if isinstance(item, str) else {}
    name = record.get("reference")
    return None if name is None else str(name)
