"""The shipped generators, evaluated and compared: what `make demo` shows."""

from __future__ import annotations

from pathlib import Path

from ganprobe.core.errors import InputError
from ganprobe.core.files import check_writable
from ganprobe.core.shipped import manifest
from ganprobe.engine.compare import compare
from ganprobe.engine.evaluate import Settings, run_evaluation
from ganprobe.report import Comparison

DEMO_SAMPLES = 2_000


def run_demo(out: Path, *, samples: int = DEMO_SAMPLES) -> Comparison:
    """Evaluate each shipped generator into `out`/<name>, compare those that share a reference in `out` itself.

    results.json in `out` is that of the first generator, so that `out` reads as a run too.
    """
    if samples < 1:
        raise InputError(f"samples must be at least 1, got {samples}")
    check_writable(out)
    runs = []
    for name, record in manifest()["generators"].items():
        settings = Settings(samples=samples)
        run = run_evaluation(name, settings, reference=str(record["reference"]), metrics=None, out=None, resume=False)
        run.save(out / name)
        runs.append(run)
    comparison = compare(runs)
    comparison.save(out)
    return comparison
