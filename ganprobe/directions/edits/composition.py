"""Several moves at once, and moves to a place: composed edits and absolute strengths.

The order of things: moves in z come first, then the mapping, then truncation, then moves in w and w+, then the affine
maps, then moves in s. Within a space the moves of a line commute; those along a curve are taken in the order given.
Absolute moves come last within their space, all together, so that each sample ends at all of their strengths at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import torch
from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.core.spaces import Latents, Space
from ganprobe.directions.edits.displacement import Displacement
from ganprobe.directions.edits.moves import EditNoise, Mover, check_fits, mover, noise_rows, truncated, truncation_of
from ganprobe.directions.latents import check_latents, check_reached, latent_sampler
from ganprobe.directions.styles import styles_of

_SWEEPS: Final = 1000
_NEAR: Final = 1e-3
"""In strengths: how near its place a latent is there."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Move:
    """Along a direction by a strength, in standard deviations of the latents along it.

    layers: in place of the direction's own. absolute: not by the strength but to it, as the signed distance from the
    boundary whose normal the direction is; a boundary of w takes every layer of w+ there.
    """

    direction: Displacement
    strength: float
    layers: tuple[int, ...] | None = None
    absolute: bool = False

    def __post_init__(self) -> None:
        if self.absolute and self.direction.intercept is None:
            raise InputError(
                f"direction {self.direction.name!r} is of no boundary, so that no strength is absolute; take one of "
                "interfacegan, or a relative strength"
            )


def compose(
    sampler: Sampler,
    latents: Latents,
    columns: Sequence[Sequence[Move]],
    *,
    noise: EditNoise = "const",
) -> Tensor:
    """Raw images (N, len(columns), 3, H, W), float32, of `latents`, each column after all of its moves; a column
    without moves is the latents as they are. Latents of w, w+ or s start there (their `space` says so), and are moved
    in that space and those after it.

    Errors: CapabilityError for a space that the generator lacks, InputError for no columns, for shapes, layers and
    strengths that do not fit, and for absolute moves of boundaries that lie along one another.
    """
    owner = latent_sampler(sampler)
    if not len(columns) or not len(latents.z):
        raise InputError(f"latents and columns of moves were expected, got {len(latents.z)} and {len(columns)}")
    check_latents(owner, latents)
    for move in (move for moves in columns for move in moves):
        check_fits(owner, move.direction, (move.strength,))
        check_reached(latents, move.direction.space, move.direction.name)
    parts = []
    for low in range(0, len(latents.z), owner.spec.block):
        here = slice(low, low + owner.spec.block)
        labels = None if latents.labels is None else latents.labels[here]
        drawn = [
            _column(owner, latents.z[here], latents.space, labels, moves, noise_rows(noise, here)) for moves in columns
        ]
        parts.append(torch.stack(drawn, dim=1))
    return torch.cat(parts)


def arrived(
    sampler: LatentSampler, points: Tensor, space: Space, labels: Tensor | None, moves: Sequence[Move]
) -> tuple[Tensor, Space]:
    """Latents (N, ...) of `space` after all of `moves`, and the space that they are then of: s where a move is of it,
    else w+ (or w), truncated, where they had to be mapped or were of it, else z."""
    by_space = {space: [m for m in moves if m.direction.space in kinds] for space, kinds in _KINDS.items()}
    if space == "z":
        points = moved(sampler, points, by_space["z"], space)
        if by_space["w"] or by_space["s"]:
            points, space = sampler.map(points, labels), "w"
    if space in ("w", "w+"):
        points, space = truncated(sampler, points)
        points = moved(sampler, points, by_space["w"], space)
    if by_space["s"]:
        styles = points if space == "s" else styles_of(sampler, points)
        points, space = moved(sampler, styles, by_space["s"], "s"), "s"
    return points, space


def drawn_at(sampler: LatentSampler, points: Tensor, space: Space, labels: Tensor | None, noise: EditNoise) -> Tensor:
    """Raw images (N, 3, H, W) of what `arrived` gives."""
    truncation = truncation_of(sampler) if space == "z" else 1.0
    return sampler.synthesize(points, space=space, labels=labels, noise=noise, truncation=truncation)


def _column(
    sampler: LatentSampler,
    points: Tensor,
    space: Space,
    labels: Tensor | None,
    moves: Sequence[Move],
    noise: EditNoise,
) -> Tensor:
    return drawn_at(sampler, *arrived(sampler, points, space, labels, moves), labels, noise)


_KINDS: dict[Literal["z", "w", "s"], tuple[Space, ...]] = {"z": ("z",), "w": ("w", "w+"), "s": ("s",)}


def moved(sampler: LatentSampler, start: Tensor, moves: Sequence[Move], space: Space) -> Tensor:
    """Latents of `space`, truncated where it is w or w+, after moves in it."""
    points, absolute = start, []
    for move in moves:
        layers = move.direction.layers if move.layers is None else move.layers
        take = mover(sampler, move.direction, start, layers, space)
        if move.absolute:
            absolute.append((move, take))
        else:
            points = take(points, move.strength)
    return _placed(points, absolute)


def _placed(points: Tensor, moves: Sequence[tuple[Move, Mover]]) -> Tensor:
    """Each move by the rest of its way, in turn, until none is left: one takes a sample off the place of another where
    their boundaries are not orthogonal. InputError where that does not end."""
    for _ in range(_SWEEPS):
        farthest = 0.0
        for move, take in moves:
            way = _way(move, take, points)
            points, farthest = take(points, way), max(farthest, float(way.abs().max()))
        if farthest <= _NEAR:
            return points
    names = ", ".join(move.direction.name for move, _ in moves)
    raise InputError(f"the boundaries of {names} lie too nearly along one another for a latent to be at all of them")


def _way(move: Move, take: Mover, points: Tensor) -> Tensor:
    """The strength (N, ..., 1) by which each latent gets to its place; 0 for layers that stay."""
    item, dims = move.direction, (-2, -1) if move.direction.space == "w+" else (-1,)
    vector = torch.from_numpy(item.vector).to(points.device, points.dtype)
    assert item.intercept is not None, "Move checks it"
    left = move.strength * item.scale - item.intercept - (points * vector).sum(dim=dims, keepdim=True)
    effect = (take(torch.zeros_like(points), 1.0) * vector).sum(dim=dims, keepdim=True)
    return torch.where(effect > 0, left / effect, 0.0)
