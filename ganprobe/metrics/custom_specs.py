"""The metrics on the features of a network that is not one of ours: the formulas of the embedded ones.

>>> [spec.name for spec in custom_specs()][:4]
['fd', 'fd_infinity', 'kd', 'kd@subsets']

Their names are those on embedded features, never FID, KID or IS; what a result says of its features tells
them apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ganprobe.core.protocols import Metric
from ganprobe.metrics.frechet.metric import FrechetDistance
from ganprobe.metrics.kernel.metric import KernelDistance
from ganprobe.metrics.manifold.specs import share_specs
from ganprobe.metrics.registry import METRICS
from ganprobe.metrics.spec import MetricSpec

COLUMN, CUSTOM = "custom.features", "custom"


def custom_specs() -> list[MetricSpec]:
    """The specifications, each of a metric that reads COLUMN."""
    return [
        _retargeted("fd", FrechetDistance(column=COLUMN)),
        _retargeted("fd_infinity", FrechetDistance(column=COLUMN, name="fd_infinity", corrected=True)),
        _retargeted("kd", KernelDistance(column=COLUMN)),
        _retargeted("kd@subsets", KernelDistance(column=COLUMN, name="kd@subsets", subsets=100)),
        *share_specs(COLUMN, CUSTOM),
    ]


def _retargeted(name: str, metric: Metric[Any]) -> MetricSpec:
    """What is said of the metric `name` on embedded features, of `metric`."""
    spec = METRICS[name]
    return replace(
        spec,
        summary=spec.summary.replace("embedded features", "the given features"),
        features=CUSTOM,
        protocol={**spec.protocol, "column": COLUMN},
        build=lambda: metric,
    )
