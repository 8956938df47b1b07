"""The state of a metric by class: every row of a column of features with its label.

>>> keeper = LabelledKeeper(column="embedded.features")
>>> made = {"index": torch.arange(3), "embedded.features": torch.eye(3), "label": torch.tensor([1, 0, 1])}
>>> rows, labels = labelled(keeper.update(keeper.empty(), made), 2, "intra_fd", keeper.column, "generated")
>>> rows.shape, labels.tolist()
((3, 3), [1, 0, 1])

Rows rather than moments: a thousand covariances of 2048 features would fill 33 GB, the rows of 50,000 images 0.4 GB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.columns import LABEL
from ganprobe.core.protocols import Columns
from ganprobe.metrics.arrays import FloatArray
from ganprobe.metrics.base import taken, too_few
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.metrics.states.values import RowsKeeper, usable_rows


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledKeeper(RowsKeeper):
    """Keeps all of `column` (N, d) with the labels beside them, as a last number, in rows (N, d + 1): float32 holds
    whole numbers up to 2^24."""

    column: str

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({self.column, LABEL})

    @property
    def key(self) -> str:
        return f"labelled:{self.column}"

    def update(self, state: KeptRows, columns: Columns) -> KeptRows:
        index, labels = taken(columns, LABEL, ndim=1)
        rows = taken(columns, self.column, ndim=2)[1]
        beside = labels.to(rows.device, torch.float32)[:, None]
        return state.added(index, torch.cat([rows.to(torch.float32), beside], 1))


def labelled(state: KeptRows, least: int, name: str, column: str, side: str) -> tuple[FloatArray, NDArray[np.int64]]:
    """(rows (N, d), labels (N,)) by ascending index. MetricError for fewer than `least`, and for values not finite."""
    if state.stored < least:
        raise too_few(state.stored, least, name, side)
    both = usable_rows(state, least, name, column)
    return both[:, :-1], both[:, -1].astype(np.int64)
