"""Latents that somebody keeps: of a projection, an exploration, or another tool.

>>> kept = LatentSet(space="w", values=torch.zeros(2, 3))
>>> len(kept), kept.latents().space
(2, 'w')
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal, final, get_args

import torch
from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.core.notebook import shown
from ganprobe.core.protocols import LatentSampler
from ganprobe.core.spaces import Latents, Space
from ganprobe.directions.edits.moves import noise_rows
from ganprobe.directions.latents import check_latents, known_fingerprints
from ganprobe.samplers.generator import GeneratorSampler

SPACES: Final[tuple[Space, ...]] = get_args(Space)
KeptNoise = Literal["const", "zero"] | tuple[Tensor, ...]
"""The stored buffers, none, or the maps of every noise input in network order, (N, 1, H, W) or (1, 1, H, W) each."""


@final
@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class LatentSet:
    """values: (N, D) in z and w, (N, layers, D) in w+, (N, S) in s; finite, brought to float32. labels: (N,) int64, of
    a generator with classes. noise: what the pictures were made with. names: of the pictures that they stand for, N of
    them or none. generator, fingerprint: what they belong to, where it is known. origin: how they came about.
    InputError for other values."""

    space: Space
    values: Tensor
    labels: Tensor | None = None
    noise: KeptNoise = "const"
    names: tuple[str, ...] = ()
    generator: str = ""
    fingerprint: str | None = None
    origin: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        values, n = self.values.detach(), len(self.values) if self.values.ndim else 0
        if self.space not in SPACES:
            raise InputError(f"latents are of {', '.join(SPACES)}, got {self.space!r}")
        if values.ndim != (3 if self.space == "w+" else 2) or not values.numel():
            expected = "(N, layers, D)" if self.space == "w+" else "(N, D)"
            raise InputError(f"latents of {self.space!r} must be {expected}, got shape {tuple(values.shape)}")
        if not values.is_floating_point() or not bool(values.isfinite().all()):
            raise InputError(
                f"latents must be finite floating-point numbers, got {values.dtype} with others among them"
            )
        if self.labels is not None and (self.labels.shape != (n,) or int(self.labels.min()) < 0):
            raise InputError(f"labels must be ({n},), from 0 on, one for each latent; got {tuple(self.labels.shape)}")
        if self.names and len(self.names) != n:
            raise InputError(f"{n} latents have {n} names or none, got {len(self.names)}")
        _check_noise(self.noise, n)
        object.__setattr__(self, "values", values.float())

    def __len__(self) -> int:
        return len(self.values)

    def _repr_html_(self) -> str:
        numbers, labels = self.values.flatten(1).double(), self.labels
        rows = [
            (
                self.names[at] if self.names else str(at),
                "" if labels is None else str(int(labels[at])),
                f"{float(row.mean()):.3f}",
                f"{float(row.std()):.3f}",
            )
            for at, row in enumerate(numbers)
        ]
        facts = [("space", self.space), ("shape", " x ".join(map(str, self.values.shape)))]
        facts += [("noise", self.noise if isinstance(self.noise, str) else f"{len(self.noise)} maps")]
        facts += [("of", self.generator)] if self.generator else []
        return shown(f"{len(self)} latents", facts=facts, head=("name", "class", "mean", "deviation"), rows=rows)

    def latents(self, rows: slice = slice(None)) -> Latents:
        """Some of them as `sampler.edit` and `compose` take them, numbered from the first on."""
        values = self.values[rows]
        labels = None if self.labels is None else self.labels[rows]
        return Latents(range(len(values)), values, labels, 0, space=self.space)

    def first(self, count: int | None = None, *, start: int = 0) -> LatentSet:
        """The first `count` of them, counted from number `start` on; None for all. InputError for more than there
        are."""
        if not 0 <= start < len(self):
            raise InputError(f"latents 0 to {len(self) - 1} are here, got {start}")
        count = len(self) - start if count is None else count
        if not 1 <= count <= len(self) - start:
            from_there = f" from number {start} on" if start else ""
            raise InputError(f"from 1 to {len(self) - start} latents are here{from_there}, got {count}")
        rows = slice(start, start + count)
        some = noise_rows(self.noise, rows)
        return replace(
            self,
            values=self.values[rows],
            labels=None if self.labels is None else self.labels[rows],
            noise=some if isinstance(some, str) else tuple(some),
            names=self.names[rows],
        )

    def with_label(self, label: int) -> LatentSet:
        """The same of one class."""
        return replace(self, labels=torch.full((len(self),), label, dtype=torch.int64))

    def for_sampler(self, sampler: LatentSampler, *, any_generator: bool = False) -> LatentSet:
        """Itself, on the sampler's device, with a label for each where the generator has classes.

        Errors: CapabilityError for a space that the generator lacks; InputError for other shapes, labels and noise
        than the generator's, for labels that are missing, and, unless `any_generator`, for latents that were found in
        another generator.
        """
        known = known_fingerprints(sampler)
        if self.fingerprint is not None and self.fingerprint not in known and not any_generator:
            raise InputError(
                f"these latents belong to {self.generator or 'a generator'} ({self.fingerprint[:12]}), not to "
                f"{sampler.name} ({min(known)[:12]}); allow it with --any-generator (any_generator=True)"
            )
        device = sampler.device if isinstance(sampler, GeneratorSampler) else self.values.device
        here = replace(
            self,
            values=self.values.to(device),
            labels=None if self.labels is None or not sampler.spec.num_classes else self.labels.to(device),
            noise=self.noise if isinstance(self.noise, str) else tuple(layer.to(device) for layer in self.noise),
        )
        check_latents(sampler, here.latents())
        _check_labels(here, sampler)
        _check_shapes(here.noise, sampler)
        return here


def _check_noise(noise: KeptNoise, n: int) -> None:
    if isinstance(noise, str):
        if noise not in ("const", "zero"):
            raise InputError(f"the noise of latents is const, zero or maps, got {noise!r}")
        return
    for number, layer in enumerate(noise):
        if layer.ndim != 4 or layer.shape[1] != 1 or len(layer) not in (1, n) or not bool(layer.isfinite().all()):
            raise InputError(
                f"noise map {number} must be ({n}, 1, H, W) or (1, 1, H, W) and finite, got {tuple(layer.shape)}"
            )


def _check_labels(latents: LatentSet, sampler: LatentSampler) -> None:
    classes = sampler.spec.num_classes
    if classes and latents.labels is None and (latents.space == "z" or "w" not in sampler.spec.spaces):
        raise InputError(f"{sampler.name} has {classes} classes and these latents have none; name one (--class)")
    if latents.labels is not None and int(latents.labels.max()) >= classes:
        raise InputError(f"{sampler.name} has classes 0 to {classes - 1}, the latents have {int(latents.labels.max())}")


def _check_shapes(noise: KeptNoise, sampler: LatentSampler) -> None:
    if isinstance(noise, str) or not isinstance(sampler, GeneratorSampler):
        return
    expected = [tuple(shape)[-2:] for shape in sampler.generator.noise_shapes]
    given = [tuple(layer.shape)[-2:] for layer in noise]
    if expected != given:
        raise InputError(f"{sampler.name} takes noise of {_sizes(expected)}, the latents come with {_sizes(given)}")


def _sizes(shapes: Sequence[tuple[int, ...]]) -> str:
    return ", ".join(" x ".join(map(str, shape)) for shape in shapes) or "no layer"
