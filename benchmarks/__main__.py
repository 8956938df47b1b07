"""Speed beside a peer, in one run: `make bench` or `python -m benchmarks`. Prints a Markdown table.

Only the ratios mean something: both sides of a row run in turns on the same machine, on the same input, and the
agreement of their results stands beside their times. Quoted are medians.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors

from ganprobe.core.streams import stream
from ganprobe.metrics import frechet_distance, precision_recall

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Duel:
    """Two ways to the same number: ours and a peer's."""

    what: str
    peer: str
    ours: Callable[[], float]
    theirs: Callable[[], float]

    def row(self, runs: int) -> str:
        """Run both in turns; the table's row."""
        times: dict[str, list[float]] = {"ours": [], "theirs": []}
        values = {}
        for _ in range(runs):
            for name, call in (("ours", self.ours), ("theirs", self.theirs)):
                start = time.perf_counter()
                values[name] = call()
                times[name].append(time.perf_counter() - start)
        ours, theirs = (statistics.median(times[name]) for name in ("ours", "theirs"))
        apart = abs(values["ours"] - values["theirs"]) / max(abs(values["theirs"]), 1e-12)
        return f"| {self.what} | {self.peer} | {ours:.3g} s | {theirs:.3g} s | {theirs / ours:.2f} | {apart:.0e} |"


def moments(d: int, n: int, seed: int) -> tuple[Array, Array]:
    """Mean and covariance of n rows of d correlated numbers."""
    rng = stream(seed, "benchmark")
    rows = rng.standard_normal((n, d)) @ (np.eye(d) + 0.3 * np.eye(d, k=1)) + 0.1 * seed
    return rows.mean(0), np.cov(rows, rowvar=False)


def distance_by_sqrtm(mean_a: Array, cov_a: Array, mean_b: Array, cov_b: Array) -> float:
    """The Frechet distance by SciPy's square root of the unsymmetric product, the field's usual route."""
    root = scipy.linalg.sqrtm(cov_a @ cov_b)
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a + cov_b) - 2 * np.trace(root).real)


def frechet_duel(d: int) -> Duel:
    """Both routes to the Frechet distance of d features."""
    a, b = moments(d, 2 * d, 0), moments(d, 2 * d, 1)
    return Duel(
        f"Frechet distance, {d} features",
        "scipy.linalg.sqrtm",
        lambda: frechet_distance(*a, *b),
        lambda: distance_by_sqrtm(*a, *b),
    )


def precision_by_sklearn(real: Array, fake: Array, k: int) -> float:
    """Improved precision with scikit-learn's brute-force neighbours."""
    radii = NearestNeighbors(n_neighbors=k + 1, algorithm="brute").fit(real).kneighbors(real)[0][:, -1]
    distances = torch.cdist(torch.from_numpy(fake), torch.from_numpy(real)).numpy()
    return float((distances <= radii).any(1).mean())


def precision_duel(n: int, d: int) -> Duel:
    """Improved precision of n against n rows."""
    rng = stream(0, "benchmark.precision")
    real, fake = rng.standard_normal((n, d)), 0.9 * rng.standard_normal((n, d))
    return Duel(
        f"precision and recall, {n} x {n} x {d} (the peer: precision alone)",
        "scikit-learn",
        lambda: float(precision_recall(real, fake, k=3)[0]),
        lambda: precision_by_sklearn(real, fake, 3),
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0, help="torch threads; 0 for its own choice")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    print(f"torch {torch.__version__}, {torch.get_num_threads()} threads, median of {options.runs} runs in turns\n")
    print("| what | peer | ganprobe | peer's time | times faster | apart, relative |")
    print("| --- | --- | --- | --- | --- | --- |")
    for duel in (frechet_duel(128), frechet_duel(1024), precision_duel(4000, 128)):
        print(duel.row(options.runs), flush=True)


if __name__ == "__main__":
    main()
