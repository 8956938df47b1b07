"""The Frechet distances by name: FID under each published protocol, FD, both at endless samples and within classes.

>>> [spec.name for spec in SPECS][:4]
['fd', 'fd_infinity', 'fid', 'fid@pytorch-fid']
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ganprobe.core.columns import LABEL
from ganprobe.metrics.columns import CUSTOM, DINOV2, EMBEDDED, IMAGENET, POOL3, POOL3_CLEAN, POOL3_PYTORCH_FID, Seen
from ganprobe.metrics.frechet.protocol import COLLAPSED, LEAST, LEAST_BY_CLASS
from ganprobe.metrics.spec import MetricSpec
from ganprobe.metrics.states.capacity import ROWS

if TYPE_CHECKING:
    from ganprobe.metrics.frechet.intra import IntraFrechet
    from ganprobe.metrics.frechet.metric import FrechetDistance

_GAUSSIANS = "squared Frechet distance of Gaussians"


def _distance(name: str, seen: Seen, summary: str, *, ddof: int = 1, corrected: bool = False) -> MetricSpec:
    """corrected: less the predicted bias."""

    def build() -> FrechetDistance:
        from ganprobe.metrics.frechet.metric import FrechetDistance

        return FrechetDistance(column=seen.column, name=name, ddof=ddof, capacity=ROWS, corrected=corrected)

    return MetricSpec(
        name=name,
        summary=summary,
        better="lower",
        features=seen.features,
        protocol={
            "column": seen.column,
            **seen.prepared,
            "value": _GAUSSIANS + (", less its bias to second order" if corrected else ""),
            "ddof": ddof,
            "interval": "influence function, of the root" + ("" if corrected else ", of the mean at this n"),
            "interval_rows": ROWS,
        },
        needs_reference=True,
        minimum_samples=LEAST,
        build=build,
    )


def _within_classes(name: str, seen: Seen, what: str) -> MetricSpec:
    def build() -> IntraFrechet:
        from ganprobe.metrics.frechet.intra import IntraFrechet

        return IntraFrechet(column=seen.column, name=name)

    return MetricSpec(
        name=name,
        summary=f"{what} within each class, averaged over classes; names the classes that collapse",
        better="lower",
        features=seen.features,
        protocol={
            "column": seen.column,
            "value": f"mean over classes of the {_GAUSSIANS}",
            "ddof": 1,
            "labels": LABEL,
            "rows": "all",
            "collapsed": f"spread below {COLLAPSED:g} of the reference's",
            "interval": "influence function within each class, of the mean at these numbers",
        },
        needs_reference=True,
        minimum_samples=LEAST_BY_CLASS,
        build=build,
    )


def _on(seen: Seen) -> tuple[MetricSpec, ...]:
    """What any features have."""
    return (
        _distance("fd", seen, f"Frechet distance of {seen.called} from the reference's; FID's formula"),
        _distance(
            "fd_infinity",
            seen,
            f"Frechet distance of {seen.called} less its predicted bias: at endless samples on both sides",
            corrected=True,
        ),
    )


SPECS = (
    *_on(EMBEDDED),
    _distance("fid", POOL3, "Frechet Inception distance, as torch-fidelity computes it"),
    _distance("fid@pytorch-fid", POOL3_PYTORCH_FID, "Frechet Inception distance, as pytorch-fid computes it"),
    _distance("fid@clean", POOL3_CLEAN, "Frechet Inception distance, as clean-fid computes it"),
    _distance(
        "fid@stylegan3", POOL3, "Frechet Inception distance, as StyleGAN3 computes it: covariances over n", ddof=0
    ),
    _distance(
        "fid_infinity",
        POOL3,
        "Frechet Inception distance less its predicted bias: at endless samples on both sides",
        corrected=True,
    ),
    _distance("fd_dinov2", DINOV2, "Frechet distance of DINOv2's class tokens, as dgm-eval computes it"),
    _within_classes("intra_fid", POOL3, "FID"),
    _within_classes("intra_fd", EMBEDDED, "Frechet distance"),
)
ON_OTHER_FEATURES = (*_on(IMAGENET), _within_classes("intra_fd", IMAGENET, "Frechet distance"), *_on(CUSTOM))
