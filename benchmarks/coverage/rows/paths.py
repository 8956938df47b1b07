"""Path lengths."""

from __future__ import annotations

from typing import Any

from benchmarks.coverage.distributions import jumping_distances, path_distances
from benchmarks.coverage.row import Row
from benchmarks.coverage.twins import Draw, features, images
from ganprobe.metrics.paths.specs import SPECS

PPL = tuple(spec.name for spec in SPECS)

_DISTANCES: dict[str, Draw] = {
    "log-normal, sigma 1": path_distances(1.0),
    "log-normal, sigma 1.5": path_distances(1.5),
    "1% of pairs jump": jumping_distances(0.01),
    "2% of pairs jump": jumping_distances(0.02),
    "0.5% of pairs jump": jumping_distances(0.005),
    "1% of pairs jump, 10-fold": jumping_distances(0.01, 10.0),
}


def _row(what: str, n: int, **more: Any) -> Row:
    return Row(
        metrics=PPL,
        called="ppl_* of every protocol",
        drawn=what,
        n=n,
        twins=images(features(_DISTANCES[what]), None, n),
        **more,
    )


ROWS = (
    _row("log-normal, sigma 1", 1000, suite=60),
    _row("log-normal, sigma 1", 200),
    _row("log-normal, sigma 1", 10_000),
    _row("log-normal, sigma 1.5", 500),
    *(_row(what, n) for what in _DISTANCES if "jump" in what for n in (1000, 10_000)),
)
