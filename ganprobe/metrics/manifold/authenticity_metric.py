"""`authenticity`: the share of generated images that are no copies of training images, with the nearest pairs.

>>> Authenticity(column="inception.pool3").needs
frozenset({'inception.pool3'})
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import numpy as np

from ganprobe.core.results import Estimate, normal_estimate
from ganprobe.core.tables import DetailTable, detail_table
from ganprobe.metrics.arrays import FloatArray, to_array
from ganprobe.metrics.base import KeeperMetric, given
from ganprobe.metrics.manifold.authenticity import (
    AuthenticityReading,
    group_terms,
    read_authenticity,
    share_variance,
)
from ganprobe.metrics.manifold.protocol import LEAST_AUTHENTICITY
from ganprobe.metrics.states.features_summary import FeatureSummary, SummaryKeeper, usable

SHOWN = 12
"""How many of the most suspicious pairs are named."""

_QUANTILES = {"least": 0.0, "1%": 0.01, "5%": 0.05, "25%": 0.25, "median": 0.5, "75%": 0.75, "95%": 0.95}
_LOW = ("1%", "5%")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Authenticity(KeeperMetric[FeatureSummary]):
    """Of the rows of `column` against the reference's, which must be the training images for it to tell of copies; all
    rows are kept. No interval where the reference has fewer than 32 rows."""

    column: str
    name: str = "authenticity"

    @property
    def keeper(self) -> SummaryKeeper:
        return SummaryKeeper(column=self.column, capacity=None)

    def compute(self, state: FeatureSummary, reference: FeatureSummary | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate} with tables of the distances and of the nearest pairs. MetricError without a reference, on
        fewer than 2 rows on a side, on values that are not finite."""
        reference = given(reference, self.name)
        usable(state, LEAST_AUTHENTICITY, self.name, self.column, "generated")
        usable(reference, LEAST_AUTHENTICITY, self.name, self.column, "reference")
        (index, fake), (names, real) = state.rows.whole(), reference.rows.whole()
        read = read_authenticity(real, fake)
        tables = (_distances(read), _pairs(read, to_array(index), to_array(names)))
        return {self.name: replace(_estimate(read), tables=tables, notes=_notes(read))}


def _estimate(read: AuthenticityReading) -> Estimate:
    n = len(read.authentic)
    if not len(read.groups):
        return Estimate(read.value, None, n)
    wide = normal_estimate(read.value, n, share_variance(read.authentic), group_terms(read.groups))
    low, high = wide.ci95 or (read.value, read.value)
    return replace(wide, ci95=(max(low, 0.0), min(high, 1.0)))


def _notes(read: AuthenticityReading) -> tuple[str, ...]:
    """What the value is to be compared with, and how many images are copies to the last bit."""
    expected = f"new images of the reference's kind would have {read.expected:.3f}"
    copies = int((read.fake.distance == 0).sum())
    return (expected, *((f"{copies} generated images have a reference image's very features",) if copies else ()))


def _distances(read: AuthenticityReading) -> DetailTable:
    """Quantiles of both sides' distances to the nearest reference row, and the share of generated images that are
    nearer than the reference's own low quantiles."""
    fake, real = to_array(read.fake.distance), to_array(read.real.distance)
    nearer = {low: float((fake < np.quantile(real, _QUANTILES[low])).mean()) for low in _LOW}
    own = {low: float((real < np.quantile(real, _QUANTILES[low])).mean()) for low in _LOW}
    return detail_table(
        "distances",
        "Distance to the nearest reference image",
        {
            "generated images": (*_quantiles(fake), *nearer.values()),
            "reference images (to another one)": (*_quantiles(real), *own.values()),
        },
        columns=(*_QUANTILES, *(f"share below the reference's {low}" for low in _LOW)),
    )


def _pairs(read: AuthenticityReading, index: FloatArray, names: FloatArray) -> DetailTable:
    """The generated images that are nearest to a reference image for how near that one's own neighbour is."""
    near, fake = to_array(read.fake.index), to_array(read.fake.distance)
    own = to_array(read.real.distance)[near]
    ratio = np.divide(fake, own, out=np.where(fake > 0, np.inf, 0.0), where=own > 0)
    order = np.lexsort((fake, ratio))[:SHOWN]
    return detail_table(
        "pairs",
        "Generated images nearest to a reference image",
        {f"sample {index[i]}": (float(names[near[i]]), float(fake[i]), float(own[i])) for i in order},
        columns=("reference image", "distance", "distance of that image to its nearest other"),
        note="by the ratio of the two distances; images are counted from 0 in the order of their source",
    )


def _quantiles(distances: FloatArray) -> list[float]:
    return [float(value) for value in np.quantile(distances, list(_QUANTILES.values()))]
