"""Latents of a training batch, and a shift of them: what a latent transformation adds."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Shift:
    """What is added to z, (N, z_dim) each: `first` for the layers before `crossover` (N,), `second` from there on.
    Where there is no second, `first` is for all layers."""

    first: Tensor
    second: Tensor | None = None
    crossover: Tensor | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Latents:
    """z (N, z_dim) and labels (N,). Of style-based generators also: `mixed` (N, z_dim), which takes over in the layers
    from `crossover` (N,) on, and the per-pixel noise, (N, 1, H, W) a layer. shift: added to all of it."""

    z: Tensor
    labels: Tensor | None = None
    mixed: Tensor | None = None
    crossover: Tensor | None = None
    noise: tuple[Tensor, ...] = ()
    shift: Shift | None = None

    def __len__(self) -> int:
        return len(self.z)

    def shifted(self, shift: Shift) -> Latents:
        """The same images, transformed: labels and noise stay."""
        return replace(self, shift=shift)

    def rows(self, start: int, stop: int) -> Latents:
        """Rows from `start` to before `stop`."""
        cut = slice(start, stop)
        shift = self.shift
        return Latents(
            z=self.z[cut],
            labels=_cut(self.labels, cut),
            mixed=_cut(self.mixed, cut),
            crossover=_cut(self.crossover, cut),
            noise=tuple(layer[cut] for layer in self.noise),
            shift=shift
            and Shift(first=shift.first[cut], second=_cut(shift.second, cut), crossover=_cut(shift.crossover, cut)),
        )

    @property
    def moved_z(self) -> Tensor:
        """z with its shift, for generators without styles."""
        return self.z if self.shift is None else self.z + self.shift.first


def _cut(rows: Tensor | None, part: slice) -> Tensor | None:
    return None if rows is None else rows[part]


def joined(latents: list[Latents]) -> tuple[Tensor, Tensor | None]:
    """z and labels of all, one after the other."""
    z = torch.cat([each.moved_z for each in latents])
    labels = [each.labels for each in latents if each.labels is not None]
    return z, torch.cat(labels) if labels else None
