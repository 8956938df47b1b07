"""The mean of a distance or similarity over pairs of samples, also by class: `ms_ssim` and `lpips_diversity`.

>>> metric = PairMean(column="pair.lpips", name="lpips_diversity", title="Mean LPIPS")
>>> columns = {"index": torch.arange(2), "pair.lpips": torch.tensor([0.25, 0.75]), "label": torch.tensor([0, 7])}
>>> estimate = metric.compute(metric.update(metric.empty(), columns))["lpips_diversity"]
>>> estimate.value, estimate.tables[0].rows, estimate.tables[0].values
(0.5, ('class 0', 'class 7'), ((0.25, 1.0), (0.75, 1.0)))

No sample is in two pairs, so that the pairs are independent and the variance of a mean is the plain one; its interval
is corrected for the skewness of the values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import final

import numpy as np
import torch

from ganprobe.core.classes.words import called
from ganprobe.core.columns import LABEL
from ganprobe.core.protocols import Columns
from ganprobe.core.results import Estimate
from ganprobe.core.tables import DetailTable, detail_table
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.base import ByClass, KeeperMetric, taken
from ganprobe.metrics.intervals import skewed_estimate
from ganprobe.metrics.pictures.protocol import LEAST_PAIRS
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.metrics.states.values import RowsKeeper, usable_rows

FEWEST_OF_A_CLASS = 8
"""Pairs: of fewer a class's mean has no interval, for they may be alike by chance."""

_NO_CLASS = -1


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PairKeeper(RowsKeeper):
    """Keeps all of `column` (N,), a number for each pair, with the class that both samples have, where there are
    classes: rows are (value, class), -1 for no class."""

    column: str

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({self.column, LABEL})

    @property
    def key(self) -> str:
        return f"pairs:{self.column}"

    def update(self, state: KeptRows, columns: Columns) -> KeptRows:
        index, values = taken(columns, self.column, ndim=1)
        classes = torch.full_like(values, _NO_CLASS)
        if LABEL in columns:
            classes = taken(columns, LABEL, ndim=1)[1].to(values)
        return state.added(index, torch.stack([values, classes], dim=1))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PairMean(KeeperMetric[KeptRows], ByClass):
    """The mean of `column` over pairs; n is their number. title: of a class's mean in the table of classes. largest:
    the values lie between 0 and this, and so does the interval."""

    column: str
    name: str
    title: str
    largest: float = float("inf")
    classes: tuple[str, ...] = ()

    @property
    def keeper(self) -> PairKeeper:
        return PairKeeper(column=self.column)

    def compute(self, state: KeptRows, reference: KeptRows | None = None) -> Mapping[str, Estimate]:
        """{name: Estimate}, with a table of classes where there are any; the reference is not used. MetricError on
        fewer than 2 pairs, on values not finite."""
        values, classes = usable_rows(state, LEAST_PAIRS, self.name, self.column).T
        return {self.name: replace(self._mean(values, LEAST_PAIRS), tables=self._tables(values, classes))}

    def _mean(self, values: FloatArray, least: int) -> Estimate:
        mean, n = float(values.mean()), len(values)
        if n < least:
            return Estimate(mean, None, n)
        wide = skewed_estimate(mean, n, (values - mean) / np.sqrt(n * (n - 1)))
        low, high = wide.ci95 or (mean, mean)
        return replace(wide, ci95=(max(low, 0.0), min(high, self.largest)))

    def _tables(self, values: FloatArray, classes: FloatArray) -> tuple[DetailTable, ...]:
        found = np.unique(classes)
        if found[0] == _NO_CLASS:
            return ()
        parts = {called(int(each), self.classes): values[classes == each] for each in found}
        rows = {name: (self._mean(part, FEWEST_OF_A_CLASS), len(part)) for name, part in parts.items()}
        return (detail_table("classes", f"{self.title} by class", rows, columns=(self.title, "pairs")),)
