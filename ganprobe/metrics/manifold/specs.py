"""Precision, recall, density, coverage and authenticity by name: whose protocol, on which features.

>>> [spec.name for spec in SPECS][:4]
['precision', 'recall', 'density', 'coverage']
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ganprobe.metrics.columns import CUSTOM, EMBEDDED, FC2, IMAGENET, POOL3, Seen
from ganprobe.metrics.manifold.protocol import AUTHENTICITY_GROUPS, GROUPS, LEAST_AUTHENTICITY, SPLITS, Share
from ganprobe.metrics.spec import MetricSpec
from ganprobe.metrics.states.capacity import ROWS

if TYPE_CHECKING:
    from ganprobe.metrics.manifold.authenticity_metric import Authenticity
    from ganprobe.metrics.manifold.metric import ShareMetric

_MEANINGS: Mapping[Share, str] = {
    "precision": "share of generated images inside the reference's manifold",
    "recall": "share of reference images inside the generated manifold",
    "density": "mean number of reference neighbourhoods that hold a generated image, over k",
    "coverage": "share of reference images whose neighbourhood holds a generated image",
}
_INTERVALS: Mapping[Share, str] = {"density": f"{SPLITS} splits of the reference into halves"}


def _share(share: Share, seen: Seen, *, variant: str = "", capacity: int | None = None) -> MetricSpec:
    """capacity: how many rows are kept, None for all."""
    improved, name = share in ("precision", "recall"), share + variant
    k = 3 if improved else 5

    def build() -> ShareMetric:
        from ganprobe.metrics.manifold.metric import ShareMetric
        from ganprobe.metrics.states.features_summary import SummaryKeeper
        from ganprobe.metrics.states.values import ColumnKeeper

        summed = SummaryKeeper(column=seen.column, capacity=capacity)
        # Nothing else reads what VGG16 puts out: its 4096 x 4096 moments would be of no use.
        kept = ColumnKeeper(column=seen.column, ndim=2) if seen is FC2 else summed
        return ShareMetric(share=share, kept=kept, name=name, k=k, closed=improved)

    return MetricSpec(
        name=name,
        summary=f"{_MEANINGS[share]}; {seen.features} features, k = {k}",
        better="higher",
        features=seen.features,
        protocol={
            "column": seen.column,
            **seen.prepared,
            "follows": "Kynkaanniemi et al. 2019" if improved else "Naeem et al. 2020 (prdc)",
            "k": k,
            "balls": "closed" if improved else "open",
            "rows": "all" if capacity is None else capacity,
            "interval": f"of the mean, and of the manifold from {_INTERVALS.get(share, f'{GROUPS} groups of rows')}",
        },
        needs_reference=True,
        minimum_samples=k + 1,
        build=build,
    )


def _authenticity(name: str, seen: Seen) -> MetricSpec:
    def build() -> Authenticity:
        from ganprobe.metrics.manifold.authenticity_metric import Authenticity

        return Authenticity(column=seen.column, name=name)

    return MetricSpec(
        name=name,
        summary="share of generated images that are no copies of reference (training) images; "
        f"{seen.features} features",
        better="higher",
        features=seen.features,
        protocol={
            "column": seen.column,
            "follows": "Alaa et al. 2022",
            "rows": "all",
            "interval": f"of the mean, and of the reference from {AUTHENTICITY_GROUPS} groups of rows",
        },
        needs_reference=True,
        minimum_samples=LEAST_AUTHENTICITY,
        build=build,
    )


def _on(seen: Seen) -> tuple[MetricSpec, ...]:
    """What any features have: all four shares, under the names <share>@<features>."""
    return tuple(_share(share, seen, variant=f"@{seen.features}", capacity=ROWS) for share in _MEANINGS)


SPECS = (
    _share("precision", FC2),
    _share("recall", FC2),
    _share("density", POOL3),
    _share("coverage", POOL3),
    *_on(EMBEDDED),
    _authenticity("authenticity", POOL3),
    _authenticity("authenticity@embedded", EMBEDDED),
)
ON_OTHER_FEATURES = (*_on(IMAGENET), _authenticity("authenticity@imagenet", IMAGENET), *_on(CUSTOM))
