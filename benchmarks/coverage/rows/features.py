"""Distances of features: Frechet, kernel, within classes."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.coverage.distributions import gaussian, log_normal, rare_mode, relu_features, student
from benchmarks.coverage.row import Row, closed
from benchmarks.coverage.twins import Draw, features, images, labelled
from ganprobe.metrics import FrechetDistance, KernelDistance
from ganprobe.metrics.kernel.inception import KernelInceptionDistance

FD = ("fd", "fid", "fid@pytorch-fid", "fid@clean", "fid@stylegan3", "fd_dinov2")
INFINITY = ("fd_infinity", "fid_infinity")
KD = ("kd", "kid@full")
SUBSETS = ("kd@subsets",)
KID = ("kid",)
CMMD = ("cmmd",)
INTRA = ("intra_fd", "intra_fid")

_SIDES: dict[str, tuple[Draw, Draw]] = {
    "Gaussian": (gaussian(8, 0.3, 1.2), gaussian(8)),
    "Gaussian, both sides alike": (gaussian(8), gaussian(8)),
    "cut from below": (relu_features(8, 0.3, 1.2), relu_features(8, 0.0, 1.0)),
    "log-normal": (log_normal(8, 0.3, 1.2), log_normal(8)),
    "t5": (student(8, 0.3, 1.2), student(8)),
    "1% in a rare mode": (rare_mode(8, 0.3), rare_mode(8)),
    "1% in a rare mode that the reference lacks": (rare_mode(8), gaussian(8)),
}


def _row(metrics: tuple[str, ...], what: str, n: int, m: int, *, metric: Any = None, **more: Any) -> Row:
    ours, theirs = (features(draw) for draw in _SIDES[what])
    said = f"{what}, d = 8" + (f", {metric.capacity} rows kept" if metric is not None else "")
    return Row(metrics=metrics, drawn=said, n=n, m=m, twins=images(ours, theirs, n, m, metric), **more)


def _subsets(metrics: tuple[str, ...], what: str, n: int = 500) -> Row:
    """Over 100 subsets of 100 rows, in place of as many of 1000."""
    words: Any = {"column": "embedded.features", "subsets": 100, "subset_size": 100}
    metric: Any = KernelDistance(**words) if metrics == SUBSETS else KernelInceptionDistance(**words)
    ours, theirs = (features(draw) for draw in _SIDES[what])
    said = f"{what}, d = 8, 100 subsets of 100"
    return Row(metrics=metrics, drawn=said, n=n, m=n, twins=images(ours, theirs, n, n, metric), replicates=100)


def _wide(metrics: tuple[str, ...], n: int, m: int, d: int) -> Row:
    sides = features(relu_features(d, 0.3, 1.2)), features(relu_features(d, 0.0, 1.0))
    twins = images(*sides, n, m)
    return Row(metrics=metrics, drawn=f"cut from below, d = {d}", n=n, m=m, twins=twins, replicates=100)


def _by_class(n: int, m: int, d: int, classes: int, **more: Any) -> Row:
    sides = (
        labelled(relu_features(d, 0.3, 1.2), classes, apart=1.0),
        labelled(relu_features(d, 0.0, 1.0), classes, apart=1.0),
    )
    said = f"{classes} classes, cut from below, d = {d}"
    return Row(metrics=INTRA, drawn=said, n=n, m=m, twins=images(*sides, n, m), **more)


def _distance(move: float, scale: float, deviation: float, d: int = 8) -> float:
    """Of independent numbers: sides of deviations `scale` x `deviation` and `deviation`, `move` apart in each."""
    return d * (move**2 + (deviation * (scale - 1)) ** 2)


ROWS = (
    _row(FD, "cut from below", 500, 500, suite=40),
    *(_row(FD, what, n, n) for what in _SIDES if what != "cut from below" for n in (500, 1000)),
    _row(FD, "Gaussian", 200, 200),
    _row(FD, "log-normal", 5000, 5000),
    _wide(FD, 1000, 5000, 64),
    _row(FD, "1% in a rare mode", 1000, 1000, metric=FrechetDistance(column="embedded.features", capacity=500)),
    _row(FD, "log-normal", 5000, 5000, metric=FrechetDistance(column="embedded.features", capacity=1000)),
    _row(INFINITY, "Gaussian", 500, 500, truth=closed(_distance(0.3, 1.2, 1.0)), suite=40),
    _row(INFINITY, "Gaussian, both sides alike", 500, 500, truth=closed(0.0)),
    _row(INFINITY, "t5", 1000, 1000, truth=closed(_distance(0.3, 1.2, float(np.sqrt(5 / 3))))),
    *(_row(KD, what, 500, 500, suite=20 if what == "Gaussian" else 0) for what in _SIDES),
    _row(KD, "cut from below", 200, 200),
    _row(KD, "log-normal", 1000, 1000, replicates=100),
    _row(KD, "1% in a rare mode", 1000, 1000, replicates=100),
    _row(SUBSETS, "cut from below", 100, 100, suite=15, replicates=100),
    *(_subsets(SUBSETS, what) for what in ("cut from below", "1% in a rare mode that the reference lacks")),
    _row(KID, "cut from below", 100, 100, suite=15, replicates=100),
    *(_subsets(KID, what) for what in ("cut from below", "1% in a rare mode that the reference lacks")),
    _subsets(KID, "Gaussian, both sides alike"),
    _row(CMMD, "Gaussian", 500, 500, suite=20, replicates=100),
    _row(CMMD, "log-normal", 500, 500, replicates=100),
    _row(CMMD, "1% in a rare mode", 500, 500, replicates=100),
    _by_class(600, 600, 4, 5, suite=30),
    _by_class(2000, 2000, 8, 10, replicates=100),
)
