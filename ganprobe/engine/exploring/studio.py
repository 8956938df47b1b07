"""Scenes to latents and pictures: a generator with its directions, its own latents and a scorer, all opened.

What does not change from one picture to the next is kept: drawn latents, mapped ones, the last pictures. It is all
forgotten when the weights are written to. One thread at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, Final, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.borrowing import version_of
from ganprobe.core.calls.checking import plain
from ganprobe.core.columns import SCORES
from ganprobe.core.errors import CapabilityError, DataError, InputError
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.spaces import Latents, Space, Truncation
from ganprobe.directions import Direction, Directions, Move
from ganprobe.directions.edits.composition import arrived, drawn_at, moved
from ganprobe.directions.edits.moves import EditNoise, noise_rows
from ganprobe.directions.latent_files.latent_set import KeptNoise, LatentSet
from ganprobe.directions.latents import check_reached, weights_fingerprint
from ganprobe.engine.exploring.scene import Point, Scene
from ganprobe.features import to_uint8
from ganprobe.features.scores import ScoreTable
from ganprobe.generators.base import draw_noise
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.paths import lerp, slerp_keeping_length

KEPT_LATENTS: Final = 256
KEPT_PICTURES: Final = 24


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """One latent on its way: points (1, ...) of a space, and its class (1,)."""

    points: Tensor
    space: Space
    labels: Tensor | None

    @property
    def latents(self) -> Latents:
        return Latents(range(1), self.points, self.labels, 0, space=self.space)

    def at(self, points: Tensor, space: Space) -> Place:
        return Place(points, space, self.labels)


@dataclass(frozen=True, slots=True, eq=False)
class Shelf:
    """The directions of a file, with their scales. path: None where there is no file. scaled_under: the seed under
    which scales were measured that the file does not say."""

    known: Directions
    path: str | None = None
    scaled_under: int | None = None


@final
class Studio:
    """See the module. own: latents of one's own, fitted to the sampler. table: of scores, where there is a scorer."""

    def __init__(
        self,
        sampler: LatentSampler,
        shelves: Sequence[Shelf] = (),
        *,
        own: LatentSet | None = None,
        table: ScoreTable | None = None,
    ) -> None:
        self.sampler, self.shelves, self.own, self.table = sampler, tuple(shelves), own, table
        self._version: int | None = None
        self.at = lru_cache(8)(self._truncated_sampler)
        self._drawn = lru_cache(KEPT_LATENTS)(self._drawn_anew)
        self._mapped = lru_cache(KEPT_LATENTS)(self._mapped_anew)
        self._shown = lru_cache(KEPT_PICTURES)(self._shown_anew)

    def latents(self, scene: Scene) -> LatentSet:
        """The latent (one) that the picture is drawn from, all moves made: in s where a move was, else in w+, truncated
        already, where the generator has it, else in w or z. CapabilityError and InputError for what a scene asks of a
        generator that has it not."""
        self._forget_what_changed()
        place, noise = self._arrived(scene), self._noise(scene)
        return LatentSet(
            space=place.space,
            values=place.points,
            labels=place.labels,
            noise=noise,
            names=(said(scene.point),),
            generator=self.sampler.name,
            fingerprint=weights_fingerprint(self.sampler),
            origin={"made by": "explore", "scene": plain(scene)},
        )

    def picture(self, scene: Scene) -> NDArray[np.uint8]:
        """(3, H, W). Errors as `latents` has them; DataError where the generator gives values that are not finite."""
        pixels: NDArray[np.uint8] = to_uint8(self.raw(scene)).cpu().numpy()[0]
        return pixels

    def raw(self, scene: Scene) -> Tensor:
        """(1, 3, H, W) float32, as the generator gives it."""
        self._forget_what_changed()
        return self._shown(scene)

    def scores(self, scene: Scene) -> dict[str, float]:
        """Attribute to score of the picture; empty where there is no scorer."""
        if self.table is None:
            return {}
        row = self.table.observe(self.raw(scene))[SCORES][0].tolist()
        return dict(zip(self.table.attributes, row, strict=True))

    def direction(self, file: int, number: int) -> Direction:
        """InputError where there is none."""
        if file >= len(self.shelves) or number >= len(self.shelves[file].known):
            raise InputError(f"no direction {number} of file {file} is here")
        return self.shelves[file].known.items[number]

    def _shown_anew(self, scene: Scene) -> Tensor:
        place, noise = self._arrived(scene), self._noise(scene)
        given: EditNoise = noise if isinstance(noise, str) else list(noise)
        image = drawn_at(self.at(scene.psi), place.points, place.space, place.labels, given)
        if not bool(image.isfinite().all()):
            raise DataError(f"{self.sampler.name} gave values that are not finite for this latent; go back a step")
        return image

    def _arrived(self, scene: Scene) -> Place:
        sampler, place = self.at(scene.psi), self._started(scene)
        moves = self._moves(scene, but="z")
        for move in moves:
            check_reached(place.latents, move.direction.space, move.direction.name)
        return place.at(*arrived(sampler, place.points, place.space, place.labels, moves))

    def _moves(self, scene: Scene, *, only: Space | None = None, but: Space | None = None) -> list[Move]:
        found = []
        for step in scene.steps:
            item = self.direction(step.file, step.number)
            if only in (None, item.space) and item.space != but:
                layers = scene.rows if item.space in ("w", "w+") else None
                found.append(Move(direction=item, strength=step.strength, layers=layers))
        return found

    def _started(self, scene: Scene) -> Place:
        """Before truncation and the moves that follow it: in w or w+ where it has to be, and where it is mapped."""
        first = self._end(scene.point, scene)
        if scene.other is None or scene.is_one_sample:
            return first if first.space != "z" else self._in_w(first, scene, scene.point)
        second = self._end(scene.other, scene)
        between = self._between(first, second, scene) if scene.position else first
        return between if scene.mixed is None else self._mixed(between, second, scene, scene.mixed)

    def _end(self, point: Point, scene: Scene) -> Place:
        """A sample after its moves in z."""
        place = self._drawn(point, scene.label, scene.psi)
        moves = self._moves(scene, only="z")
        for move in moves:
            check_reached(place.latents, "z", move.direction.name)
        return place.at(moved(self.sampler, place.points, moves, "z"), "z") if moves else place

    def _between(self, first: Place, second: Place, scene: Scene) -> Place:
        t = torch.full((1, 1), scene.position, device=first.points.device)
        if scene.along == "z" or "w" not in self.sampler.spec.spaces:
            if (first.space, second.space) != ("z", "z"):
                raise InputError("a path in z needs two latents of z; take the path in w")
            return self._in_w(first.at(slerp_keeping_length(first.points, second.points, t), "z"), scene)
        if "s" in (first.space, second.space):
            if first.space != second.space:
                raise InputError("a latent of s has no path to one of another space")
            return first.at(lerp(first.points, second.points, t), "s")
        a, b = self._in_w(first, scene, scene.point), self._in_w(second, scene, scene.other)
        if a.space != b.space:
            a, b = self._in_layers(a), self._in_layers(b)
        return a.at(lerp(a.points, b.points, t if a.points.ndim == 2 else t[:, :, None]), a.space)

    def _mixed(self, first: Place, second: Place, scene: Scene, rows: tuple[int, int]) -> Place:
        a = self._in_layers(self._in_w(first, scene, None if scene.position else scene.point))
        b = self._in_layers(self._in_w(second, scene, scene.other))
        if rows[1] >= a.points.shape[1]:
            raise InputError(f"layers must lie in 0 to {a.points.shape[1] - 1}, got {list(rows)}")
        points = a.points.clone()
        points[:, rows[0] : rows[1] + 1] = b.points[:, rows[0] : rows[1] + 1]
        return a.at(points, "w+")

    def _in_w(self, place: Place, scene: Scene, point: Point | None = None) -> Place:
        """Mapped, where the generator has a w. point: the sample that it is, of which the mapped one may be kept."""
        if place.space != "z" or "w" not in self.sampler.spec.spaces:
            return place
        if point is not None and place.points is self._drawn(point, scene.label, scene.psi).points:
            return place.at(self._mapped(point, scene.label, scene.psi), "w")
        return place.at(self.sampler.map(place.points, place.labels), "w")

    def _in_layers(self, place: Place) -> Place:
        shape = self.sampler.spec.spaces.get("w+")
        if shape is None or place.space not in ("w", "w+"):
            raise CapabilityError(f"{self.sampler.name} has no layers to mix in latents of {place.space!r}")
        return place if place.space == "w+" else place.at(place.points[:, None].expand(-1, shape[0], -1), "w+")

    def _noise(self, scene: Scene) -> KeptNoise:
        if scene.noise == "seed":
            if not isinstance(self.sampler, GeneratorSampler) or not self.sampler.generator.noise_shapes:
                raise CapabilityError(f"{self.sampler.name} has no noise inputs; leave the noise as it is")
            shapes, device = self.sampler.generator.noise_shapes, self.sampler.device
            return tuple(draw_noise(shapes, range(1), seed=scene.noise_seed, device=device))
        if scene.noise == "own":
            kept = "const" if self.own is None or not scene.point.own else self.own.noise
            rows = noise_rows(kept, slice(scene.point.index, scene.point.index + 1))
            return rows if isinstance(rows, str) else tuple(rows)
        return scene.noise

    def _drawn_anew(self, point: Point, label: int | None, truncation: Truncation) -> Place:
        if point.own and self.own is None:
            raise InputError("there are no latents of one's own here; give a file of them (--latents)")
        if point.own and self.own is not None:
            one = self.own.first(1, start=point.index)
            place = Place(one.values, one.space, one.labels)
        else:
            drawn = self.at(truncation).draw(range(point.index, point.index + 1), seed=point.seed)
            place = Place(drawn.z, "z", drawn.labels)
        return place if label is None else replace(place, labels=self._label(label, place.points))

    def _label(self, label: int, like: Tensor) -> Tensor:
        classes = self.sampler.spec.num_classes
        if label >= classes:
            raise InputError(f"{self.sampler.name} has {classes} classes, got number {label}")
        return torch.full((1,), label, dtype=torch.int64, device=like.device)

    def _mapped_anew(self, point: Point, label: int | None, truncation: Truncation) -> Tensor:
        place = self._drawn(point, label, truncation)
        return self.sampler.map(place.points, place.labels)

    def _truncated_sampler(self, truncation: Truncation) -> LatentSampler:
        if isinstance(self.sampler, GeneratorSampler):
            return self.sampler.at(truncation)
        if truncation != 1.0:
            raise CapabilityError(f"{self.sampler.name} takes no truncation; leave it at 1")
        return self.sampler

    def _forget_what_changed(self) -> None:
        network: Any = getattr(self.sampler, "generator", None) or getattr(self.sampler, "module", None)
        now = version_of(network) if isinstance(network, torch.nn.Module) else None
        if now != self._version:
            self._version = now
            for kept in (self.at, self._drawn, self._mapped, self._shown):
                kept.cache_clear()


def said(point: Point) -> str:
    """A point in words."""
    return f"latent {point.index}" if point.own else f"sample {point.index} of seed {point.seed}"
