"""Measured replicates on disk, so that an interrupted table goes on where it was.

A file is known by the row, the seed, the numbers of its replicates, and the sources that they depend on: those of the
metric and all that it imports, and the distributions. A change of these measures again; `--again` does in any case.
"""

from __future__ import annotations

import hashlib
import importlib
from dataclasses import asdict
from functools import cache
from pathlib import Path

import grimp
import numpy as np

from benchmarks.coverage.measuring import CHUNK, Replicates, replicates
from benchmarks.coverage.row import Row
from ganprobe.metrics.spec import MetricSpec

ROOT = Path(__file__).resolve().parents[2]


def measured(row: Row, spec: MetricSpec, numbers: range, folder: Path, seed: int, *, again: bool = False) -> Replicates:
    """What `folder` has of them, unless `again`, or measured now and kept there."""
    path = place(row, spec, numbers, folder, seed)
    if path.exists() and not again:
        with np.load(path, allow_pickle=False) as arrays:
            return Replicates(**dict(arrays))
    found = replicates(row, spec, numbers, seed)
    folder.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part.npz")
    np.savez(part, **asdict(found))
    part.replace(path)
    return found


def place(row: Row, spec: MetricSpec, numbers: range, folder: Path, seed: int) -> Path:
    """Where they are kept."""
    words = f"{row.name}|{spec.name}|{seed}|{numbers}|{sources(type(spec.build()).__module__)}"
    return folder / f"{hashlib.sha256(words.encode()).hexdigest()[:32]}.npz"


def kept(row: Row, spec: MetricSpec, folder: Path, seed: int) -> list[range]:
    """The numbers of the replicates that `folder` has, from the first one on: whole chunks, and a shorter one at the
    end."""
    found: list[range] = []
    while place(row, spec, chunk := range(CHUNK * len(found), CHUNK * (len(found) + 1)), folder, seed).exists():
        found.append(chunk)
    shorter = (range(chunk.start, stop) for stop in range(chunk.stop - 1, chunk.start, -1))
    last = next((each for each in shorter if place(row, spec, each, folder, seed).exists()), None)
    return found if last is None else [*found, last]


@cache
def sources(module: str) -> str:
    """A digest of `module`, of all of ganprobe that it imports, and of the distributions."""
    names = sorted({module, *_graph().find_upstream_modules(module)})
    ours = [Path(str(importlib.import_module(name).__file__)) for name in names if name.startswith("ganprobe")]
    digest = hashlib.sha256()
    for path in (*ours, Path(__file__).with_name("distributions.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def _graph() -> grimp.ImportGraph:
    return grimp.build_graph("ganprobe", cache_dir=None)
