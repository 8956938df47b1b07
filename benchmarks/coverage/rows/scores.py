"""Metrics of latents and attribute scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.coverage.row import Row
from benchmarks.coverage.twins import Scores, scored
from ganprobe.directions.scored.specs import SPECS

NAMES = ("age", "glasses", "smile")
BOUNDARIES = ("boundary_accuracy",)
CORRELATION = ("attribute_correlation",)


def family(head: str) -> tuple[str, ...]:
    """The names of a metric in z, w and s."""
    return tuple(spec.name for spec in SPECS if spec.name.rpartition("_")[0] == head)


def linear(noise: float = 0.7) -> Scores:
    """Each attribute follows one number, with noise; the first two share some of it."""

    def scores(latents: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
        rows = latents - latents.mean(0)
        rows = rows / rows.std(0)
        shared = rng.standard_normal(len(rows))
        noises = noise * rng.standard_normal((len(rows), 3)) + 0.3 * np.column_stack([shared, shared, 0 * shared])
        return np.asarray(rows[:, :3] + noises)

    return scores


def shaped(shape: Callable[[NDArray[Any]], NDArray[Any]], noise: float = 0.7) -> Scores:
    """Linear scores, each number of which is turned into another."""
    return lambda latents, rng: np.asarray(shape(linear(noise)(latents, rng)))


def heavy(latents: NDArray[Any], rng: np.random.Generator) -> NDArray[Any]:
    """Linear scores, and noise of Student's t with 2.5 degrees of freedom."""
    return np.asarray(linear(0.0)(latents, rng) + 0.7 * rng.standard_t(2.5, (len(latents), 3)))


def of_two(scores: Scores) -> Scores:
    """Each attribute follows its number and, by half as much, the next: where each has its own alone, DCI is 1 whatever
    the sample."""
    return lambda latents, rng: scores(latents + 0.5 * np.roll(latents, -1, axis=1), rng)


_SCORES: dict[str, Scores] = {
    "linear scores": linear(),
    "scores 3 (s + 0.7 noise) - 5": shaped(lambda rows: 3 * rows - 5),
    "linear scores, much noise": linear(2.0),
    "skewed scores": shaped(np.exp),
    "heavy-tailed scores": heavy,
    "saturated scores": shaped(lambda rows: np.tanh(3 * rows)),
    "quadratic scores": shaped(lambda rows: rows + 0.7 * rows**2),
    "imbalanced scores": shaped(lambda rows: rows - 1.5),
}
_OVERFITTED = "fewer than 10 kept samples for each number of a plane"


def _row(metrics: tuple[str, ...], what: str, n: int, *, size: int = 6, variant: str = "", **more: Any) -> Row:
    scores = of_two(_SCORES[what]) if metrics == DCI else _SCORES[what]
    twins = scored(scores, n, names=NAMES, continuous=("age",), size=size, variant=variant)
    said = (
        what
        + (" of two numbers each" if metrics == DCI else "")
        + (f", {size} numbers" if size != 6 else "")
        + (f", {variant}" if variant else "")
    )
    return Row(metrics=metrics, drawn=said, n=n, twins=twins, **{"replicates": 200, **more})


DCI = family("dci")
_FAMILIES = (family("ls"), BOUNDARIES, CORRELATION, DCI, family("mig"), family("sap"))

ROWS = (
    *(_row(metrics, "linear scores", 2000 if metrics == family("ls") else 1000, suite=8) for metrics in _FAMILIES),
    *(_row(metrics, what, 1000) for metrics in _FAMILIES for what in _SCORES if what != "linear scores"),
    *(_row(BOUNDARIES, what, 1000, variant="@median") for what in _SCORES),
    *(_row(metrics, "linear scores", 500, size=24) for metrics in (DCI, family("ls"), BOUNDARIES)),
    *(_row(metrics, "linear scores", 2000, size=64) for metrics in (DCI, family("ls"), BOUNDARIES)),
    _row(BOUNDARIES, "scores 3 (s + 0.7 noise) - 5", 5000, replicates=100),
    _row(family("ls")[:1], "linear scores", 400, size=24, unstated=_OVERFITTED, suite=2),
)
