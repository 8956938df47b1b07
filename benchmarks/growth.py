"""How time and memory grow with the number of rows or samples: `python -m benchmarks.growth [--write]`.

Each cell is a process of its own with one thread: seconds of the processor from where the input is there to the number,
and how far the resident set rises above what it is then, at its peak. Rows are 128 features, independent and positive;
samples are images of 32 x 32 pixels of a matrix product. Cells that would take longer than some minutes are left out.
--write puts the table into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.streams import stream

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000)
WIDTH: Final = 128
_BLOCK: Final = 10_000

Work = Callable[[], Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """prepare: of n, the input made and the work on it. most: the largest n that is measured."""

    what: str
    prepare: Callable[[int], Work]
    most: int = SIZES[-1]


def _rows(n: int, *, seed: int = 0) -> NDArray[np.float32]:
    return np.abs(stream(seed, "growth").standard_normal((n, WIDTH), dtype=np.float32))


def _moments(n: int) -> Work:
    import torch

    from ganprobe.metrics import Moments, frechet_distance

    rows = torch.from_numpy(_rows(n))

    def work() -> float:
        first, *others = torch.split(rows, _BLOCK)
        sides = [Moments.of(first), Moments.of(first)]
        for part in others:
            sides = [side.added(part) for side in sides]
        a, b = sides
        return frechet_distance(a.mean(), a.covariance(ddof=1), b.mean(), b.covariance(ddof=1))

    return work


def _of_two(name: str) -> Callable[[int], Work]:
    """The function of ganprobe.metrics of that name, of two sets of rows."""

    def prepare(n: int) -> Work:
        import ganprobe.metrics

        a, b, function = _rows(n), _rows(n, seed=1), getattr(ganprobe.metrics, name)
        return lambda: function(a, b)

    return prepare


def _score(n: int) -> Work:
    from ganprobe.metrics import inception_score

    rows = _rows(n)
    chances = rows / rows.sum(1, keepdims=True)
    return lambda: inception_score(chances)


def _correlation(n: int) -> Work:
    from ganprobe.metrics import attribute_correlation

    rows = _rows(n)
    return lambda: attribute_correlation(rows)


def _scores_of(rows: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Scores (n, count), each linear in rows with as much noise."""
    rng = stream(2, "growth scores")
    linear = rows @ rng.standard_normal((WIDTH, count), dtype=np.float32)
    return np.asarray(linear / linear.std() + rng.standard_normal(linear.shape, dtype=np.float32), dtype=np.float32)


def _dci(n: int) -> Work:
    from ganprobe.metrics import dci

    rows = _rows(n)
    scores = _scores_of(rows, 8)
    return lambda: dci(rows, scores)


def _machine(n: int) -> Work:
    import torch

    from ganprobe.directions.svm.machine import fit_squared_hinge

    rows = _rows(n) - 0.8
    scores = _scores_of(rows, 1)
    x, labels = torch.from_numpy(rows), torch.from_numpy(np.where(scores > np.median(scores), 1, -1).T.copy())
    return lambda: fit_squared_hinge(x, labels)


def _evaluate(n: int) -> Work:
    import torch

    import ganprobe
    from ganprobe.data import open_data

    real = open_data("toyfaces:32", limit=1000).read(range(1000)).transpose(0, 2, 3, 1)
    mixing = torch.from_numpy(stream(3, "growth mixing").standard_normal((64, 3 * 32 * 32), dtype=np.float32)) / 8

    class Mixed(torch.nn.Module):
        z_dim = 64

        def forward(self, z: torch.Tensor) -> torch.Tensor:
            return torch.tanh(z @ mixing).reshape(-1, 3, 32, 32)

    def work() -> object:
        with tempfile.TemporaryDirectory() as folder:
            np.save(path := Path(folder) / "real.npy", real)
            return ganprobe.evaluate(Mixed(), reference=path, metrics=["fd", "kd", "cs"], samples=n)

    return work


SUBJECTS: Final[Mapping[str, Subject]] = {
    "evaluate": Subject("`evaluate` with fd, kd and cs against 1,000 images, samples", _evaluate, most=100_000),
    "moments": Subject("moments of both sides and the Fréchet distance", _moments),
    "kernel_distance": Subject("`kernel_distance`, 100 subsets of 1,000", _of_two("kernel_distance")),
    "precision_recall": Subject("`precision_recall`, quadratic", _of_two("precision_recall"), most=10_000),
    "inception_score": Subject("`inception_score`", _score),
    "correlation": Subject("`attribute_correlation` of 128 scores", _correlation),
    "dci": Subject("`dci`, 8 factors", _dci),
    "svm": Subject("squared hinge, one attribute", _machine),
}


def cell(name: str, n: int) -> tuple[float, float]:
    """Seconds of the processor and MiB above its input, of this process."""
    work = SUBJECTS[name].prepare(n)
    before, start = _resident("VmRSS"), os.times()
    Path("/proc/self/clear_refs").write_text("5")
    work()
    end = os.times()
    return end.user - start.user + end.system - start.system, max(0.0, _resident("VmHWM") - before)


def _resident(key: str) -> float:
    line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(key))
    return float(line.split()[1]) / 1024


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.growth", description=__doc__)
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join(SUBJECTS)}; left out, all")
    parser.add_argument("--cell", type=int, help=argparse.SUPPRESS)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="leave out what has more")
    parser.add_argument("--write", action="store_true", help="put the table into docs/performance.md")
    asked = parser.parse_args(words)
    if strange := sorted(set(asked.subjects) - set(SUBJECTS)):
        parser.error(f"unknown subject {strange[0]}; choose from {', '.join(SUBJECTS)}")
    if asked.cell is not None:
        print(json.dumps(cell(asked.subjects[0], asked.cell)))
        return
    lines = list(_table(asked.subjects or list(SUBJECTS), asked.most))
    if asked.write:
        from benchmarks.__main__ import write_between

        write_between("python -m benchmarks.growth --write", "\n".join(lines))


def _table(names: Sequence[str], most: int) -> Iterator[str]:
    from benchmarks.__main__ import machine

    sizes = [size for size in SIZES if size <= most]
    yield from _said(f"{machine()}; one thread, one run a cell.")
    yield from _said("")
    yield from _said("| what | " + " | ".join(f"{size:,}" for size in sizes) + " |")
    yield from _said("| --- |" + " ---: |" * len(sizes))
    for name in names:
        subject = SUBJECTS[name]
        cells = [_in_a_process(name, size) if size <= subject.most else "-" for size in sizes]
        yield from _said(f"| {subject.what} | " + " | ".join(cells) + " |")


def _said(line: str) -> Iterator[str]:
    print(line, flush=True)
    yield line


def _in_a_process(name: str, n: int) -> str:
    words = [sys.executable, "-m", "benchmarks.growth", name, "--cell", str(n)]
    done = subprocess.run(words, env={**os.environ, "OMP_NUM_THREADS": "1"}, capture_output=True, text=True, check=True)
    seconds, memory = json.loads(done.stdout.splitlines()[-1])
    return f"{seconds:.3g} s, {memory:,.0f} MiB"


if __name__ == "__main__":
    main()
