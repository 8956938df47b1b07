"""The metrics by name: what each says, what it needs, and the protocol that its name stands for.

>>> [spec.name for spec in resolve(["fd", "ppl_w_end", "fd"])]
['fd', 'ppl_w_end']
"""

from __future__ import annotations

from collections.abc import Sequence

from ganprobe.core.errors import InputError
from ganprobe.core.registry import Registry
from ganprobe.metrics.frechet.intra import intra_specs
from ganprobe.metrics.frechet.metric import FrechetDistance
from ganprobe.metrics.inception_metrics import inception_specs
from ganprobe.metrics.kernel.metric import KernelDistance
from ganprobe.metrics.manifold.authenticity_metric import authenticity_specs
from ganprobe.metrics.manifold.specs import manifold_specs
from ganprobe.metrics.paths.specs import path_specs
from ganprobe.metrics.pictures.specs import pair_specs
from ganprobe.metrics.pictures.swd_metric import swd_spec
from ganprobe.metrics.scores.classifier import ClassifierScore
from ganprobe.metrics.spec import MetricSpec

FEATURES, PROBABILITIES = "embedded.features", "embedded.probabilities"


__all__ = ["METRICS", "MetricSpec", "resolve"]

METRICS: Registry[MetricSpec] = Registry("metric")


def resolve(names: Sequence[str], known: Registry[MetricSpec] = METRICS) -> list[MetricSpec]:
    """The specifications of `names` in their order, each once. InputError on no names, and on an unknown name with the
    nearest known one."""
    if not names:
        raise InputError(f"at least one metric was expected; choose from: {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)]


def _add(spec: MetricSpec) -> None:
    METRICS.add(spec.name, spec)


def _frechet() -> MetricSpec:
    metric = FrechetDistance(column=FEATURES)
    return MetricSpec(
        name=metric.name,
        summary="Frechet distance of embedded features from the reference's; FID's formula",
        better="lower",
        features="embedded",
        protocol={
            "column": FEATURES,
            "value": "squared Frechet distance of Gaussians",
            "ddof": metric.ddof,
            "interval": "influence function, of the mean at this n",
            "interval_rows": metric.capacity,
        },
        needs_reference=True,
        minimum_samples=2,
        build=lambda: metric,
    )


def _frechet_infinity() -> MetricSpec:
    metric = FrechetDistance(column=FEATURES, name="fd_infinity", corrected=True)
    return MetricSpec(
        name=metric.name,
        summary="Frechet distance of embedded features less its predicted bias: at endless samples on both sides",
        better="lower",
        features="embedded",
        protocol={
            "column": FEATURES,
            "value": "squared Frechet distance of Gaussians, less its bias to second order",
            "ddof": metric.ddof,
            "interval": "influence function",
            "interval_rows": metric.capacity,
        },
        needs_reference=True,
        minimum_samples=2,
        build=lambda: metric,
    )


def _kernel(metric: KernelDistance, summary: str, estimator: str) -> MetricSpec:
    drawn = {"subsets": metric.subsets, "subset_size": metric.subset_size, "subset_seed": metric.seed}
    return MetricSpec(
        name=metric.name,
        summary=summary,
        better="lower",
        features="embedded",
        protocol={
            "column": FEATURES,
            "kernel": "(x.y / d + 1)^3",
            "estimator": estimator,
            "rows": metric.capacity,
            **(drawn if metric.subsets else {}),
            "interval": "Hajek projections",
        },
        needs_reference=True,
        minimum_samples=2,
        build=lambda: metric,
    )


def _classifier() -> MetricSpec:
    metric = ClassifierScore(column=PROBABILITIES)
    return MetricSpec(
        name=metric.name,
        summary="classifier score: the Inception Score's formula on the embedded classifier's probabilities",
        better="higher",
        features="embedded",
        protocol={
            "column": PROBABILITIES,
            "value": "mean over splits of exp(mean KL(p(y|x) || p(y)))",
            "splits": metric.splits,
            "order": "indices ascending, then shuffled",
            "order_seed": metric.seed,
            "interval": "delta method, of the mean at this n",
        },
        needs_reference=False,
        minimum_samples=2 * metric.splits,
        build=lambda: metric,
    )


_add(_frechet())
_add(_frechet_infinity())
_add(
    _kernel(
        KernelDistance(column=FEATURES),
        "kernel distance of embedded features from the reference's; KID's kernel, all kept rows",
        "unbiased MMD^2 of all kept rows",
    )
)
_add(
    _kernel(
        KernelDistance(column=FEATURES, name="kd@subsets", subsets=100),
        "kernel distance as KID takes it: the mean over 100 subsets of 1000 rows",
        "mean over subsets of unbiased MMD^2",
    )
)
_add(_classifier())
_OF_THE_WHOLE_SET = (swd_spec(), *authenticity_specs(), *intra_specs())
for _spec in (*path_specs(), *inception_specs(), *manifold_specs(), *pair_specs(), *_OF_THE_WHOLE_SET):
    _add(_spec)
