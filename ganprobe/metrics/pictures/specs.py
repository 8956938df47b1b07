"""The metrics of pairs of different samples by name: how alike they are, and how far apart.

>>> [spec.name for spec in pair_specs()]
['ms_ssim', 'lpips_diversity', 'lpips_diversity@embedded']
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ganprobe.core.results import Better
from ganprobe.metrics.pictures.ms_ssim import SIGMA, WEIGHTS, WINDOW
from ganprobe.metrics.pictures.pairs import LEAST, PairMean
from ganprobe.metrics.spec import MetricSpec

_PAIRS: Mapping[str, Any] = {
    "pairs": "samples // 2, disjoint, of one class where there are classes",
    "pixels": "uint8, halves rounded up",
    "interval": "variance of the mean over disjoint pairs",
}


def pair_specs() -> list[MetricSpec]:
    """The specifications."""
    return [_ms_ssim(), _diversity(), _embedded_diversity()]


def _ms_ssim() -> MetricSpec:
    return _spec(
        PairMean(column="pair.ms_ssim", name="ms_ssim", title="MS-SSIM", largest=1.0),
        "multi-scale structural similarity of pairs of one class: 1 where all images are alike",
        # Collapse raises it and noise lowers it: the number of the training data is the aim, not an end of the scale.
        better="neither",
        features="pixels",
        protocol={
            "weights": list(WEIGHTS),
            "window": f"Gaussian {WINDOW} x {WINDOW}, deviation {SIGMA}, shrinking on scales that are smaller",
            "channels": "R, G, B averaged",
            "follows": "Wang, Simoncelli and Bovik 2003; Odena, Olah and Shlens 2017",
        },
    )


def _diversity() -> MetricSpec:
    return _spec(
        PairMean(column="pair.lpips", name="lpips_diversity", title="LPIPS"),
        "mean LPIPS (VGG16) between pairs of samples",
        better="higher",
        features="lpips",
        protocol={"distance": "LPIPS 0.1 of VGG16, lin", "resize": "none"},
    )


def _embedded_diversity() -> MetricSpec:
    return _spec(
        PairMean(column="pair.embedded", name="lpips_diversity@embedded", title="embedded distance"),
        "mean perceptual distance between pairs of samples, by the embedded network; not LPIPS",
        better="higher",
        features="embedded",
        protocol={"distance": "equation 1 of LPIPS, all weights 1, in the embedded network"},
    )


def _spec(metric: PairMean, summary: str, *, better: Better, features: str, protocol: Mapping[str, Any]) -> MetricSpec:
    return MetricSpec(
        name=metric.name,
        summary=summary,
        better=better,
        features=features,
        protocol={"column": metric.column, **protocol, **_PAIRS},
        needs_reference=False,
        minimum_samples=LEAST,
        build=lambda: metric,
    )
