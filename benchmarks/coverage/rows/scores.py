"""Metrics of latents and attribute scores."""

from __future__ import annotations

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


def _row(metrics: tuple[str, ...], what: str, scores: Scores, n: int, **more: Any) -> Row:
    return Row(metrics=metrics, drawn=what, n=n, twins=scored(scores, n, names=NAMES, continuous=("age",)), **more)


ROWS = (
    *(
        _row(metrics, "linear scores", linear(), 1000, suite=8, replicates=100)
        for metrics in (family("ls"), BOUNDARIES, CORRELATION, family("dci"), family("mig"), family("sap"))
    ),
)
