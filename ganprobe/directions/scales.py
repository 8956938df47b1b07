"""How far a direction goes in a generator: the spread of its latents along it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ganprobe.core.protocols import LatentSampler
from ganprobe.directions.direction import Direction
from ganprobe.directions.edits.moves import check_fits
from ganprobe.directions.latents import DrawnSpace, check_space, spread_along
from ganprobe.directions.styles import style_spread


def measured(sampler: LatentSampler, item: Direction, *, samples: int, seed: int) -> Direction:
    """`item` with the scale that it has in this generator: the standard deviation of `samples` latents along it, which
    in w+ are w's repeated over the layers, in s their styles. CapabilityError for a space that the generator lacks,
    InputError for a vector of another size."""
    if item.space == "s":
        check_fits(sampler, item, (0.0,))
        return replace(item, scale=style_spread(sampler, item.vector, samples=samples, seed=seed))
    space: DrawnSpace = "z" if item.space == "z" else "w"
    check_space(sampler, space)
    check_fits(sampler, item, (0.0,))
    along = item.vector.sum(axis=0) if item.space == "w+" else item.vector
    scales = spread_along(sampler, along[None].astype(np.float64), samples=samples, seed=seed, space=space)
    return replace(item, scale=float(scales[0]))
