"""The rows of the table, a module a subject."""

from __future__ import annotations

from benchmarks.coverage.row import Row
from benchmarks.coverage.rows import classes, features, manifold, paths, pictures, probes, scores
from ganprobe.engine.opening.metrics import CATALOGUE
from ganprobe.metrics.spec import MetricSpec

ROWS: tuple[Row, ...] = (
    *features.ROWS,
    *classes.ROWS,
    *paths.ROWS,
    *manifold.ROWS,
    *pictures.ROWS,
    *probes.ROWS,
    *scores.ROWS,
)


def specification(name: str) -> MetricSpec:
    """Of a metric of the catalogue."""
    return CATALOGUE[name]
