"""One measurement in a process of its own, so that its peak memory is its own.

The process is bound to as many cores as it has threads, for prdc starts eight workers whatever it is told. Memory is
the peak of the resident set beyond what was resident with both inputs in place (Linux's /proc), in a second run in
which the allocator gives large blocks back at once: otherwise it is chance how much of what was freed it still holds.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.duel import Options, peer, timed

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True, slots=True)
class Measured:
    """seconds; megabytes beyond the inputs; the numbers that came out."""

    seconds: float
    megabytes: float
    values: dict[str, float]


def measured(subject: str, side: str, n: int, options: Options) -> Measured:
    """subject "prdc" (sides "ours", "peer") or "kid" ("ours"), of n rows a side."""
    asked = (subject, side, n, options.threads, int(options.cpu_time))
    call = [sys.executable, "-m", "benchmarks.apart", *map(str, asked)]
    limits = {name: str(options.threads) for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    found = [_run(call, {**limits, **extra}) for extra in ({}, {"MALLOC_MMAP_THRESHOLD_": str(2**20)})]
    return Measured(found[0].seconds, found[1].megabytes, found[0].values)


def _run(call: list[str], environment: dict[str, str]) -> Measured:
    done = subprocess.run(call, check=True, capture_output=True, text=True, env={**os.environ, **environment})
    return Measured(**json.loads(done.stdout.splitlines()[-1]))


def _resident(what: str) -> float:
    found = re.search(rf"{what}:\s+(\d+) kB", _STATUS.read_text())
    assert found is not None
    return int(found[1]) / 1024


def _values(subject: str, side: str, a: Any, b: Any) -> dict[str, float]:
    if subject == "kid":
        from ganprobe.metrics.kernel.distance import squared_mmd

        return {"kid@full": squared_mmd(a, b)}
    if side == "ours":
        from ganprobe.metrics import prdc

        return {name: float(value) for name, value in dict(prdc(a, b, 5)).items()}
    with contextlib.redirect_stdout(io.StringIO()):
        return {name: float(value) for name, value in peer("prdc").compute_prdc(a, b, 5).items()}


def main(subject: str, side: str, n: str, threads: str, cpu_time: str) -> None:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-int(threads) :])
    import torch

    from benchmarks.inputs import relu_rows

    torch.set_num_threads(int(threads))
    a, b = relu_rows(0, int(n)), relu_rows(1, int(n))
    _values(subject, side, a[:300], b[:300])
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    before = _resident("VmRSS")
    options = Options(threads=int(threads), cpu_time=bool(int(cpu_time)))
    took, values = timed(lambda: _values(subject, side, a, b), options)
    print(json.dumps({"seconds": took, "megabytes": _resident("VmHWM") - before, "values": values}))


if __name__ == "__main__":
    main(*sys.argv[1:])
