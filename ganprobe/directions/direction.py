"""A direction of a latent space, and a set of them that was found in one generator.

>>> smile = Direction(name="smile", space="z", vector=np.array([3.0, 4.0]))
>>> smile.vector.tolist()
[0.6000000238418579, 0.800000011920929]
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, get_args

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.core.notebook import shown
from ganprobe.core.protocols import LatentSampler, Sampler
from ganprobe.core.registry import unknown
from ganprobe.core.spaces import Latents
from ganprobe.directions.edits.composition import Move, compose
from ganprobe.directions.edits.displacement import DirectionSpace
from ganprobe.directions.latents import known_fingerprints, weights_fingerprint
from ganprobe.directions.layers import check_layers
from ganprobe.directions.walks import Walk
from ganprobe.metrics.arrays import to_array
from ganprobe.metrics.given import numbers

SPACES: Final = get_args(DirectionSpace)
_SCORES: Final = 6
"""Columns of scores that a notebook shows."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Direction:
    """One way to move.

    vector: (D,) in z and w, (layers, D) in w+, (S,) in s; brought to length 1 (all layers together) in float32. scale:
    the standard deviation of the generator's latents along it, which is what a strength of 1 moves by. layers: those
    that it moves, in w, w+ and s (where they are the layers of the styles); None for all. intercept: that of the
    boundary whose normal it is, if it is one, so that vector . x + intercept is the signed distance. walk: a curved way
    in z or w, of which the vector is then only the mean displacement. scores: what was measured of it. InputError for
    other values.
    """

    name: str
    space: DirectionSpace
    vector: NDArray[Any]
    scale: float = 1.0
    layers: tuple[int, ...] | None = None
    intercept: float | None = None
    walk: Walk | None = None
    scores: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.space not in SPACES:
            raise InputError(f"direction {self.name!r} is of space {self.space!r}; known: {', '.join(SPACES)}")
        object.__setattr__(self, "vector", self._unit())
        if not (np.isfinite(self.scale) and self.scale > 0):
            raise InputError(f"direction {self.name!r} needs a positive scale, got {self.scale}")
        if self.layers is not None:
            check_layers(self.layers, f"direction {self.name!r}")
            if self.space == "z":
                raise InputError(f"direction {self.name!r} moves z, which has no layers, but names {self.layers}")
        if self.walk is not None and (self.space not in ("z", "w") or self.walk.dim != len(self.vector)):
            raise InputError(f"direction {self.name!r}: a walk of {self.walk.dim} numbers does not fit {self.space}")

    def images(self, sampler: LatentSampler, latents: Latents, strength: float) -> Tensor:
        """Raw images (N, 3, H, W) of `latents` moved along it; see `ganprobe.directions.compose`."""
        return compose(sampler, latents, [[Move(direction=self, strength=strength)]])[:, 0]

    def _repr_html_(self) -> str:
        rows = [(name, f"{value:.4g}") for name, value in self.scores.items()]
        facts = [
            ("space", self.space),
            ("shape", " x ".join(map(str, self.vector.shape))),
            ("scale", f"{self.scale:.4g}"),
        ]
        return shown(f"Direction {self.name}", facts=facts, head=("score", "value"), rows=rows)

    def _unit(self) -> NDArray[np.float32]:
        given = numbers(self.vector, f"direction {self.name!r}")
        vector = np.asarray(to_array(given) if isinstance(given, Tensor) else given, dtype=np.float64)
        if vector.ndim != (2 if self.space == "w+" else 1):
            raise InputError(f"direction {self.name!r} of {self.space} has a vector of shape {vector.shape}")
        length = float(np.linalg.norm(vector))
        if not (np.isfinite(length) and length > 0):
            raise InputError(f"direction {self.name!r} is zero or not finite")
        return (vector / length).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Directions:
    """Directions that one method found in one generator. fingerprint: of its weights; None where it is not known."""

    items: tuple[Direction, ...]
    method: str
    generator: str
    fingerprint: str | None
    seed: int
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not self.items:
            raise InputError("a set of directions needs at least one, got none")
        keys = [(item.name, item.space) for item in self.items]
        if twice := sorted({key for key in keys if keys.count(key) > 1}):
            raise InputError(f"two directions of {twice[0][1]} are called {twice[0][0]!r}; give each its own name")

    def __iter__(self) -> Iterator[Direction]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def _repr_html_(self) -> str:
        scores = list(dict.fromkeys(name for item in self.items for name in item.scores))[:_SCORES]
        rows = [
            (
                item.name,
                item.space,
                f"{item.scale:.4g}",
                *(f"{item.scores[name]:.4g}" if name in item.scores else "" for name in scores),
            )
            for item in self.items
        ]
        facts = [("by", self.method), ("in", self.generator), ("seed", self.seed)]
        head = ("name", "space", "scale", *scores)
        return shown(f"{len(self)} directions", facts=facts, head=head, rows=rows)

    def named(self, name: str | None = None, *, space: str | None = None) -> Direction:
        """The direction `name` of `space`; left out, the first name and the first space that there is, in the file's
        order. InputError where there is none."""
        here = [item for item in self.items if space in (None, item.space)]
        if not here:
            raise InputError(f"no direction of space {space!r} is here; there are {_spaces(self.items)}")
        for item in here:
            if name in (None, item.name):
                return item
        raise unknown("direction", str(name), dict.fromkeys(item.name for item in here))

    def check_generator(self, sampler: Sampler, *, any_generator: bool = False) -> None:
        """InputError where these directions were found in a generator of other weights, unless `any_generator`."""
        here = weights_fingerprint(sampler)
        if not any_generator and self.fingerprint is not None and self.fingerprint not in known_fingerprints(sampler):
            raise InputError(
                f"these directions were found in {self.generator} (fingerprint {self.fingerprint[:12]}), not in "
                f"{sampler.name} ({here[:12]}); find its own with `ganprobe directions`, or say --any-generator"
            )


def _spaces(items: tuple[Direction, ...]) -> str:
    return ", ".join(dict.fromkeys(item.space for item in items))
