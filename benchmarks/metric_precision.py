"""How far apart ways to compute one number are: `python -m benchmarks.metric_precision`, for docs/precision.md.

On synthetic features alone: skewed, correlated, with a decaying spectrum (benchmarks/coverage draws the same).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.linalg
import torch
from numpy.typing import NDArray

from benchmarks.coverage.distributions import relu_features
from ganprobe.core.streams import stream
from ganprobe.metrics import FrechetDistance, KernelDistance, frechet_bias, frechet_distance, kernel_distance

Rows = NDArray[Any]
FEATURES = "embedded.features"


def moments(rows: Rows, ddof: int = 1) -> tuple[Rows, Rows]:
    return rows.mean(0), np.cov(rows.T, ddof=ddof)


def by_square_root(mean_a: Rows, cov_a: Rows, mean_b: Rows, cov_b: Rows) -> float:
    """The common way: the real part of scipy's square root of the product."""
    root = np.real(scipy.linalg.sqrtm(cov_a @ cov_b))
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * np.trace(root))


def by_eigenvalues(mean_a: Rows, cov_a: Rows, mean_b: Rows, cov_b: Rows) -> float:
    """Square roots of the eigenvalues of A^(1/2) B A^(1/2)."""
    values, vectors = np.linalg.eigh(cov_a)
    half = (vectors * np.sqrt(values.clip(0))) @ vectors.T
    cross = np.sqrt(np.linalg.eigvalsh(half @ cov_b @ half).clip(0)).sum()
    return float(((mean_a - mean_b) ** 2).sum() + np.trace(cov_a) + np.trace(cov_b) - 2 * cross)


def routes() -> None:
    print("| moments | nuclear norm (ours) | eigenvalues | scipy sqrtm |\n| --- | ---: | ---: | ---: |")
    for d, n in ((64, 5000), (512, 200)):
        rows = relu_features(d, 0.0, 1.0)(stream(0, "routes", d), n)
        a = moments(rows)
        found = [f"{way(*a, *a):.2e}" for way in (frechet_distance, by_eigenvalues, by_square_root)]
        print(f"| identical, d = {d}, n = {n} | {' | '.join(found)} |")
    a, b = (moments(relu_features(64, m, 1.0)(stream(0, "route pair", str(m)), 5000)) for m in (0.0, 0.3))
    found = [f"{way(*a, *b):.12f}" for way in (frechet_distance, by_eigenvalues, by_square_root)]
    print(f"| two sides, d = 64, n = 5000 | {' | '.join(found)} |\n")


def ddof_and_bias() -> None:
    truth = _pair(400_000, 1)
    (mean_a, cov_a), (mean_b, cov_b) = map(moments, truth)
    limit = frechet_distance(mean_a, cov_a, mean_b, cov_b)
    print(f"Frechet distance at n = 400000: {limit:.5f}\n")
    print("| n | ddof 1 | ddof 0 | excess over n = 400000 (mean of 50) | frechet_bias |\n" + "| ---: " * 5 + "|")
    for n in (200, 1000, 5000):
        pairs = [_pair(n, 2 + k) for k in range(50)]
        ones, zeros = ([frechet_distance(*moments(a, d), *moments(b, d)) for a, b in pairs] for d in (1, 0))
        excess, error = np.mean(ones) - limit, np.std(ones) / np.sqrt(50)
        print(
            f"| {n} | {ones[0]:.5f} | {zeros[0]:.5f} | {excess:.5f} +- {1.96 * error:.5f} "
            f"| {frechet_bias(cov_a, n, cov_b, n):.5f} |"
        )
    print()


def _pair(n: int, seed: int) -> tuple[Rows, Rows]:
    return relu_features(32, 0.3, 1.2)(stream(seed, "a"), n), relu_features(32, 0.0, 1.0)(stream(seed, "b"), n)


def batches() -> None:
    a, b = (torch.from_numpy(rows.astype(np.float32)) for rows in _pair(2000, 1))
    print("| metric | batches of 7 | batches of 64 | relative difference |\n| --- | ---: | ---: | ---: |")
    for metric in (FrechetDistance(column=FEATURES), KernelDistance(column=FEATURES)):
        found = []
        for size in (7, 64):
            states = []
            for rows in (a, b):
                state = metric.empty()
                for index in torch.arange(len(rows)).split(size):
                    state = metric.update(state, {"index": index, FEATURES: rows[index]})
                states.append(state)
            found.append(metric.compute(*states)[metric.name].value)
        print(f"| {metric.name} | {found[0]:.12f} | {found[1]:.12f} | {abs(found[0] / found[1] - 1):.1e} |")
    print()


def subsets() -> None:
    a, b = _pair(5000, 1)
    whole = kernel_distance(a, b, 1, 5000)
    found = [kernel_distance(a, b, seed=seed) for seed in range(20)]
    print(f"kd of all 5000 rows: {whole:.6f}; kd@subsets over 20 subset seeds: mean {np.mean(found):.6f}, ", end="")
    print(f"standard deviation {np.std(found, ddof=1):.6f}, from {min(found):.6f} to {max(found):.6f}")


if __name__ == "__main__":
    torch.set_num_threads(1)
    routes()
    ddof_and_bias()
    batches()
    subsets()
