"""Generators without W: z, with labels where there are classes, to images.

Abstract: a network says what its spec and its training pass are; what `map` and `synthesize` mean is told here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import torch
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.spaces import SamplerSpec, Space, Truncation
from ganprobe.generators.base import Generator, resolve_noise


class DirectGenerator(Generator):
    """Abstract: its `config` has resolution, z_dim and, where there may be classes, num_classes; its `forward` takes z
    (N, z_dim) and labels (N,) to images in [-1, 1], with the batch's statistics in training mode."""

    @property
    def num_classes(self) -> int:
        """0 where the network takes no labels."""
        return 0

    @property
    def spec(self) -> SamplerSpec:
        """Images of config.resolution, the classes, and z alone."""
        side = self.config.resolution
        return SamplerSpec((3, side, side), self.num_classes, {"z": (self.config.z_dim,)})

    def map(self, z: Tensor, labels: Tensor | None = None) -> NoReturn:
        """CapabilityError: there is no W."""
        raise CapabilityError(f"{self.architecture} has no W: it maps z to images directly; ask for space z")

    def synthesize(
        self,
        latents: Tensor,
        *,
        space: Space,
        labels: Tensor | None = None,
        noise: str | int | Sequence[Tensor] = "const",
        truncation: Truncation = 1.0,
    ) -> Tensor:
        """z (N, z_dim), with labels (N,) int64 where there are classes, to images (N, 3, H, W), float32 in [-1, 1].

        noise plays no part, since there are no noise inputs, and neither do labels without classes. CapabilityError for
        a space other than z and for a truncation other than 1; InputError for latents or labels that are missing,
        misshapen or out of range.
        """
        if space != "z":
            raise CapabilityError(f"{self.architecture} has no space {space!r}: it maps z to images; ask for space 'z'")
        if (truncation[0] if isinstance(truncation, tuple) else truncation) != 1.0:
            raise CapabilityError(
                f"{self.architecture} has no W to truncate, got truncation={truncation}; "
                "it truncates z when drawing: ganprobe.load(..., truncation=threshold)"
            )
        resolve_noise(noise, [], len(latents))
        if latents.ndim != 2 or latents.shape[1] != self.config.z_dim:
            raise InputError(f"z must be of shape N x {self.config.z_dim}, got {tuple(latents.shape)}")
        if self.num_classes:
            checked_labels(labels, len(latents), self.num_classes, of=self.architecture)
        images: Tensor = self(latents, labels)
        return images


def checked_labels(labels: Tensor | None, n: int, classes: int, *, of: str) -> Tensor:
    """The labels (n,), int64 from 0 to classes - 1. InputError where they are missing or anything else; of: whose."""
    if labels is None:
        raise InputError(f"{of} is conditional: give labels of shape ({n},), integers from 0 to {classes - 1}")
    if labels.shape != (n,) or labels.dtype != torch.int64:
        raise InputError(f"labels must be int64 of shape ({n},), got {labels.dtype} of shape {tuple(labels.shape)}")
    if n and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
        raise InputError(
            f"labels must be from 0 to {classes - 1}, got values from {int(labels.min())} to {int(labels.max())}"
        )
    return labels
