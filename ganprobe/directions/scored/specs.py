"""The metrics of latents and attribute scores by name, with the protocols that their names stand for.

>>> [spec.name for spec in scored_specs()][:3]
['ls_z', 'ls_w', 'ls_s']
"""

from __future__ import annotations

from typing import Any, Final

from ganprobe.directions.methods.interfacegan import PAPER_EXTREMES, TRAIN_SHARE
from ganprobe.directions.scored.boundary_accuracy import LEAST as FEWEST_BOUNDED
from ganprobe.directions.scored.boundary_accuracy import THRESHOLD, BoundaryAccuracy
from ganprobe.directions.scored.correlation import LEAST as FEWEST_CORRELATED
from ganprobe.directions.scored.correlation import AttributeCorrelation
from ganprobe.directions.scored.disentanglement import LEAST as FEWEST_PREDICTED
from ganprobe.directions.scored.disentanglement import DciMetric, MigMetric, SapMetric
from ganprobe.directions.scored.rows import ReadSpace
from ganprobe.directions.scored.separability import LEAST as FEWEST_SEPARATED
from ganprobe.directions.scored.separability import PAPER_SAMPLES, LinearSeparability
from ganprobe.features.scores import COLUMN as SCORES
from ganprobe.metrics.disentanglement.dci import GROUPS as DCI_GROUPS
from ganprobe.metrics.disentanglement.mig import BINS, HALVES
from ganprobe.metrics.disentanglement.sap import GROUPS as SAP_GROUPS
from ganprobe.metrics.disentanglement.sap import PENALTY
from ganprobe.metrics.spec import MetricSpec

SPACES: Final[tuple[ReadSpace, ...]] = ("z", "w", "s")
CLASSES: Final = "above zero for logits, above the median for quantities"


def scored_specs() -> tuple[MetricSpec, ...]:
    """All of them, in the order in which `ganprobe list metrics` has them."""
    of_spaces = [build(space) for build in (_separability, _dci, _mig, _sap) for space in SPACES]
    return (*of_spaces[:3], _boundary(), _correlation(), *of_spaces[3:])


def _separability(space: ReadSpace) -> MetricSpec:
    metric = LinearSeparability(space=space)
    return MetricSpec(
        name=metric.name,
        summary=f"linear separability in {space.upper()}: 2 to the sum over attributes of H(Y|X) in bits; 1 is perfect",
        better="lower",
        features=SCORES,
        protocol={
            "column": SCORES,
            "space": space,
            "most_samples": metric.samples,
            "kept": "the half farthest from the class boundary, by attribute",
            "classes": CLASSES,
            "machine": "linear, squared hinge, C = 1",
            "predicted": "the samples that it was fitted to",
            "interval": "delta method; planes and kept samples as they are",
        },
        needs_reference=False,
        minimum_samples=FEWEST_SEPARATED,
        build=lambda: metric,
        advised_samples=metric.samples,
        advice=f"with fewer than {PAPER_SAMPLES} the planes fit their own samples ever better: read the held-out score",
        latents=(space,),
    )


def _boundary() -> MetricSpec:
    metric = BoundaryAccuracy()
    return MetricSpec(
        name="boundary_accuracy",
        summary="accuracy of attribute boundaries on all samples that they were not fitted to, mean over attributes",
        better="higher",
        features=SCORES,
        protocol={
            "column": SCORES,
            "space": "w, else z",
            "extremes": f"{PAPER_EXTREMES} at each end, at most a tenth of all",
            "training": TRAIN_SHARE,
            "machine": "linear, squared hinge, C = 1",
            "predicted": "all that is at neither end",
            "threshold": THRESHOLD,
            "interval": "mean of Wilson's: covers any dependence between attributes",
        },
        needs_reference=False,
        minimum_samples=FEWEST_BOUNDED,
        build=lambda: metric,
        latents=(),
    )


def _correlation() -> MetricSpec:
    metric = AttributeCorrelation()
    return MetricSpec(
        name="attribute_correlation",
        summary="mean absolute correlation of two attributes' scores over the images",
        better="lower",
        features=SCORES,
        protocol={
            "column": SCORES,
            "value": "mean over pairs of |Pearson|",
            "interval": "influence function; Fisher's in the table",
        },
        needs_reference=False,
        minimum_samples=FEWEST_CORRELATED,
        build=lambda: metric,
        minimum_attributes=2,
    )


def _dci(space: ReadSpace) -> MetricSpec:
    metric = DciMetric(space=space)
    return _axes(
        metric,
        metric.name,
        space,
        f"DCI in {space.upper()}: disentanglement, with completeness and informativeness in its tables",
        {
            "importances": "absolute weights of a lasso between standardised numbers",
            "penalty": f"{DCI_GROUPS}-fold cross-validation, one standard error",
            "interval": f"jackknife over {DCI_GROUPS} groups",
        },
    )


def _mig(space: ReadSpace) -> MetricSpec:
    metric = MigMetric(space=space)
    return _axes(
        metric,
        metric.name,
        space,
        f"mutual information gap in {space.upper()}, mean over attributes",
        {
            "most_samples": metric.samples,
            "bins": f"{BINS} of equal width; logits: their sign",
            "interval": f"{HALVES} random halves",
        },
    )


def _sap(space: ReadSpace) -> MetricSpec:
    metric = SapMetric(space=space)
    return _axes(
        metric,
        metric.name,
        space,
        f"SAP score in {space.upper()}: how far the best single latent is ahead of the second, mean over attributes",
        {
            "most_samples": metric.samples,
            "training": "the first two thirds",
            "predictors": f"a line's R^2 for quantities, a balanced linear machine (C = {PENALTY}) for logits",
            "interval": f"jackknife over {SAP_GROUPS} groups",
        },
    )


def _axes(
    metric: DciMetric | MigMetric | SapMetric, name: str, space: ReadSpace, summary: str, protocol: dict[str, Any]
) -> MetricSpec:
    return MetricSpec(
        name=name,
        summary=summary,
        better="higher",
        features=SCORES,
        protocol={"column": SCORES, "space": space, **protocol},
        needs_reference=False,
        minimum_samples=FEWEST_PREDICTED,
        build=lambda: metric,
        minimum_attributes=2 if isinstance(metric, DciMetric) else 0,
        latents=(space,),
    )
