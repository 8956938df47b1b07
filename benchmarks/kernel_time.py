"""KID: 100 subsets of 1000 rows beside torch-fidelity's, and the statistic of all rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch

from benchmarks.apart import measured
from benchmarks.duel import MISSING, Options, Row, in_turns, median_of, peer, seconds
from benchmarks.inputs import WIDTH, relu_rows
from ganprobe.metrics import METRICS
from ganprobe.metrics.kernel.distance import projections
from ganprobe.metrics.published_draws import torch_fidelity_subsets

ROWS = 10_000
FULL = (5_000, 10_000)


def rows(options: Options) -> Iterator[Row]:
    yield _subsets(options)
    took = [measured("kid", "ours", n, options) for n in FULL]
    yield Row(
        what=f"`kid@full`, {FULL[1]:,} x {FULL[1]:,} x {WIDTH} in float64",
        peer="-",
        ours=f"{took[1].seconds:.3g} s, {took[1].megabytes:.0f} MB",
        agreement=f"{took[1].seconds / took[0].seconds:.1f} times as long as {FULL[0]:,}; 50,000 take 25 times as long",
    )


def _subsets(options: Options) -> Row:
    a, b = (torch.from_numpy(relu_rows(side, ROWS)) for side in (0, 1))
    metric = METRICS["kid"].build()
    (column,) = metric.needs
    states = [metric.update(metric.empty(), {"index": torch.arange(ROWS), column: side}) for side in (a, b)]

    def ours() -> float:
        return float(metric.compute(*states)["kid"].value)

    what = f"KID, 100 subsets of 1000 of {ROWS:,} rows (ours with its interval)"
    module = peer("torch_fidelity.metric_kid")
    if module is None:
        own, _ = median_of(ours, options)
        return Row(what=what, peer="torch-fidelity", ours=seconds(own), theirs=MISSING, wanted="1")
    got = in_turns(ours, lambda: _torch_fidelity(module, a, b), options)
    exact = _exact(a, b)
    off = [abs(value - exact) / exact for value in (got.value, got.peers_value)]
    return Row(
        what=what,
        peer="torch-fidelity",
        ours=seconds(got.ours),
        theirs=seconds(got.theirs),
        ratio=got.ratio,
        wanted="1",
        agreement=f"from float64: ours {off[0]:.0e}, the peer {off[1]:.0e}, relative",
    )


def _exact(a: torch.Tensor, b: torch.Tensor) -> float:
    draws = torch_fidelity_subsets(len(a), len(b), subsets=100, size=1000)
    return float(np.mean([projections(a[i], b[j]).value for i, j in draws]))


def _torch_fidelity(module: Any, a: torch.Tensor, b: torch.Tensor) -> float:
    found = module.kid_features_to_metric(
        a,
        b,
        kid_subsets=100,
        kid_subset_size=1000,
        verbose=False,
        rng_seed=2020,
        kid_kernel="poly",
        kid_kernel_poly_degree=3,
        kid_kernel_poly_gamma=None,
        kid_kernel_poly_coef0=1,
    )
    return float(found["kernel_inception_distance_mean"])
