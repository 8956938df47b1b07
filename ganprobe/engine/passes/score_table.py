"""One pass over samples that keeps their scores alone: images and latents are made again where they are needed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, final

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.columns import SCORES
from ganprobe.core.errors import DataError
from ganprobe.core.protocols import FeatureExtractor, Sampler
from ganprobe.engine.columns.sources import ImageColumns
from ganprobe.engine.passes.journal import Journal
from ganprobe.engine.passes.one_pass import run_pass
from ganprobe.engine.ranks.shares import ALONE, Ranks
from ganprobe.features.scores import PREFIX, ScoreTable
from ganprobe.metrics.base import KeeperAccumulator
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.metrics.states.values import ColumnKeeper

OBSERVED_AT_ONCE: Final = 256
WALK: Final = "scores"


@final
@dataclass(frozen=True, slots=True)
class _Scores(KeeperAccumulator[KeptRows]):
    """Keeps the scores of every sample."""

    @property
    def keeper(self) -> ColumnKeeper:
        return ColumnKeeper(column=SCORES, ndim=2)


def score_table(
    sampler: Sampler,
    extractor: FeatureExtractor,
    *,
    samples: int,
    seed: int,
    device: torch.device,
    journal: Journal | None = None,
    ranks: Ranks = ALONE,
) -> dict[str, NDArray[np.float32]]:
    """Attribute to the scores (samples,) of images 0 to `samples` - 1. Images and latents are not kept.

    journal: where the pass is saved now and then, and taken up. ranks: who shares the samples; any but rank 0 ends with
    Dismissed. InputError for an extractor without score columns or
    whose columns have another shape, DataError for images or scores that are not finite.
    """
    table, metric = ScoreTable(extractor), _Scores()
    source = ImageColumns(sampler, table, seed=seed, device=device)
    states = run_pass(
        source, [metric], samples=samples, batch_size=OBSERVED_AT_ONCE, journal=journal, name=WALK, ranks=ranks
    )
    ranks.leave_to_lead()
    rows = metric.pack(states[metric.state_key])["rows"]
    return {name: _finite(rows[:, column], name) for column, name in enumerate(table.attributes)}


def score_identity(sampler: Sampler, extractor: FeatureExtractor, *, samples: int, seed: int) -> dict[str, Any]:
    """What must be the same for a table to be the same table."""
    return {"scores of": sampler.fingerprint, "by": extractor.fingerprint, "samples": samples, "seed": seed}


def _finite(scores: NDArray[np.float32], name: str) -> NDArray[np.float32]:
    bad = np.flatnonzero(~np.isfinite(scores))
    if len(bad):
        some = ", ".join(map(str, bad[:5]))
        raise DataError(f"the scorer's column {PREFIX}{name} is not finite at samples {some}; mend the scorer")
    return np.ascontiguousarray(scores)
