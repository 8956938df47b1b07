"""FID, KID and IS by name: the metrics on Inception's columns, each under the published protocol that its name says.

>>> [spec.name for spec in inception_specs()][:5]
['fid', 'fid@pytorch-fid', 'fid@clean', 'fid@stylegan3', 'fid_infinity']
"""

from __future__ import annotations

from typing import Any

from ganprobe.metrics.frechet.metric import FrechetDistance
from ganprobe.metrics.kernel.inception import KernelInceptionDistance
from ganprobe.metrics.kernel.metric import KernelDistance
from ganprobe.metrics.published_draws import TORCH_FIDELITY_SEED
from ganprobe.metrics.scores.inception import InceptionScore
from ganprobe.metrics.spec import MetricSpec

FEATURES = "inception"
_UINT8 = "uint8, halves rounded up"
_TF1 = "TensorFlow 1 bilinear to 299, no half-pixel centres, no antialiasing"
_RANGE = "(x - 128) / 128"
_PREPARED = {"pixels": _UINT8, "resize": _TF1, "range": _RANGE}


def inception_specs() -> list[MetricSpec]:
    """The specifications, each protocol's default first."""
    return [*_frechet_specs(), _infinity(), *_kernel_specs(), *_score_specs()]


def _frechet_specs() -> list[MetricSpec]:
    return [
        _frechet("", "", "as torch-fidelity computes it", _TF1, _RANGE),
        _frechet(
            "@pytorch-fid",
            "@pytorch-fid",
            "as pytorch-fid computes it",
            "bilinear to 299, half-pixel centres, no antialiasing",
            "2 x / 255 - 1",
        ),
        _frechet(
            "@clean",
            "@clean",
            "as clean-fid computes it",
            "Pillow's antialiased bicubic to 299, in float, clipped to 0..255",
            _RANGE,
        ),
        _frechet("@stylegan3", "", "as StyleGAN3 computes it: covariances over n", _TF1, _RANGE, ddof=0),
    ]


def _frechet(variant: str, column: str, who: str, resize: str, scaled: str, *, ddof: int = 1) -> MetricSpec:
    metric = FrechetDistance(column=f"{FEATURES}{column}.pool3", name=f"fid{variant}", ddof=ddof)
    return MetricSpec(
        name=metric.name,
        summary=f"Frechet Inception distance, {who}",
        better="lower",
        features=FEATURES,
        protocol={
            "column": metric.column,
            "pixels": _UINT8,
            "resize": resize,
            "range": scaled,
            "value": "squared Frechet distance of Gaussians",
            "ddof": ddof,
            "interval": "influence function, of the mean at this n",
            "interval_rows": metric.capacity,
        },
        needs_reference=True,
        minimum_samples=2,
        build=lambda: metric,
    )


def _infinity() -> MetricSpec:
    metric = FrechetDistance(column=f"{FEATURES}.pool3", name="fid_infinity", corrected=True)
    return MetricSpec(
        name=metric.name,
        summary="Frechet Inception distance less its predicted bias: at endless samples on both sides",
        better="lower",
        features=FEATURES,
        protocol={
            "column": metric.column,
            **_PREPARED,
            "value": "squared Frechet distance of Gaussians, less its bias to second order",
            "ddof": metric.ddof,
            "interval": "influence function",
            "interval_rows": metric.capacity,
        },
        needs_reference=True,
        minimum_samples=2,
        build=lambda: metric,
    )


def _kernel_specs() -> list[MetricSpec]:
    kid, full = (
        KernelInceptionDistance(column=f"{FEATURES}.pool3"),
        KernelDistance(column=f"{FEATURES}.pool3", name="kid@full", capacity=None),
    )
    drawn = {
        "estimator": "mean over subsets of unbiased MMD^2",
        "subsets": kid.subsets,
        "subset_size": kid.subset_size,
        "subset_draws": "torch-fidelity's: numpy RandomState, generated then reference, rows by ascending index",
        "subset_seed": TORCH_FIDELITY_SEED,
    }
    return [
        _kernel(kid, "kernel Inception distance: 100 subsets of 1000 rows, as torch-fidelity draws them", drawn),
        _kernel(
            full,
            "kernel Inception distance of all rows, without the noise of subsets",
            {"estimator": "unbiased MMD^2 of all rows"},
        ),
    ]


def _kernel(metric: KernelInceptionDistance | KernelDistance, summary: str, estimator: dict[str, Any]) -> MetricSpec:
    by_subsets = isinstance(metric, KernelInceptionDistance)
    return MetricSpec(
        name=metric.name,
        summary=summary,
        better="lower",
        features=FEATURES,
        protocol={
            "column": metric.column,
            **_PREPARED,
            "kernel": "(x.y / 2048 + 1)^3",
            **estimator,
            "interval": "Hajek projections",
        },
        needs_reference=True,
        minimum_samples=2,
        build=lambda: metric,
        advised_samples=metric.subset_size if by_subsets else 0,
        advice=f"subsets have fewer than the protocol's {metric.subset_size} rows" if by_subsets else "",
    )


def _score_specs() -> list[MetricSpec]:
    unbiased, biased = f"{FEATURES}.logits_unbiased", f"{FEATURES}.logits"
    return [
        _score(InceptionScore(column=unbiased), "Inception Score, as torch-fidelity computes it: no bias, shuffled"),
        _score(
            InceptionScore(column=biased, name="is@bias"), "Inception Score of the classifier with its bias, shuffled"
        ),
        _score(
            InceptionScore(column=unbiased, name="is@unshuffled", shuffled=False),
            "Inception Score as its authors and StyleGAN3 compute it: no bias, samples in their order",
        ),
    ]


def _score(metric: InceptionScore, summary: str) -> MetricSpec:
    shuffle = {"order": "torch-fidelity's shuffle of ascending indices", "order_seed": TORCH_FIDELITY_SEED}
    return MetricSpec(
        name=metric.name,
        summary=summary,
        better="higher",
        features=FEATURES,
        protocol={
            "column": metric.column,
            **_PREPARED,
            "value": "mean over splits of exp(mean KL(p(y|x) || p(y)))",
            "splits": metric.splits,
            **(shuffle if metric.shuffled else {"order": "ascending indices"}),
            "interval": "delta method, of the mean at this n",
        },
        needs_reference=False,
        minimum_samples=2 * metric.splits,
        build=lambda: metric,
    )
