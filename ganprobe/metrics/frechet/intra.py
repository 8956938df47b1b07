"""`intra_fid` and `intra_fd`: the Frechet distance within each class, averaged, and the classes that collapse.

>>> ours, theirs = np.random.default_rng(0).standard_normal((2, 100, 3))
>>> class_distance(ours, theirs).collapsed, class_distance(ours / 10, theirs).collapsed
(False, True)

Zhang et al. 2019, "Self-attention generative adversarial networks", section 4, after Miyato and Koyama 2018, "cGANs
with projection discriminator", section 5: both average the FID of each class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.classes.words import called, called_all
from ganprobe.core.errors import MetricError
from ganprobe.core.results import Estimate
from ganprobe.core.tables import DetailTable, detail_table
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.base import ByClass, KeeperMetric, given
from ganprobe.metrics.frechet.distance import frechet_influence, transport, variance_of_alike
from ganprobe.metrics.frechet.protocol import COLLAPSED, LEAST_BY_CLASS
from ganprobe.metrics.intervals import Square, skewed_estimate
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.metrics.states.rows_by_class import LabelledKeeper, labelled

Labels = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ClassDistance:
    """The Frechet distance within one class. ours (n,), theirs (m,): each row's term c, such that sum((c - mean(c))^2)
    is what its side adds to the variance. second: the variance of alike sides. spread: the mean squared distance
    between two generated rows over that between two of the reference; None where the reference's are all the same."""

    value: float
    ours: FloatArray
    theirs: FloatArray
    second: float
    spread: float | None

    @property
    def collapsed(self) -> bool:
        return self.spread is not None and self.spread < COLLAPSED

    def estimate(self) -> Estimate:
        return skewed_estimate(self.value, len(self.ours), self.ours, self.theirs, square=Square(second=self.second))


def class_distance(ours: FloatArray, theirs: FloatArray) -> ClassDistance:
    """Of generated rows (n, d) against the reference's (m, d), both of 2 or more. Where there are fewer rows than
    features it is computed in the space that the rows span, where it is the same."""
    a, b = _in_their_span(ours, theirs) if len(ours) + len(theirs) < ours.shape[1] else (ours, theirs)
    cov_a, cov_b = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (a, b))
    plan = transport(a.mean(0), cov_a, b.mean(0), cov_b)
    spread = float(np.trace(cov_a) / np.trace(cov_b)) if np.trace(cov_b) > 0 else None
    terms = _terms(a, plan.offset, plan.root_a), _terms(b, -plan.offset, plan.root_b)
    return ClassDistance(plan.value, *terms, variance_of_alike(cov_a, len(a), cov_b, len(b), plan.singular), spread)


def _in_their_span(ours: FloatArray, theirs: FloatArray) -> tuple[FloatArray, FloatArray]:
    both = np.concatenate([ours, theirs]) - theirs.mean(0)
    inside = both @ np.linalg.qr(both.T)[0]
    return inside[: len(ours)], inside[len(ours) :]


def _terms(rows: FloatArray, offset: FloatArray, root: FloatArray) -> FloatArray:
    influence = frechet_influence(rows, rows.mean(0), offset, root)
    return np.asarray((influence - influence.mean()) / np.sqrt(len(rows) * (len(rows) - 1)), dtype=np.float64)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class IntraFrechet(KeeperMetric[KeptRows], ByClass):
    """The mean over classes of the Frechet distance of `column` within each. Both sides need labels, of the same
    classes, and 2 images of each."""

    column: str
    name: str
    classes: tuple[str, ...] = ()

    @property
    def keeper(self) -> LabelledKeeper:
        return LabelledKeeper(column=self.column)

    def compute(self, state: KeptRows, reference: KeptRows | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate} with a table of the classes and a note that names those that collapse. MetricError without a
        reference, on fewer than 4 samples, on values that are not finite, and where the classes do not match."""
        reference = given(reference, self.name)
        rows, labels = labelled(state, LEAST_BY_CLASS, self.name, self.column, "generated")
        other_rows, other_labels = labelled(reference, LEAST_BY_CLASS, self.name, self.column, "reference")
        classes = _same_classes(labels, other_labels, self.name, self.classes)
        found = [class_distance(rows[labels == one], other_rows[other_labels == one]) for one in classes]
        value = float(np.mean([one.value for one in found]))
        ours = _in_order(labels, classes, [one.ours for one in found])
        theirs = _in_order(other_labels, classes, [one.theirs for one in found])
        second = sum(one.second for one in found) / len(found) ** 2
        estimate = skewed_estimate(value, len(rows), ours, theirs, square=Square(second=second))
        collapse = _collapse(classes, found, self.classes)
        notes = (*estimate.notes, *collapse, *_few(found, rows.shape[1], self.name))
        return {self.name: replace(estimate, tables=(_table(self, classes, found),), notes=notes)}


def _same_classes(labels: Labels, other_labels: Labels, name: str, names: Sequence[str]) -> Labels:
    """The classes of both sides, ascending."""
    classes, counts = np.unique(labels, return_counts=True)
    others, other_counts = np.unique(other_labels, return_counts=True)
    alone = set(classes.tolist()) - set(others.tolist()), set(others.tolist()) - set(classes.tolist())
    if any(alone):
        sides = zip(alone, ("generated images", "the reference"), strict=True)
        said = "; ".join(f"{called_all(sorted(each), names)} of {side} alone" for each, side in sides if each)
        raise MetricError(
            f"{name} needs the same classes on both sides; generated images have {len(classes)}, the reference "
            f"{len(others)} ({said}): give more samples, or a reference of the data that the generator was trained on"
        )
    for side, numbers in (("generated", counts), ("reference", other_counts)):
        if len(few := classes[numbers < 2]):
            raise MetricError(
                f"{name} needs 2 {side} images of each class; there is 1 of {called_all(few, names)}: give more"
            )
    return np.asarray(classes, dtype=np.int64)


def _in_order(labels: Labels, classes: Labels, terms: Sequence[FloatArray]) -> FloatArray:
    """The terms of all classes in the order of the rows, for the mean over classes."""
    found = np.empty(len(labels))
    for one, some in zip(classes, terms, strict=True):
        found[labels == one] = some / len(classes)
    return found


def _collapse(classes: Labels, found: Sequence[ClassDistance], names: Sequence[str]) -> tuple[str, ...]:
    collapsed = [called(int(one), names) for one, distance in zip(classes, found, strict=True) if distance.collapsed]
    said = f"{len(collapsed)} of {len(classes)} classes collapse (spread below {COLLAPSED:g} of the reference's)"
    return (f"{said}: {', '.join(collapsed)}",) if collapsed else ()


def _few(found: Sequence[ClassDistance], width: int, name: str) -> tuple[str, ...]:
    few = sum(min(len(one.ours), len(one.theirs)) <= width for one in found)
    said = f"{few} of {len(found)} classes have at most {width} images on a side: with as many features the covariance"
    return (f"{said} is singular, and {name} far too high",) if few else ()


def _table(metric: IntraFrechet, classes: Labels, found: Sequence[ClassDistance]) -> DetailTable:
    return detail_table(
        "classes",
        "By class",
        {
            called(int(label), metric.classes): (one.estimate(), len(one.ours), len(one.theirs), one.spread)
            for label, one in zip(classes, found, strict=True)
        },
        columns=(metric.name.removeprefix("intra_"), "n", "reference n", "spread"),
        note="spread: mean squared distance between two generated images of the class over that of two reference "
        f"images; below {COLLAPSED:g} the class has collapsed",
    )
