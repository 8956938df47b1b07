"""The directions that leave alone what an entangled attribute leans on, to be shown beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import MetricError
from ganprobe.core.protocols import LatentSampler
from ganprobe.directions.direction import Direction
from ganprobe.directions.latents import DrawnSpace, spread_along
from ganprobe.directions.methods.boundary import project_boundary
from ganprobe.directions.methods.search import conditioned_name


def with_mended(
    sampler: LatentSampler, items: Sequence[Direction], numbers: Mapping[str, Any], *, samples: int, seed: int
) -> tuple[list[Direction], dict[str, Any]]:
    """The conditioned directions of all entangled ones, without those that are among `items` already, and `numbers`
    whose entangled rows name theirs under "mended". A boundary that nothing is left of has none."""
    known: dict[tuple[str, str], Direction] = {(item.space, item.name): item for item in items}
    found: list[Direction] = []
    entangled: dict[str, Any] = {}
    for space, rows in numbers.get("entangled", {}).items():
        names = [conditioned_name(row["attribute"], list(row["others"])) for row in rows]
        vectors = {
            name: vector
            for name, row in zip(names, rows, strict=True)
            if (space, name) not in known and (vector := _conditioned(known, space, row)) is not None
        }
        found += _directions(sampler, vectors, space, samples=samples, seed=seed)
        entangled[space] = [
            {**row, "mended": name} if name in vectors or (space, name) in known else row
            for name, row in zip(names, rows, strict=True)
        ]
    return found, {**numbers, "entangled": entangled}


def _conditioned(
    known: Mapping[tuple[str, str], Direction], space: DrawnSpace, row: Mapping[str, Any]
) -> NDArray[Any] | None:
    """The boundary that is left; None where nothing is."""
    try:
        return project_boundary(*(known[space, each].vector for each in (row["attribute"], *row["others"])))
    except MetricError:
        return None


def _directions(
    sampler: LatentSampler, vectors: Mapping[str, NDArray[Any]], space: DrawnSpace, *, samples: int, seed: int
) -> list[Direction]:
    if not vectors:
        return []
    scales = spread_along(sampler, np.stack(list(vectors.values())), samples=samples, seed=seed, space=space)
    return [
        Direction(name=name, space=space, vector=vector, scale=float(scale))
        for (name, vector), scale in zip(vectors.items(), scales, strict=True)
    ]
