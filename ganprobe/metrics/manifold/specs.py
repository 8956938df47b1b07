"""Precision, recall, density and coverage by name: whose protocol, on which features.

>>> [spec.name for spec in manifold_specs()][:4]
['precision', 'recall', 'density', 'coverage']
"""

from __future__ import annotations

from ganprobe.metrics.manifold.density_interval import SPLITS
from ganprobe.metrics.manifold.metric import ShareMetric
from ganprobe.metrics.manifold.shares import GROUPS, Share
from ganprobe.metrics.spec import MetricSpec
from ganprobe.metrics.states.features_summary import SummaryKeeper
from ganprobe.metrics.states.values import ColumnKeeper

VGG, INCEPTION, EMBEDDED = "vgg16.fc2", "inception.pool3", "embedded.features"
_UINT8 = "uint8, halves rounded up"
_MEANINGS: dict[Share, str] = {
    "precision": "share of generated images inside the reference's manifold",
    "recall": "share of reference images inside the generated manifold",
    "density": "mean number of reference neighbourhoods that hold a generated image, over k",
    "coverage": "share of reference images whose neighbourhood holds a generated image",
}
_INTERVALS: dict[Share, str] = {"density": f"{SPLITS} splits of the reference into halves"}
_PREPARED = {
    "vgg16": {
        "pixels": _UINT8,
        "resize": "TensorFlow 1 bilinear to 224, no half-pixel centres, no antialiasing",
        "range": "ImageNet's means and deviations",
    },
    "inception": {
        "pixels": _UINT8,
        "resize": "TensorFlow 1 bilinear to 299, no half-pixel centres, no antialiasing",
        "range": "(x - 128) / 128",
    },
    "embedded": {},
    "custom": {},
}


def manifold_specs() -> list[MetricSpec]:
    """The specifications: those on the published features, then those on the embedded ones."""
    vgg, pool = ColumnKeeper(column=VGG, ndim=2), SummaryKeeper(column=INCEPTION, capacity=None)
    return [
        _spec("precision", vgg, "vgg16"),
        _spec("recall", vgg, "vgg16"),
        _spec("density", pool, "inception"),
        _spec("coverage", pool, "inception"),
        *share_specs(EMBEDDED, "embedded"),
    ]


def share_specs(column: str, features: str) -> list[MetricSpec]:
    """All four on rows of `column`, under the names <share>@<features>."""
    kept = SummaryKeeper(column=column)
    return [_spec(share, kept, features, f"@{features}") for share in _MEANINGS]


def _spec(share: Share, kept: SummaryKeeper | ColumnKeeper, features: str, variant: str = "") -> MetricSpec:
    improved = share in ("precision", "recall")
    metric = ShareMetric(share=share, kept=kept, name=f"{share}{variant}", k=3 if improved else 5, closed=improved)
    capacity = kept.capacity if isinstance(kept, SummaryKeeper) else None
    return MetricSpec(
        name=metric.name,
        summary=f"{_MEANINGS[share]}; {features} features, k = {metric.k}",
        better="higher",
        features=features,
        protocol={
            "column": kept.column,
            **_PREPARED[features],
            "follows": "Kynkaanniemi et al. 2019" if improved else "Naeem et al. 2020 (prdc)",
            "k": metric.k,
            "balls": "closed" if metric.closed else "open",
            "rows": "all" if capacity is None else capacity,
            "interval": f"of the mean, and of the manifold from {_INTERVALS.get(share, f'{GROUPS} groups of rows')}",
        },
        needs_reference=True,
        minimum_samples=metric.least,
        build=lambda: metric,
    )
