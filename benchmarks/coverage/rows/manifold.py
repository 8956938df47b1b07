"""Precision, recall, density, coverage and authenticity."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.coverage.distributions import rare_mode, relu_features, student
from benchmarks.coverage.row import Pair, Row
from benchmarks.coverage.twins import Draw, features, images, only, state_of
from ganprobe.metrics.spec import MetricSpec

PRECISION = ("precision@embedded", "precision")
RECALL = ("recall@embedded", "recall")
DENSITY = ("density@embedded", "density")
COVERAGE = ("coverage@embedded", "coverage")
AUTHENTICITY = ("authenticity@embedded", "authenticity")
SHARES = (PRECISION, RECALL, DENSITY, COVERAGE)

_SIDES: dict[str, tuple[Draw, Draw]] = {
    "cut from below, d = 32, spread 0.8": (relu_features(32, 0.3, 0.8), relu_features(32, 0.0, 1.0)),
    "cut from below, d = 32, alike": (relu_features(32, 0.0, 1.0), relu_features(32, 0.0, 1.0)),
    "cut from below, d = 32, spread 0.5": (relu_features(32, 0.1, 0.5), relu_features(32, 0.0, 1.0)),
    "cut from below, d = 32, spread 2": (relu_features(32, 0.5, 2.0), relu_features(32, 0.0, 1.0)),
    "t5, d = 16": (student(16, 0.2), student(16)),
    "1% in a rare mode, d = 8": (rare_mode(8, 0.3), rare_mode(8)),
}


def _row(metrics: tuple[str, ...], what: str, n: int, m: int, **more: Any) -> Row:
    ours, theirs = (features(draw) for draw in _SIDES[what])
    return Row(metrics=metrics, drawn=what, n=n, m=m, twins=images(ours, theirs, n, m), **{"replicates": 100, **more})


def _copying(n: int, m: int, copied: float) -> Row:
    """Generators that give out, with probability `copied`, a training row with a little noise."""
    draw = relu_features(32, 0.0, 1.0)

    def twins(spec: MetricSpec, rng: np.random.Generator) -> Pair:
        metric: Any = spec.build()
        (column,) = metric.needs
        real = draw(rng, m)
        reference = state_of(metric, {column: real.astype(np.float32)})
        found = []
        for _ in range(2):
            fake, which = draw(rng, n), rng.random(n) < copied
            fake[which] = real[rng.integers(0, m, which.sum())] + 0.02 * rng.standard_normal((which.sum(), 32))
            found.append(only(metric.compute(state_of(metric, {column: fake.astype(np.float32)}), reference)))
        return found[0], found[1]

    said = f"cut from below, d = 32, {100 * copied:g}% copies"
    return Row(metrics=AUTHENTICITY, drawn=said, n=n, m=m, twins=twins)


ROWS = (
    *(
        _row(metrics, what, n, n, suite=20 if (n, what) == (200, "cut from below, d = 32, spread 0.8") else 0)
        for metrics in SHARES
        for what in _SIDES
        for n in ((200, 500) if what == "cut from below, d = 32, spread 0.8" else (300,))
    ),
    _row(AUTHENTICITY, "cut from below, d = 32, spread 0.8", 200, 200, suite=20),
    _row(AUTHENTICITY, "cut from below, d = 32, spread 0.8", 500, 500),
    _row(AUTHENTICITY, "cut from below, d = 32, alike", 500, 500),
    _row(AUTHENTICITY, "t5, d = 16", 500, 1500),
    _row(AUTHENTICITY, "cut from below, d = 32, spread 2", 500, 500),
    _copying(500, 500, 0.5),
    _copying(500, 500, 0.98),
)
