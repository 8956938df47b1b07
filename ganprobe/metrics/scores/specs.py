"""The Inception Score by name, in the field's orders of the samples, and the classifier score.

>>> [spec.name for spec in SPECS]
['cs', 'is', 'is@bias', 'is@unshuffled']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from ganprobe.core.protocols import Accumulator
from ganprobe.metrics.columns import EMBEDDED_PROBABILITIES, IMAGENET_PROBABILITIES, LOGITS, LOGITS_UNBIASED, Seen
from ganprobe.metrics.published_draws import TORCH_FIDELITY_SEED
from ganprobe.metrics.spec import MetricSpec

if TYPE_CHECKING:
    from ganprobe.metrics.scores.classifier import ClassifierScore
    from ganprobe.metrics.scores.inception import InceptionScore

_SPLITS, _SEED = 10, 0


def _classifier(name: str, seen: Seen, summary: str, *, named: bool = False) -> MetricSpec:
    """named: whether the likeliest classes are told by their names."""

    def build() -> ClassifierScore:
        from ganprobe.metrics.scores.classes import imagenet_classes
        from ganprobe.metrics.scores.classifier import ClassifierScore

        classes = imagenet_classes() if named else ()
        return ClassifierScore(column=seen.column, name=name, splits=_SPLITS, seed=_SEED, classes=classes)

    return _spec(name, seen, summary, {"order": "indices ascending, then shuffled", "order_seed": _SEED}, build)


def _inception(name: str, seen: Seen, summary: str, *, shuffled: bool = True) -> MetricSpec:
    def build() -> InceptionScore:
        from ganprobe.metrics.scores.inception import InceptionScore

        return InceptionScore(column=seen.column, name=name, splits=_SPLITS, shuffled=shuffled)

    shuffle = {"order": "torch-fidelity's shuffle of ascending indices", "order_seed": TORCH_FIDELITY_SEED}
    return _spec(name, seen, summary, shuffle if shuffled else {"order": "ascending indices"}, build)


def _spec(
    name: str, seen: Seen, summary: str, order: Mapping[str, Any], build: Callable[[], Accumulator[Any]]
) -> MetricSpec:
    return MetricSpec(
        name=name,
        summary=summary,
        better="higher",
        features=seen.features,
        protocol={
            "column": seen.column,
            **seen.prepared,
            "value": "mean over splits of exp(mean KL(p(y|x) || p(y)))",
            "splits": _SPLITS,
            **order,
            "interval": "jackknife within each split, of the mean at this n",
        },
        needs_reference=False,
        minimum_samples=2 * _SPLITS,
        build=build,
    )


SPECS = (
    _classifier(
        "cs",
        EMBEDDED_PROBABILITIES,
        "classifier score: the Inception Score's formula on the embedded classifier's probabilities",
    ),
    _inception("is", LOGITS_UNBIASED, "Inception Score, as torch-fidelity computes it: no bias, shuffled"),
    _inception("is@bias", LOGITS, "Inception Score of the classifier with its bias, shuffled"),
    _inception(
        "is@unshuffled",
        LOGITS_UNBIASED,
        "Inception Score as its authors and StyleGAN3 compute it: no bias, samples in their order",
        shuffled=False,
    ),
)
ON_OTHER_FEATURES = (
    _classifier(
        "cs",
        IMAGENET_PROBABILITIES,
        "classifier score: the Inception Score's formula on the probabilities of ImageNet's classes, not Inception's",
        named=True,
    ),
)
