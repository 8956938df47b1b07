"""`python -m benchmarks.gpu --out DIR`: every section, DIR/gpu.json and DIR/gpu.md after each.

A section that fails is reported with its traceback and does not end the others; the exit status is then 1. --tiny with
--device cpu walks the same way in seconds, as the test suite does.
"""

from __future__ import annotations

import argparse
import json
import platform
import time
import traceback
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch

from benchmarks.gpu import checks, speed
from benchmarks.gpu.setup import Finding, Setup
from ganprobe.core.files import write_text

SECTIONS: dict[str, Callable[[Setup], Iterable[Finding]]] = {
    "ceiling": speed.ceiling,
    "metrics": checks.metrics_agree,
    "blocks": checks.batch_sizes_agree,
    "memory": checks.memory_runs_out,
    "syncs": checks.synchronisations,
    "solver": speed.solver,
    "neighbours": speed.neighbours,
    "frechet": speed.frechet,
    "inception": speed.inception,
    "paths": speed.paths,
    "perceptual": speed.perceptual,
    "training": speed.training,
}


@dataclass
class Report:
    """What has been found so far, by section; `failures` holds tracebacks."""

    machine: dict[str, str]
    findings: dict[str, list[Finding]] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def write(self, out: Path) -> None:
        write_text(out / "gpu.json", json.dumps(asdict(self), indent=1) + "\n")
        write_text(out / "gpu.md", self.markdown())

    def markdown(self) -> str:
        lines = [
            f"{', '.join(self.machine.values())}.",
            "",
            "| section | what | found | note |",
            "| --- | --- | ---: | --- |",
        ]
        lines += [f"| {name} | {f.what} | {f.found} | {f.note} |" for name, fs in self.findings.items() for f in fs]
        lines += [f"| {name} | failed | - | {text.splitlines()[-1]} |" for name, text in self.failures.items()]
        return "\n".join(lines) + "\n"


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.gpu", description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="sizes for a test, where only the way matters")
    parser.add_argument("--only", default=",".join(SECTIONS))
    parser.add_argument("--limit", type=float, default=540, help="begin no section after so many seconds")
    asked = parser.parse_args(words)
    report, start = Report(_machine(asked.device)), time.monotonic()
    for name in asked.only.split(","):
        if time.monotonic() - start > asked.limit:
            report.failures[name] = "not begun: the time was up"
            continue
        _section(name, report, Setup(torch.device(asked.device), asked.tiny), asked.out)
        report.write(asked.out)
    print(report.markdown())
    return 1 if report.failures else 0


def _section(name: str, report: Report, setup: Setup, out: Path) -> None:
    """What is found is written as it is found: a run may be ended from outside."""
    start = time.monotonic()
    try:
        for finding in SECTIONS[name](setup):
            report.findings.setdefault(name, []).append(finding)
            report.write(out)
            print(f"  {finding.what}: {finding.found}  {finding.note}", flush=True)
    except Exception:  # noqa: BLE001 - one section must not end the others; the report has the whole traceback
        report.failures[name] = traceback.format_exc()
        print(report.failures[name], flush=True)
    report.seconds[name] = round(time.monotonic() - start, 1)
    print(f"{name}: {report.seconds[name]} s", flush=True)


def _machine(device: str) -> dict[str, str]:
    card = torch.cuda.get_device_name() if device.startswith("cuda") else platform.processor() or "a CPU"
    return {"device": card, "torch": f"torch {torch.__version__}", "python": f"Python {platform.python_version()}"}


if __name__ == "__main__":
    raise SystemExit(main())
