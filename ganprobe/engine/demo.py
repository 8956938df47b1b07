"""The shipped generators, evaluated and compared: what `make demo` shows."""

from __future__ import annotations

from pathlib import Path

from ganprobe.core.calls.settings import CompareCall, Settings
from ganprobe.core.errors import InputError
from ganprobe.core.files import check_writable
from ganprobe.core.shipped import manifest
from ganprobe.engine.compare import compare
from ganprobe.engine.evaluate import carry_out, prepare
from ganprobe.engine.reference import References
from ganprobe.report import Comparison
from ganprobe.report.folders.together import write_together

DEMO_SAMPLES = 2_000
NUMBERS = ("results.json", "intervals.npz")


def run_demo(out: Path, *, samples: int = DEMO_SAMPLES) -> Comparison:
    """Evaluate each shipped generator into `out`/<name>, and compare them all in `out` itself.

    The numbers of the first generator lie in `out` too, so that it reads as a run. Errors: InputError for samples that
    are too few and where nothing is shipped, OutputError where `out` cannot be written.
    """
    settings = Settings(samples=samples)
    check_writable(out)
    shipped = manifest().get("generators", {})
    if not shipped:
        raise InputError("no generators are shipped here; evaluate a checkpoint of your own with `ganprobe evaluate`")
    prepared = {
        name: prepare(name, settings, reference=str(record["reference"]), metrics=None)
        for name, record in shipped.items()
    }
    references = References()
    runs = []
    for name, evaluation in prepared.items():
        runs.append(carry_out(evaluation, references))
        runs[-1].save(out / name)
    comparison = compare(runs, CompareCall())
    comparison.save(out)
    first = out / next(iter(prepared))
    write_together(out, {name: (first / name).read_bytes() for name in NUMBERS})
    return comparison
