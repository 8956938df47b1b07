"""Latents of any indices, drawn again, and their spread along directions. Nothing here keeps all of them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.core.spaces import Latents, Space
from ganprobe.core.streams import BLOCK
from ganprobe.metrics.arrays import to_array
from ganprobe.samplers.generator import GeneratorSampler

DrawnSpace = Literal["z", "w"]
PART: Final = 64 * BLOCK
"""How many latents are drawn and mapped at a time."""


def latent_sampler(sampler: Sampler) -> LatentSampler:
    """`sampler` as one that has latents. CapabilityError for one of images alone."""
    if not isinstance(sampler, LatentSampler) or not sampler.spec.spaces:
        raise CapabilityError(f"{sampler.name} gives images only; directions need a generator with latents")
    return sampler


def drawn_spaces(sampler: LatentSampler) -> tuple[DrawnSpace, ...]:
    """The spaces of `sampler` whose latents follow from an index: w, where there is one, and z."""
    return tuple(space for space in ("w", "z") if space in sampler.spec.spaces)


def check_space(sampler: LatentSampler, space: str) -> None:
    """CapabilityError unless latents of `space` can be drawn."""
    if space not in drawn_spaces(sampler):
        had = ", ".join(drawn_spaces(sampler))
        raise CapabilityError(f"{sampler.name} has no space {space!r} to draw latents in; it has: {had}")


def check_latents(sampler: LatentSampler, latents: Latents) -> None:
    """CapabilityError for a space that the generator lacks; InputError, naming the space that they may be of, for
    latents of another shape than theirs, and unless there is one for each index and label."""
    spaces, shape = sampler.spec.spaces, tuple(latents.z.shape[1:])
    if latents.space not in spaces:
        raise CapabilityError(f"{sampler.name} has no space {latents.space!r}; it has: {', '.join(spaces)}")
    if shape != tuple(spaces[latents.space]):
        others = [name for name, theirs in spaces.items() if tuple(theirs) == shape]
        hint = f"; they may be of {others[0]!r}: say Latents(..., space={others[0]!r})" if others else ""
        expected = " x ".join(map(str, spaces[latents.space]))
        raise InputError(
            f"latents of {latents.space!r} of {sampler.name} must be N x {expected}, got {tuple(latents.z.shape)}{hint}"
        )
    counts = {len(latents.z), len(latents.index), *([] if latents.labels is None else [len(latents.labels)])}
    if len(counts) > 1:
        raise InputError(
            f"latents, indices and labels must be as many of each, got {len(latents.z)}, "
            f"{len(latents.index)} and {'none' if latents.labels is None else len(latents.labels)}"
        )


def check_reached(latents: Latents, space: Space, name: str) -> None:
    """InputError for a direction `name` of a space that lies before the latents' on the way to an image."""
    order: tuple[Space, ...] = ("z", "w", "w+", "s")
    if (space != "w" and order.index(space) < order.index(latents.space)) or (space == "w" and latents.space == "s"):
        raise InputError(
            f"latents of {latents.space!r} cannot be moved along {name!r} of {space!r}, which comes before it"
        )


def weights_fingerprint(sampler: Sampler) -> str:
    """The fingerprint that directions carry: of weights and configuration, whatever the noise and truncation."""
    return sampler.weights_fingerprint if isinstance(sampler, GeneratorSampler) else sampler.fingerprint


def known_fingerprints(sampler: Sampler) -> frozenset[str]:
    """All that directions of these weights may carry."""
    return sampler.known_fingerprints if isinstance(sampler, GeneratorSampler) else frozenset({sampler.fingerprint})


def parts_of(samples: int, *, size: int = PART) -> Iterator[range]:
    """Indices 0 to samples - 1 in ranges of nearly equal length, none shorter than `size` unless it
    is the only one."""
    number = max(1, samples // size)
    ends = [samples * i // number for i in range(number + 1)]
    return (range(low, high) for low, high in pairwise(ends))


def latents_of(sampler: LatentSampler, index: range, *, seed: int, space: DrawnSpace) -> Tensor:
    """Latents (N, D) float32 of consecutive indices."""
    drawn = sampler.draw(index, seed=seed)
    with torch.no_grad():
        return drawn.z if space == "z" else sampler.map(drawn.z, drawn.labels)


def latents_at(
    sampler: LatentSampler, indices: NDArray[np.int64], *, seed: int, space: DrawnSpace
) -> NDArray[np.float32]:
    """Latents (N, D) of `indices`, in their order: z is drawn by blocks, and only what was asked for is mapped."""
    order = np.argsort(indices, kind="stable")
    rows = [_rows(sampler, part, seed, space) for part in _by_part(indices[order])]
    values = np.concatenate(rows) if rows else to_array(latents_of(sampler, range(0), seed=seed, space=space))
    result = np.empty_like(values)
    result[order] = values
    return result


def projections(
    sampler: LatentSampler, normals: NDArray[np.float64], *, samples: int, seed: int, space: DrawnSpace
) -> NDArray[np.float64]:
    """Latents 0 to samples - 1 times each of normals (K, D): (samples, K) float64."""
    turned = np.asarray(normals, dtype=np.float64).T
    parts = (latents_of(sampler, part, seed=seed, space=space) for part in parts_of(samples))
    return np.concatenate([to_array(part).astype(np.float64) @ turned for part in parts])


def spread_along(
    sampler: LatentSampler, normals: NDArray[np.float64], *, samples: int, seed: int, space: DrawnSpace
) -> NDArray[np.float64]:
    """Standard deviations (K,) of the latents along unit vectors (K, D): measured over `samples` in w; 1 in z, whose
    numbers are independent standard normals."""
    if space == "z":
        return np.ones(len(normals))
    along = projections(sampler, normals, samples=samples, seed=seed, space=space)
    return np.asarray(along.std(axis=0, ddof=1), dtype=np.float64)


def _by_part(indices: NDArray[np.int64]) -> Iterator[NDArray[np.int64]]:
    """Sorted indices, split where they enter another range of PART."""
    if len(indices):
        yield from np.split(indices, np.flatnonzero(np.diff(indices // PART)) + 1)


def _rows(sampler: LatentSampler, indices: NDArray[np.int64], seed: int, space: DrawnSpace) -> NDArray[np.float32]:
    wanted = [int(b) for b in np.unique(indices // BLOCK)]
    z, labels = [], []
    for start, stop in _runs(wanted):
        drawn = sampler.draw(range(start * BLOCK, stop * BLOCK), seed=seed)
        keep = torch.from_numpy(indices[(indices // BLOCK >= start) & (indices // BLOCK < stop)] - start * BLOCK)
        z.append(drawn.z[keep.to(drawn.z.device)])
        if drawn.labels is not None:
            labels.append(drawn.labels[keep.to(drawn.labels.device)])
    together = torch.cat(z)
    with torch.no_grad():
        rows = together if space == "z" else sampler.map(together, torch.cat(labels) if labels else None)
    return to_array(rows).astype(np.float32, copy=False)


def _runs(numbers: list[int]) -> Iterator[tuple[int, int]]:
    """Sorted distinct numbers as runs [start, stop)."""
    start = previous = numbers[0]
    for number in numbers[1:]:
        if number != previous + 1:
            yield start, previous + 1
            start = number
        previous = number
    yield start, previous + 1
