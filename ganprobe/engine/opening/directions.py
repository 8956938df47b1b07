"""A file of directions, ours or another's, opened and fitted to a generator."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ganprobe.core.protocols import LatentSampler
from ganprobe.directions import Direction, Directions, imported_directions, load_directions
from ganprobe.directions.edits.displacement import DirectionSpace
from ganprobe.directions.foreign_files import SUFFIXES as IMPORTED
from ganprobe.directions.foreign_files import check_importable
from ganprobe.directions.scales import measured

SCALE_SAMPLES: Final = 10_000


@dataclass(frozen=True, slots=True)
class Fitted:
    """Directions that belong to a generator. scaled: whether the file says how long a step is; if not, it is measured
    on the generator."""

    known: Directions
    scaled: bool

    def with_scales(self, items: Sequence[Direction], sampler: LatentSampler, *, seed: int) -> list[Direction]:
        """Some of them with their scales; measured ones are of samples under `seed`."""
        if self.scaled:
            return list(items)
        return [measured(sampler, item, samples=SCALE_SAMPLES, seed=seed) for item in items]


def own_directions(file: str | Path) -> Directions | None:
    """The directions of a file of ganprobe's; None for another's, whose spaces the generator tells. CheckpointError
    where the file cannot be read or holds something else."""
    if Path(file).suffix in IMPORTED:
        check_importable(file)
        return None
    return load_directions(file)


def fitted_directions(
    file: str | Path,
    sampler: LatentSampler,
    *,
    known: Directions | None = None,
    space: DirectionSpace | None = None,
    any_generator: bool = False,
) -> Fitted:
    """The directions of a file for `sampler`. known: what `own_directions` gave, if it was asked; space: that of the
    vectors of another's file. Errors: CheckpointError for a file that is none, InputError for one of another generator
    (unless `any_generator`) and a space that nothing tells."""
    scaled = True
    known = own_directions(file) if known is None else known
    if known is None:
        known, scaled = imported_directions(file, space=space, spaces=sampler.spec.spaces)
    known.check_generator(sampler, any_generator=any_generator)
    return Fitted(known, scaled)
