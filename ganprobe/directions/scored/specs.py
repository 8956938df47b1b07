"""The metrics of latents and attribute scores by name, with the protocols that their names stand for.

>>> [spec.name for spec in SPECS][:3]
['ls_z', 'ls_w', 'ls_s']
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from ganprobe.core.columns import SCORES
from ganprobe.core.protocols import Accumulator
from ganprobe.directions.methods.protocol import PAPER_EXTREMES, TRAIN_SHARE
from ganprobe.directions.scored.protocol import (
    FEWEST_A_COLUMN,
    HALVES,
    LEAST_AXES,
    LEAST_BOUNDARIES,
    LEAST_CORRELATION,
    LEAST_SEPARABILITY,
    MIG_SAMPLES,
    PAPER_SAMPLES,
    SAP_SAMPLES,
    THRESHOLD,
    ReadSpace,
)
from ganprobe.metrics.disentanglement.protocol import DCI_GROUPS, MIG_BINS, MIG_HALVES, SAP_GROUPS, SAP_PENALTY
from ganprobe.metrics.spec import MetricSpec

if TYPE_CHECKING:
    from ganprobe.directions.scored.boundary_accuracy import BoundaryAccuracy
    from ganprobe.directions.scored.correlation import AttributeCorrelation
    from ganprobe.directions.scored.disentanglement import DciMetric, MigMetric, SapMetric
    from ganprobe.directions.scored.separability import LinearSeparability

SPACES: Final[tuple[ReadSpace, ...]] = ("z", "w", "s")
_CLASSES: Final = "above zero for logits, above the median for quantities"
_MACHINE: Final = "linear, squared hinge, C = 1"


def _separability(space: ReadSpace) -> LinearSeparability:
    from ganprobe.directions.scored.separability import LinearSeparability

    return LinearSeparability(space=space, samples=PAPER_SAMPLES)


def _boundaries() -> BoundaryAccuracy:
    from ganprobe.directions.scored.boundary_accuracy import BoundaryAccuracy

    return BoundaryAccuracy()


def _correlation() -> AttributeCorrelation:
    from ganprobe.directions.scored.correlation import AttributeCorrelation

    return AttributeCorrelation()


def _dci(space: ReadSpace) -> DciMetric:
    from ganprobe.directions.scored.disentanglement import DciMetric

    return DciMetric(space=space)


def _mig(space: ReadSpace) -> MigMetric:
    from ganprobe.directions.scored.disentanglement import MigMetric

    return MigMetric(space=space, samples=MIG_SAMPLES)


def _sap(space: ReadSpace) -> SapMetric:
    from ganprobe.directions.scored.disentanglement import SapMetric

    return SapMetric(space=space, samples=SAP_SAMPLES)


def _of_axes(
    build: Callable[[ReadSpace], Accumulator[Any]],
    name: str,
    summary: str,
    protocol: Mapping[str, Any],
    *,
    attributes: int = 0,
) -> tuple[MetricSpec, ...]:
    """In each space. attributes: how many must be scored."""
    return tuple(
        MetricSpec(
            name=f"{name}_{space}",
            summary=summary.format(space=space.upper()),
            better="higher",
            features=SCORES,
            protocol={"column": SCORES, "space": space, **protocol},
            needs_reference=False,
            minimum_samples=LEAST_AXES,
            build=partial(build, space),
            minimum_attributes=attributes,
            latents=(space,),
        )
        for space in SPACES
    )


SPECS = (
    *(
        MetricSpec(
            name=f"ls_{space}",
            summary=f"linear separability in {space.upper()}: 2 to the sum over attributes of H(Y|X) in bits; "
            "1 is perfect",
            better="lower",
            features=SCORES,
            protocol={
                "column": SCORES,
                "space": space,
                "most_samples": PAPER_SAMPLES,
                "kept": "the half farthest from the class boundary, by attribute",
                "classes": _CLASSES,
                "machine": _MACHINE,
                "predicted": "the samples that it was fitted to",
                "interval": f"{HALVES} random halves, fitted anew; none below {FEWEST_A_COLUMN} kept samples a column",
            },
            needs_reference=False,
            minimum_samples=LEAST_SEPARABILITY,
            build=partial(_separability, space),
            advised_samples=PAPER_SAMPLES,
            advice=f"with fewer than {PAPER_SAMPLES} the planes fit their own samples ever better: "
            "read the held-out score",
            latents=(space,),
        )
        for space in SPACES
    ),
    MetricSpec(
        name="boundary_accuracy",
        summary="accuracy of attribute boundaries on all samples that they were not fitted to, mean over attributes",
        better="higher",
        features=SCORES,
        protocol={
            "column": SCORES,
            "space": "w, else z",
            "extremes": f"{PAPER_EXTREMES} at each end, at most a tenth of all",
            "training": TRAIN_SHARE,
            "machine": _MACHINE,
            "predicted": "all that is at neither end",
            "threshold": f"{THRESHOLD}; of boundary_accuracy@median the median",
            "interval": "influence of samples, jackknife of planes and medians, extremes drawn anew",
        },
        needs_reference=False,
        minimum_samples=LEAST_BOUNDARIES,
        build=_boundaries,
        latents=(),
    ),
    MetricSpec(
        name="attribute_correlation",
        summary="mean absolute correlation of two attributes' scores over the images",
        better="lower",
        features=SCORES,
        protocol={
            "column": SCORES,
            "value": "mean over pairs of |Pearson|",
            "interval": "influence function; on Fisher's scale in the table",
        },
        needs_reference=False,
        minimum_samples=LEAST_CORRELATION,
        build=_correlation,
        minimum_attributes=2,
    ),
    *_of_axes(
        _dci,
        "dci",
        "DCI in {space}: disentanglement, with completeness and informativeness in its tables",
        {
            "importances": "absolute weights of a lasso between standardised numbers",
            "penalty": f"{DCI_GROUPS}-fold cross-validation, one standard error",
            "interval": f"jackknife over {DCI_GROUPS} groups, bootstrap of the penalties, Student's",
        },
        attributes=2,
    ),
    *_of_axes(
        _mig,
        "mig",
        "mutual information gap in {space}, mean over attributes",
        {
            "most_samples": MIG_SAMPLES,
            "bins": f"{MIG_BINS} of equal width; logits: their sign",
            "interval": f"{MIG_HALVES} random halves",
        },
    ),
    *_of_axes(
        _sap,
        "sap",
        "SAP score in {space}: how far the best single latent is ahead of the second, mean over attributes",
        {
            "most_samples": SAP_SAMPLES,
            "training": "the first two thirds",
            "predictors": f"a line's R^2 for quantities, a balanced linear machine (C = {SAP_PENALTY}) for logits",
            "interval": f"jackknife over {SAP_GROUPS} groups",
        },
    ),
)
