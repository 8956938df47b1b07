"""`lt_probe`: how well a move in latent space is told from the images, of any generator with latents.

>>> LtProbe(features="embedded.features").needs
frozenset({'moves.embedded.features'})
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.results import Estimate
from ganprobe.core.tables import DetailTable, detail_table
from ganprobe.metrics.arrays import to_array
from ganprobe.metrics.base import Measuring, Surroundings, not_finite, too_few
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.metrics.states.values import ColumnKeeper
from ganprobe.probes.moves.detection import CHANCE, cross_detected, share_right
from ganprobe.probes.moves.protocol import COLUMN, LEAST_SAMPLES, SIGMAS, STEPS, TRAINED_AT

NAME = "lt_probe"
ONE_TRAINING = (
    "no interval: two detectors do not tell what others, trained on other samples, would find; measure at several seeds"
)
PAIRS_OF = 4
"""Whole groups of an equal and an unequal pair."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class LtProbe(Measuring[KeptRows]):
    """The accuracy of detectors on pairs that they have not seen, at the sigma that they are trained at; at the others
    in its table. It states no interval; those of the table are of the detectors as they were trained.
    features: the column of the frozen extractor. steps: of each of the two trainings."""

    trains: ClassVar[bool] = True
    features: str
    name: str = NAME
    steps: int = STEPS

    @property
    def keeper(self) -> ColumnKeeper:
        return ColumnKeeper(column=f"{COLUMN}{self.features}", ndim=3)

    def measure(self, state: KeptRows, samples: Surroundings[KeptRows]) -> Mapping[str, Estimate]:
        """{name: Estimate} with the table "sigma". MetricError on fewer than 64 samples and on values that are not
        finite. Samples beyond the last whole group of four are left out."""
        if state.stored < LEAST_SAMPLES:
            raise too_few(state.stored, LEAST_SAMPLES, self.name)
        index, rows = state.whole()
        bad = (~torch.isfinite(rows.flatten(1)).all(1)).nonzero()[:, 0]
        if len(bad):
            raise not_finite(self.keeper.column, ", ".join(map(str, to_array(index[bad])[:5])))
        rows = rows[: len(rows) // PAIRS_OF * PAIRS_OF].cpu()
        kept = tempfile.TemporaryDirectory() if samples.folder is None else nullcontext(samples.folder)
        with kept as folder:
            right = cross_detected(
                rows,
                trained_at=SIGMAS.index(TRAINED_AT),
                seed=samples.seed,
                folder=Path(folder),
                device=str(samples.device),
                steps=self.steps,
            )
        value = share_right(right[SIGMAS.index(TRAINED_AT)])
        bare = Estimate(value.value, None, value.n, tables=(_table(right),), notes=(*_notes(value), ONE_TRAINING))
        return {self.name: bare}


def _table(right: NDArray[np.bool_]) -> DetailTable:
    """By sigma."""
    return detail_table(
        "sigma",
        "Accuracy by sigma",
        {f"{sigma:g}": (share_right(row),) for sigma, row in zip(SIGMAS, right, strict=True)},
        columns=("accuracy",),
        note=f"sigma: deviation of the move in Z; detectors are trained at {TRAINED_AT:g}; chance is {CHANCE:g}",
        over="sigma",
    )


def _notes(value: Estimate) -> tuple[str, ...]:
    low = value.ci95[0] if value.ci95 else value.value
    return () if low > CHANCE else (f"not above chance, which is {CHANCE:g}",)
