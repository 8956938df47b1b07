"""The metrics of pictures by name: how alike pairs of them are and how far apart, and SWD.

>>> [spec.name for spec in SPECS]
['ms_ssim', 'lpips_diversity', 'lpips_diversity@embedded', 'lpips_diversity@imagenet', 'swd']
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ganprobe.core.columns import PIXELS
from ganprobe.core.results import Better
from ganprobe.metrics.columns import UINT8
from ganprobe.metrics.pictures.protocol import (
    COARSEST,
    DIRECTIONS,
    LEAST_IMAGES,
    LEAST_PAIRS,
    PATCH,
    PATCHES,
    SCALE,
    SEED,
    SIGMA,
    WEIGHTS,
    WINDOW,
)
from ganprobe.metrics.spec import MetricSpec
from ganprobe.metrics.states.capacity import IMAGES

if TYPE_CHECKING:
    from ganprobe.metrics.pictures.pairs import PairMean
    from ganprobe.metrics.pictures.swd_metric import SlicedWasserstein

_PAIRS: Mapping[str, Any] = {
    "pairs": "samples // 2, disjoint, of one class where there are classes",
    "pixels": UINT8,
    "interval": "variance of the mean over disjoint pairs",
}


def _of_pairs(
    name: str,
    column: str,
    summary: str,
    *,
    title: str,
    better: Better,
    features: str,
    protocol: Mapping[str, Any],
    largest: float = math.inf,
) -> MetricSpec:
    """title: of the table of classes. largest: what no value exceeds."""

    def build() -> PairMean:
        from ganprobe.metrics.pictures.pairs import PairMean

        return PairMean(column=column, name=name, title=title, largest=largest)

    return MetricSpec(
        name=name,
        summary=summary,
        better=better,
        features=features,
        protocol={"column": column, **protocol, **_PAIRS},
        needs_reference=False,
        minimum_samples=LEAST_PAIRS,
        build=build,
    )


def _swd() -> SlicedWasserstein:
    from ganprobe.metrics.pictures.swd_metric import SlicedWasserstein

    return SlicedWasserstein()


SPECS = (
    _of_pairs(
        "ms_ssim",
        "pair.ms_ssim",
        "multi-scale structural similarity of pairs of one class: 1 where all images are alike",
        title="MS-SSIM",
        # Collapse raises it and noise lowers it: the number of the training data is the aim, not an end of the scale.
        better="neither",
        features=PIXELS,
        protocol={
            "weights": list(WEIGHTS),
            "window": f"Gaussian {WINDOW} x {WINDOW}, deviation {SIGMA}, shrinking on scales that are smaller",
            "channels": "R, G, B averaged",
            "follows": "Wang, Simoncelli and Bovik 2003; Odena, Olah and Shlens 2017",
        },
        largest=1.0,
    ),
    _of_pairs(
        "lpips_diversity",
        "pair.lpips",
        "mean LPIPS (VGG16) between pairs of samples",
        title="LPIPS",
        better="higher",
        features="lpips",
        protocol={"distance": "LPIPS 0.1 of VGG16, lin", "resize": "none"},
    ),
    _of_pairs(
        "lpips_diversity@embedded",
        "pair.embedded",
        "mean perceptual distance between pairs of samples, by the embedded network; not LPIPS",
        title="embedded distance",
        better="higher",
        features="embedded",
        protocol={"distance": "equation 1 of LPIPS, all weights 1, in the embedded network"},
    ),
    _of_pairs(
        "lpips_diversity@imagenet",
        "pair.imagenet",
        "mean perceptual distance between pairs of samples, by the ImageNet network; not LPIPS",
        title="ImageNet distance",
        better="higher",
        features="imagenet",
        protocol={
            "distance": "equation 1 of LPIPS, all weights 1, in EfficientNet-Lite0",
            "resize": "Pillow's antialiased bicubic to 224, not clipped",
        },
    ),
    MetricSpec(
        name="swd",
        summary="sliced Wasserstein distance of patches over a Laplacian pyramid, x 1000, as in Progressive GAN",
        better="lower",
        features=PIXELS,
        protocol={
            "column": PIXELS,
            "pixels": UINT8,
            "levels": f"halved down to {COARSEST} pixels, mean over levels",
            "patches": f"{PATCHES} of {PATCH} x {PATCH} a level and image",
            "normalised": "mean and deviation of each channel, over each side's patches of a level",
            "directions": DIRECTIONS,
            "images": IMAGES,
            "scale": SCALE,
            "seed": SEED,
            "interval": "influence of each image, of the mean at this n",
        },
        needs_reference=True,
        minimum_samples=LEAST_IMAGES,
        build=_swd,
    ),
)
