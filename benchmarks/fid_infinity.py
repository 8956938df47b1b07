"""The Frechet distance at endless samples, two ways: `python -m benchmarks.fid_infinity`.

Ours subtracts the bias that `frechet_bias` predicts from one pass. The extrapolation (Chong and Forsyth 2020) evaluates
the distance at 15 sample sizes from a tenth of the rows to all of them, on random subsets, and takes the intercept of a
line in 1/n. The reference has so many rows that its bias is nothing, so that both aim at the same number. The truth
comes from the moments of far more rows. The table is for docs/metrics/fid_infinity.md.
"""

from __future__ import annotations

import argparse

import numpy as np

from benchmarks.coverage.distributions import relu_features, student
from benchmarks.metric_precision import Rows, moments
from ganprobe.core.streams import stream
from ganprobe.metrics import frechet_bias, frechet_distance

POINTS = 15
TRUTH = 1_000_000


def extrapolated(rows: Rows, reference: tuple[Rows, Rows], rng: np.random.Generator) -> float:
    """The intercept over 1/n, subsets drawn anew for every size."""
    sizes = np.linspace(len(rows) // 10, len(rows), POINTS).astype(int)
    found = [frechet_distance(*moments(rows[rng.permutation(len(rows))[:size]]), *reference) for size in sizes]
    return float(np.polyfit(1 / sizes, found, 1)[1])


def corrected(rows: Rows, reference: tuple[Rows, Rows]) -> float:
    """The plug-in distance less its predicted bias."""
    mean, cov = moments(rows)
    return frechet_distance(mean, cov, *reference) - frechet_bias(cov, len(rows), reference[1], TRUTH)


def row(d: int, n: int, move: float, spread: float, replicates: int, *, tails: bool = False) -> str:
    """One line of the table: mean error and root mean square error of the plug-in and both ways. tails: of t5 features
    in place of skewed ones."""
    drawn = student if tails else relu_features
    draw, draw_reference = drawn(d, move, spread), drawn(d, 0.0, 1.0)
    reference = moments(draw_reference(stream(0, "reference"), TRUTH))
    truth = frechet_distance(*moments(draw(stream(0, "truth"), TRUTH)), *reference)
    errors = []
    for number in range(replicates):
        rng = stream(1, "replicate", number)
        rows = draw(rng, n)
        plain = frechet_distance(*moments(rows), *reference)
        errors.append(np.array([plain, extrapolated(rows, reference, rng), corrected(rows, reference)]) - truth)
    table = np.array(errors)
    cells = [f"{mean:+.5f} | {root:.5f}" for mean, root in zip(table.mean(0), np.sqrt((table**2).mean(0)), strict=True)]
    return f"| {d} | {n} | {truth:.4f} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=200)
    replicates = parser.parse_args().replicates
    print("| d | n | truth | plug-in: mean error | rms | extrapolation: mean error | rms | ours: mean error | rms |")
    print("| ---: " * 9 + "|")
    for d, n, move, spread, tails in (
        (64, 128, 0.3, 1.2, False),
        (64, 256, 0.3, 1.2, False),
        (64, 2000, 0.3, 1.2, False),
        (64, 2000, 0.0, 1.0, False),
        (64, 10_000, 0.3, 1.2, False),
        (64, 256, 0.1, 1.1, True),
        (64, 2000, 0.1, 1.1, True),
    ):
        print(row(d, n, move, spread, replicates, tails=tails) + (" t5 |" if tails else ""), flush=True)


if __name__ == "__main__":
    main()
