"""How often nominal 95% intervals hold, for the metrics of whole sets: `python -m benchmarks.coverage_more`.

Precision, recall, density and coverage at sizes and densities beyond those of benchmarks/coverage.py, the sliced
Wasserstein distance, authenticity and the Frechet distance by class. Every replicate draws both sides anew and goes
through the metric's own state; the target is the mean of all replicates' values, that is, what the metric estimates at
this n. Prints a Markdown table for docs/precision.md.
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

from benchmarks.coverage import SHARES, Draw, Outcome, relu_features
from ganprobe.core.protocols import Columns, Metric
from ganprobe.core.streams import stream
from ganprobe.metrics import Authenticity, IntraFrechet, ShareMetric, SlicedWasserstein, SummaryKeeper
from ganprobe.metrics.manifold.shares import Share

FEATURES = "embedded.features"
Both = tuple[Columns, Columns]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """draw: the columns of the generated side and of the reference, of n and n_reference samples."""

    what: str
    metric: Metric[Any]
    n: int
    n_reference: int
    draw: Callable[[np.random.Generator], Both]


def columns(**named: NDArray[Any]) -> dict[str, torch.Tensor]:
    """Named rows as columns; "__" in a name stands for a dot."""
    found = {name.replace("__", "."): torch.from_numpy(rows) for name, rows in named.items()}
    return {**found, "index": torch.arange(len(next(iter(found.values()))))}


def features(draw: Draw, draw_reference: Draw, n: int, m: int) -> Callable[[np.random.Generator], Both]:
    """Both sides' rows of features, each from its own distribution."""

    def both(rng: np.random.Generator) -> Both:
        ours, theirs = draw(rng, n).astype(np.float32), draw_reference(rng, m).astype(np.float32)
        return columns(embedded__features=ours), columns(embedded__features=theirs)

    return both


def share(which: Share, n: int, m: int, d: int, *, move: float = 0.3, spread: float = 0.8) -> Trial:
    """As the registered metrics of that name have k and balls; generated rows moved and with less spread."""
    improved = which in ("precision", "recall")
    return Trial(
        what=f"skewed features, d = {d}, moved by {move:g}, spread {spread:g}",
        metric=ShareMetric(
            share=which, kept=SummaryKeeper(column=FEATURES), name=which, k=3 if improved else 5, closed=improved
        ),
        n=n,
        n_reference=m,
        draw=features(relu_features(d, move, spread), relu_features(d, 0.0, 1.0), n, m),
    )


def authentic(n: int, m: int, d: int, *, move: float = 0.3, spread: float = 0.8) -> Trial:
    """A generator that copies nothing."""
    return Trial(
        what=f"skewed features, d = {d}, moved by {move:g}, spread {spread:g}",
        metric=Authenticity(column=FEATURES),
        n=n,
        n_reference=m,
        draw=features(relu_features(d, move, spread), relu_features(d, 0.0, 1.0), n, m),
    )


def copying(n: int, m: int, d: int, copied: float) -> Trial:
    """A generator that gives out, with probability `copied`, a training row with a little noise."""

    def both(rng: np.random.Generator) -> Both:
        real = relu_features(d, 0.0, 1.0)(rng, m)
        fake = relu_features(d, 0.0, 1.0)(rng, n)
        which = rng.random(n) < copied
        fake[which] = real[rng.integers(0, m, which.sum())] + 0.02 * rng.standard_normal((which.sum(), d))
        return columns(embedded__features=fake.astype(np.float32)), columns(embedded__features=real.astype(np.float32))

    what = f"skewed features, d = {d}, {100 * copied:g}% copies"
    return Trial(what=what, metric=Authenticity(column=FEATURES), n=n, n_reference=m, draw=both)


def by_class(n: int, m: int, d: int, classes: int) -> Trial:
    """Labels as they fall, each class with its own place, the generated ones spread out and moved."""

    def side(rng: np.random.Generator, count: int, move: float, spread: float) -> Columns:
        labels = rng.integers(0, classes, count)
        labels[: 2 * classes] = np.repeat(np.arange(classes), 2)
        rows = relu_features(d, move, spread)(rng, count) + labels[:, None]
        return columns(embedded__features=rows.astype(np.float32), label=labels)

    return Trial(
        what=f"{classes} classes, skewed features, d = {d}",
        metric=IntraFrechet(column=FEATURES, name="intra_fd"),
        n=n,
        n_reference=m,
        draw=lambda rng: (side(rng, n, 0.3, 1.2), side(rng, m, 0.0, 1.0)),
    )


