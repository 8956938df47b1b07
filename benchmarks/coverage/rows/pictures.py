"""Metrics of the pictures themselves."""

from __future__ import annotations

from typing import Any

from benchmarks.coverage.distributions import pair_values, path_distances, waves
from benchmarks.coverage.row import Row
from benchmarks.coverage.twins import Draw, features, images, pictures
from ganprobe.metrics import SlicedWasserstein

SIMILARITY = ("ms_ssim",)
DIVERSITY = ("lpips_diversity", "lpips_diversity@embedded", "lpips_diversity@imagenet")
SWD = ("swd",)


def _pairs(metrics: tuple[str, ...], what: str, draw: Draw, n: int, **more: Any) -> Row:
    """n: pairs."""
    return Row(metrics=metrics, drawn=what, n=n, twins=images(features(draw), None, n), **more)


def _patches(what: str, ours: Draw, theirs: Draw, n: int, m: int, *, directions: int = 64, **more: Any) -> Row:
    sides, metric = (pictures(ours), pictures(theirs)), SlicedWasserstein(directions=directions)
    said = f"waves, 16 x 16, {what}, {directions} directions"
    return Row(metrics=SWD, drawn=said, n=n, m=m, twins=images(*sides, n, m, metric), **{"replicates": 60, **more})


_APART = waves(16, contrast=12, tint=60, grain=20), waves(16)
_ALIKE = waves(16), waves(16)

ROWS = (
    _pairs(SIMILARITY, "skewed in [0, 1]", pair_values(0.0, 1.0), 250, suite=60),
    _pairs(SIMILARITY, "skewed in [0, 0.02]", pair_values(0.0, 0.02), 100),
    _pairs(SIMILARITY, "skewed in [0.98, 1]", pair_values(0.98, 1.0), 100),
    _pairs(DIVERSITY, "skewed in [0, 1]", pair_values(0.0, 1.0), 250, suite=60),
    _pairs(DIVERSITY, "log-normal, sigma 1", path_distances(1.0), 100),
    _pairs(DIVERSITY, "log-normal, sigma 1", path_distances(1.0), 500),
    _patches("other contrast, tint and grain", *_APART, 60, 60, directions=8, suite=15),
    _patches("other contrast, tint and grain", *_APART, 100, 100, directions=32),
    _patches("both sides alike", *_ALIKE, 100, 100, directions=32),
)
