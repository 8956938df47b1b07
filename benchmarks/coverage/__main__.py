"""How often nominal 95% intervals hold: `python -m benchmarks.coverage [METRIC ...]`. Prints a Markdown table.

Measured replicates are kept in `--folder` and are not measured again while the sources that they depend on stay as they
are, so that an interrupted table goes on. `--write` puts the whole table into docs/precision.md.
"""

from __future__ import annotations

import argparse
import math
from concurrent.futures import ProcessPoolExecutor
from functools import reduce
from pathlib import Path

import torch

from benchmarks.coverage import table
from benchmarks.coverage.measuring import CHUNK, Replicates, outcome
from benchmarks.coverage.rows import ROWS, specification
from benchmarks.coverage.store import ROOT, kept, measured


def main() -> None:
    """Measure the rows asked for and print their table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("metrics", nargs="*", metavar="METRIC", help="rows of these alone")
    parser.add_argument("--share", type=float, default=1.0, help="of each row's replicates (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--folder", type=Path, default=ROOT / "build" / "coverage")
    parser.add_argument("--again", action="store_true", help="measure what is kept, too")
    parser.add_argument(
        "--kept", action="store_true", help="measure nothing: rows of which nothing is kept are left out"
    )
    parser.add_argument("--write", action="store_true", help="put the table into docs/precision.md")
    asked = parser.parse_args()
    if asked.write and asked.metrics:
        parser.error("--write puts the whole table; name no metric with it")
    chosen = [number for number, row in enumerate(ROWS) if not asked.metrics or set(asked.metrics) & set(row.metrics)]
    if not chosen:
        parser.error(f"no row has {', '.join(asked.metrics)}")
    lines, left_out = [], []
    with ProcessPoolExecutor(asked.processes, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        jobs = {
            number: [pool.submit(_part, number, part, asked) for part in _wanted(number, asked)] for number in chosen
        }
        print("\n".join(table.HEAD), flush=True)
        for number, parts in jobs.items():
            if not parts:
                left_out.append(ROWS[number].name)
                continue
            found = reduce(Replicates.joined, (part.result() for part in parts))
            lines.append(table.line(ROWS[number], outcome(ROWS[number], found)))
            print(lines[-1], flush=True)
    if asked.write:
        missing = f" {len(left_out)} rows are declared and not measured yet: {'; '.join(left_out)}." if left_out else ""
        table.write(lines, f"Seed {asked.seed}.{missing}")


def _wanted(number: int, asked: argparse.Namespace) -> list[range]:
    """The replicates of a row, by chunks."""
    row = ROWS[number]
    if asked.kept:
        return kept(row, specification(row.metrics[0]), asked.folder, asked.seed)
    count = math.ceil(asked.share * row.replicates)
    return [range(start, min(start + CHUNK, count)) for start in range(0, count, CHUNK)]


def _part(number: int, numbers: range, asked: argparse.Namespace) -> Replicates:
    row = ROWS[number]
    return measured(row, specification(row.metrics[0]), numbers, asked.folder, asked.seed, again=asked.again)


if __name__ == "__main__":
    main()
