"""Runs side by side: those on disk, those in memory, and those that must be made first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import nn

from ganprobe.core.calls.settings import CompareCall
from ganprobe.core.errors import InputError
from ganprobe.core.protocols import Sampler
from ganprobe.core.results import Record
from ganprobe.core.shipped import manifest
from ganprobe.engine.evaluate import carry_out, prepare
from ganprobe.engine.passes.evaluation import Evaluation
from ganprobe.engine.reference import References
from ganprobe.engine.run import Run
from ganprobe.report import Comparison, read_run

Comparable = str | Path | Run | Sampler | nn.Module
Drawn = tuple[Record, Mapping[str, bytes]]


def compare(
    items: Sequence[Comparable],
    call: CompareCall,
) -> Comparison:
    """One table of several generators; see `ganprobe.compare`. Every item is looked at before the first is measured,
    and what generators share is opened once."""
    if len(items) < 2:
        raise InputError(f"a comparison needs at least two runs or generators, got {len(items)}")
    ready = [_ready(item, call) for item in items]
    references = References()
    drawn = [carry_out(each, references) if isinstance(each, Evaluation) else each for each in ready]
    pairs = [_drawn(each) if isinstance(each, Run) else each for each in drawn]
    return Comparison(tuple(record for record, _ in pairs), tuple(figures for _, figures in pairs), call.correct)


def _ready(item: Comparable, call: CompareCall) -> Evaluation | Run | Drawn:
    if isinstance(item, Run):
        return item
    if isinstance(item, str | Path) and (Path(item) / "results.json").is_file():
        record, paths = read_run(item)
        return record, {name: path.read_bytes() for name, path in paths.items()}
    if isinstance(item, str | Path) and (Path(item) / "sweep.json").is_file():
        raise InputError(f"{item} holds a sweep, not a run; give some of its runs: {Path(item) / 'runs'}/...")
    return prepare(item, call, reference=call.reference or _own_reference(item), metrics=call.metrics)


def _drawn(run: Run) -> Drawn:
    return run.record, run.figures()


def _own_reference(item: object) -> str | None:
    """What a shipped generator was trained on."""
    record = manifest().get("generators", {}).get(item, {}) if isinstance(item, str) else {}
    name = record.get("reference")
    return None if name is None else str(name)
