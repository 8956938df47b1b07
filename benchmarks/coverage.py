"""How often a nominal 95% interval holds the metric's mean at its sample size: `python benchmarks/coverage.py`.

Every replicate draws both sides anew and goes through the metric's own state. The target is the mean of all
replicates' values, that is, what the metric estimates at this n (the Frechet distance and the classifier score are
biased at a finite n, and their intervals do not pretend otherwise). Prints a Markdown table for docs/precision.md.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.protocols import Metric
from ganprobe.core.results import Estimate
from ganprobe.core.streams import stream
from ganprobe.metrics import (
    METRICS,
    ClassifierScore,
    FrechetDistance,
    KernelDistance,
    PathLength,
    ShareMetric,
    SummaryKeeper,
)
from ganprobe.metrics.manifold.shares import Share

Draw = Callable[[np.random.Generator, int], NDArray[Any]]
FEATURES = "embedded.features"
SHARES: tuple[Share, ...] = ("precision", "recall", "density", "coverage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is drawn: `draw` on the generated side, `draw_reference` on the other; n and n_reference rows."""

    what: str
    metric: Metric[Any]
    column: str
    n: int
    draw: Draw
    n_reference: int = 0
    draw_reference: Draw | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """covered: the share of intervals that hold the mean value; sd: of the values; said: the root of the mean
    variance that the metric estimated."""

    covered: float
    mean: float
    sd: float
    said: float


def relu_features(d: int, move: float, spread: float) -> Draw:
    """Non-negative and skewed with a decaying spectrum, as pooled features are."""

    def draw(rng: np.random.Generator, n: int) -> NDArray[Any]:
        scale = spread * np.exp(-2 * np.arange(d) / d)
        mix = np.eye(d) + 0.3 * np.eye(d, k=1)
        return np.maximum((rng.standard_normal((n, d)) * scale) @ mix + move * scale, -0.3 * scale)

    return draw


def softmax_rows(rng: np.random.Generator, n: int) -> NDArray[Any]:
    """Probabilities of a classifier that is sure of most images, of classes that are not equally frequent."""
    logits = rng.standard_normal((n, 10)) * 2
    logits[np.arange(n), rng.choice(10, n, p=np.arange(1, 11) / 55)] += 4
    shares: NDArray[Any] = np.exp(logits)
    return shares / shares.sum(1, keepdims=True)


def path_distances(rng: np.random.Generator, n: int) -> NDArray[Any]:
    """Log-normal: as skewed as path distances are."""
    return rng.lognormal(4.0, 1.0, n)


def frechet(n: int, m: int, d: int, capacity: int | None = 10_000) -> Case:
    return Case(
        what=f"skewed features, d = {d}"
        + ("" if capacity is None or capacity >= max(n, m) else f", {capacity} rows kept"),
        metric=FrechetDistance(column=FEATURES, capacity=capacity),
        column=FEATURES,
        n=n,
        n_reference=m,
        draw=relu_features(d, 0.3, 1.2),
        draw_reference=relu_features(d, 0.0, 1.0),
    )


def kernel(n: int, m: int, d: int, move: float, *, name: str = "kd", subsets: int = 0, size: int = 1000) -> Case:
    alike = ", both sides alike (degenerate)" if move == 0 else ""
    drawn = f", {subsets} subsets of {size}" if subsets else ""
    return Case(
        what=f"skewed features, d = {d}{alike}{drawn}",
        metric=KernelDistance(column=FEATURES, name=name, subsets=subsets, subset_size=size),
        column=FEATURES,
        n=n,
        n_reference=m,
        draw=relu_features(d, move, 1.2 if move else 1.0),
        draw_reference=relu_features(d, 0.0, 1.0),
    )


def classifier(n: int) -> Case:
    column = "embedded.probabilities"
    return Case(
        what="10 classes, unequal", metric=ClassifierScore(column=column), column=column, n=n, draw=softmax_rows
    )


def path(n: int) -> Case:
    column = "path.w_end"
    metric = PathLength(column=column, name="ppl_w_end")
    return Case(what="log-normal, sigma 1", metric=metric, column=column, n=n, draw=path_distances)


def share(which: Share, n: int, m: int, d: int) -> Case:
    """As the registered metrics of that name have k and balls."""
    improved = which in ("precision", "recall")
    return Case(
        what=f"skewed features, d = {d}",
        metric=ShareMetric(
            share=which,
            kept=SummaryKeeper(column=FEATURES),
            name=which,
            k=3 if improved else 5,
            closed=improved,
        ),
        column=FEATURES,
        n=n,
        n_reference=m,
        draw=relu_features(d, 0.3, 0.8),
        draw_reference=relu_features(d, 0.0, 1.0),
    )


def estimate(case: Case, rng: np.random.Generator) -> Estimate:
    """The metric's estimate of one replicate, in batches."""
    state = _state(case, case.draw(rng, case.n))
    reference = None
    if case.draw_reference is not None:
        reference = _state(case, case.draw_reference(rng, case.n_reference))
    return next(iter(case.metric.compute(state, reference).values()))


def _state(case: Case, rows: NDArray[Any]) -> Any:
    columns = {"index": torch.arange(len(rows)), case.column: torch.from_numpy(rows.astype(np.float32))}
    return case.metric.update(case.metric.empty(), columns)


def measure(case: Case, replicates: int, seed: int = 0) -> Outcome:
    """Coverage over `replicates` independent replicates."""
    found = [estimate(case, stream(seed, "coverage", number)) for number in range(replicates)]
    values = np.array([one.value for one in found])
    ends = np.array([one.ci95 for one in found])
    covered = np.mean((ends[:, 0] <= values.mean()) & (values.mean() <= ends[:, 1]))
    half = (ends[:, 1] - ends[:, 0]) / 2 / 1.959963984540054
    return Outcome(float(covered), float(values.mean()), float(values.std(ddof=1)), float(np.sqrt((half**2).mean())))


CASES = (
    frechet(200, 200, 8),
    frechet(1000, 1000, 8),
    frechet(1000, 1000, 32),
    frechet(200, 5000, 128),
    frechet(1000, 5000, 128),
    frechet(5000, 5000, 128),
    frechet(5000, 5000, 32, capacity=1000),
    kernel(200, 200, 8, 0.3),
    kernel(1000, 1000, 8, 0.3),
    kernel(200, 1000, 128, 0.3),
    kernel(1000, 1000, 128, 0.3),
    kernel(500, 500, 8, 0.0),
    kernel(500, 500, 8, 0.3, name="kd@subsets", subsets=20, size=100),
    classifier(200),
    classifier(1000),
    classifier(5000),
    path(200),
    path(1000),
    path(10_000),
    *(share(which, n, m, d) for which in SHARES for n, m, d in ((500, 500, 32), (2000, 2000, 8), (2000, 2000, 32))),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--metric", help="the rows of this metric alone")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{asked.replicates} replicates a row, seed {asked.seed}; metrics: {', '.join(METRICS)}\n")
    print("| metric | drawn | n | reference n | coverage | standard deviation | estimated | seconds |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: |")
    for case in (case for case in CASES if asked.metric in (None, getattr(case.metric, "name", ""))):
        start = time.perf_counter()
        got = measure(case, asked.replicates, asked.seed)
        name = getattr(case.metric, "name", "")
        print(
            f"| {name} | {case.what} | {case.n} | {case.n_reference or '-'} | {100 * got.covered:.1f}% "
            f"| {got.sd:.4g} | {got.said:.4g} | {time.perf_counter() - start:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