def waves(rng: np.random.Generator, n: int, size: int, *, contrast: float, tint: float, grain: float) -> NDArray[Any]:
    """Images of random waves, each with a colour, a contrast and a grain of its own, so that patches of one image are
    alike; uint8."""
    y, x = np.mgrid[0:size, 0:size] / size
    phase = rng.uniform(0, 2 * np.pi, (n, 3, 4, 1, 1))
    turns = rng.integers(1, 5, (n, 1, 4, 2, 1, 1))
    pattern = np.sin(2 * np.pi * (turns[:, :, :, 0] * x + turns[:, :, :, 1] * y) + phase).sum(2)
    strength = contrast * np.exp(0.5 * rng.standard_normal((n, 1, 1, 1)))
    noise = grain * np.exp(0.5 * rng.standard_normal((n, 1, 1, 1))) * rng.standard_normal((n, 3, size, size))
    shade = 128 + tint * rng.standard_normal((n, 3, 1, 1))
    return np.asarray(np.clip(shade + strength * pattern + noise, 0, 255).round(), dtype=np.uint8)


def patches(n: int, m: int, size: int, *, alike: bool = False, directions: int = 64) -> Trial:
    """Generated images with another contrast, tint and grain, or with the same."""

    def both(rng: np.random.Generator) -> Both:
        ours = {"contrast": 15, "tint": 30, "grain": 8} if alike else {"contrast": 12, "tint": 60, "grain": 20}
        fake, real = waves(rng, n, size, **ours), waves(rng, m, size, contrast=15, tint=30, grain=8)
        return columns(pixels=fake), columns(pixels=real)

    return Trial(
        what=f"waves, {size} x {size}, {directions} directions" + (", both sides alike" if alike else ""),
        metric=SlicedWasserstein(directions=directions),
        n=n,
        n_reference=m,
        draw=both,
    )


def measure(trial: Trial, replicates: int, seed: int = 0) -> Outcome:
    """Coverage over `replicates` independent replicates."""
    metric = trial.metric
    found = []
    for number in range(replicates):
        ours, theirs = trial.draw(stream(seed, "coverage", number))
        state, reference = metric.update(metric.empty(), ours), metric.update(metric.empty(), theirs)
        found.append(next(iter(metric.compute(state, reference).values())))
    values, ends = np.array([one.value for one in found]), np.array([one.ci95 for one in found])
    held = np.mean((ends[:, 0] <= values.mean()) & (values.mean() <= ends[:, 1]))
    half = (ends[:, 1] - ends[:, 0]) / 2 / 1.959963984540054
    return Outcome(float(held), float(values.mean()), float(values.std(ddof=1)), float(np.sqrt((half**2).mean())))


TRIALS = (
    *(share(which, 2000, 2000, 64) for which in SHARES),
    *(share(which, 1000, 5000, 32) for which in SHARES),
    share("density", 800, 400, 64),
    share("density", 400, 400, 32, move=0.1, spread=0.5),
    share("density", 600, 600, 128, spread=0.6),
    authentic(500, 500, 32),
    authentic(2000, 2000, 8),
    authentic(1000, 3000, 32),
    authentic(500, 500, 16, move=0.0, spread=1.0),
    copying(1000, 1000, 32, 0.5),
    by_class(1000, 1000, 8, 10),
    by_class(2000, 5000, 32, 10),
    patches(100, 100, 16),
    patches(400, 400, 16),
    patches(100, 300, 32),
    patches(100, 100, 16, alike=True),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--metric", help="the rows of this metric alone")
    asked = parser.parse_args()
    torch.set_num_threads(1)
    print(f"{asked.replicates} replicates a row, seed {asked.seed}\n")
    print("| metric | drawn | n | reference n | value | coverage | standard deviation | estimated | seconds |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for trial in (one for one in TRIALS if asked.metric in (None, getattr(one.metric, "name", ""))):
        start = time.perf_counter()
        got = measure(trial, asked.replicates, asked.seed)
        print(
            f"| {getattr(trial.metric, 'name', '')} | {trial.what} | {trial.n} | {trial.n_reference} | {got.mean:.4g} "
            f"| {100 * got.covered:.1f}% | {got.sd:.4g} | {got.said:.4g} | {time.perf_counter() - start:.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
