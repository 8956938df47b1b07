"""Speed beside peers, in one run: `make bench` or `python -m benchmarks [SUBJECT ...]`. Prints a Markdown table.

Only the ratios mean something: both sides of a row run in turns on the same machine, on the same input, and the
agreement of their results stands beside their times. Quoted are medians. Peers are the extra `bench`; a row whose peer
is not installed says so. `--write` puts the table into docs/performance.md, with the machine named.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import platform
import re
import sys
from collections.abc import Iterator, Mapping
from itertools import chain
from pathlib import Path

import torch
from threadpoolctl import threadpool_limits

from benchmarks import (
    evaluation,
    folders,
    kernel_time,
    neighbours_time,
    networks,
    regress,
    resizing,
    trace_term,
    training_steps,
)
from benchmarks.duel import HEAD, Options, Subject

SUBJECTS: Mapping[str, Subject] = {
    "trace": trace_term.rows,
    "inception": networks.rows,
    "prdc": neighbours_time.rows,
    "kid": kernel_time.rows,
    "resize": resizing.rows,
    "folders": folders.rows,
    "training": training_steps.rows,
    "evaluate": evaluation.rows,
}
ON_REQUEST: Mapping[str, Subject] = {"compiled": networks.compiled, "prdc-50000": neighbours_time.at_full_size}
"""Subjects that take many minutes."""

PAGE = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
_PACKAGES = (
    "torch",
    "numpy",
    "scipy",
    "pillow",
    "torchvision",
    "torch-fidelity",
    "pytorch-fid",
    "clean-fid",
    "prdc",
    "torch-mimicry",
    "scikit-learn",
)


def main() -> None:
    """Run the subjects asked for and print their table; or, after the word `regress`, compare two revisions."""
    if sys.argv[1:2] == ["regress"]:
        regress.main(sys.argv[2:])
        return
    options, subjects, write = _asked()
    torch.set_num_threads(options.threads)
    threadpool_limits(options.threads)
    lines = []
    for line in chain(_machine(options), ("", *HEAD), _rows(subjects, options)):
        print(line, flush=True)
        lines.append(line)
    if write:
        write_between("make bench", "\n".join(lines))


def _asked() -> tuple[Options, list[str], bool]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = [*SUBJECTS, *ON_REQUEST]
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"of {', '.join(known)}; all but the last two")
    parser.add_argument("--runs", type=int, default=Options().runs, help="of either side of a row")
    parser.add_argument("--threads", type=int, default=Options().threads, help="of either side (default: %(default)s)")
    parser.add_argument("--cpu-time", action="store_true", help="the processor's time: on a machine that others use")
    parser.add_argument("--device", default=Options().device, help="of the networks: cpu or cuda")
    parser.add_argument("--inception-weights", type=Path, help="default: random weights in the same layout")
    parser.add_argument("--vgg-weights", type=Path, help="default: random weights in the same layout")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    asked = parser.parse_args()
    if strange := sorted(set(asked.subjects) - set(known)):
        parser.error(f"unknown subject {strange[0]}; choose from {', '.join(known)}")
    options = Options(
        runs=asked.runs,
        threads=asked.threads,
        cpu_time=asked.cpu_time,
        device=asked.device,
        inception_weights=asked.inception_weights,
        vgg_weights=asked.vgg_weights,
    )
    return options, asked.subjects or list(SUBJECTS), asked.write


def _rows(subjects: list[str], options: Options) -> Iterator[str]:
    known = {**SUBJECTS, **ON_REQUEST}
    return (str(row) for name in subjects for row in known[name](options))


def machine() -> str:
    """The processor, its cores and memory, in words."""
    found = re.search(r"model name\s*:\s*(.+)", _text("/proc/cpuinfo"))
    memory = re.search(r"MemTotal:\s*(\d+)", _text("/proc/meminfo"))
    processor = found[1] if found else platform.processor() or platform.machine()
    size = f", {int(memory[1]) / 2**20:.0f} GiB" if memory else ""
    return f"{processor}, {os.cpu_count()} cores{size}"


def _machine(options: Options) -> list[str]:
    device = "" if options.device == "cpu" else f"; networks on {torch.cuda.get_device_name()}"
    versions = ", ".join(f"{name} {version}" for name in _PACKAGES if (version := _version(name)))
    return [
        f"{machine()}{device}; {options.threads} thread(s) on either side, "
        f"medians of {options.runs} runs in turns{', processor time' if options.cpu_time else ''}.",
        f"Python {platform.python_version()}, {versions}.",
    ]


def _text(path: str) -> str:
    return Path(path).read_text() if Path(path).exists() else ""


def _version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return ""


def write_between(command: str, table: str) -> None:
    """Put what `command` wrote where docs/performance.md has it."""
    start, end = f"<!-- what `{command}` wrote -->", "<!-- end -->"
    before, _, rest = PAGE.read_text().partition(start)
    _, _, after = rest.partition(end)
    PAGE.write_text(f"{before}{start}\n\n{table}\n\n{end}{after}")


if __name__ == "__main__":
    main()
