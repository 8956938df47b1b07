"""The vocabulary of what a generator is made of: latent spaces, specifications, latents and batches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ganprobe.core.notebook import shown

if TYPE_CHECKING:
    from torch import Tensor

Space = Literal["z", "w", "w+", "s"]
BatchNoise = Literal["random", "const", "zero"]
"""Per-pixel noise of a sampler's own images: by index, the stored buffers, or none."""
Truncation = float | tuple[float, int]
"""psi, or (psi, layers): for the first layers only."""


@dataclass(frozen=True, slots=True)
class SamplerSpec:
    """What a sampler gives.

    image_shape: (3, H, W). num_classes: 0 where images carry no label. spaces: the latent spaces by name with the
    shape of one latent, such as {"z": (512,), "w": (512,), "w+": (18, 512)}; empty for images alone.
    length: how many samples there are; None where there is no end. class_names: of labels 0 to num_classes - 1; ()
    where they are not known.
    """

    image_shape: tuple[int, int, int]
    num_classes: int = 0
    spaces: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    length: int | None = None
    class_names: tuple[str, ...] = ()

    @property
    def block(self) -> int:
        """How many consecutive samples are computed together, whatever the batch size, so that sample i comes out
        the same bit for bit in every batch: 64, and fewer for large images to bound memory."""
        _, height, width = self.image_shape
        return int(min(64, max(4, 2**22 // (height * width))))


@dataclass(frozen=True, slots=True)
class Latents:
    """Latents of consecutive indices: z (N, dim) float32; labels (N,) int64 or None; the seed they were drawn from,
    which keys the per-layer noise too. space: that of the numbers in `z`, where they are of another space than z: as a
    sampler's `spec.spaces` has their shapes."""

    index: range
    z: Tensor
    labels: Tensor | None
    seed: int
    space: Space = "z"

    def _repr_html_(self) -> str:
        numbers = self.z.flatten(1).double()
        labels = [""] * len(numbers) if self.labels is None else [str(label) for label in self.labels.tolist()]
        rows = [
            (str(index), label, f"{float(row.mean()):.3f}", f"{float(row.std()):.3f}")
            for index, label, row in zip(self.index, labels, numbers, strict=True)
        ]
        facts = [("space", self.space), ("shape", " x ".join(map(str, self.z.shape))), ("seed", self.seed)]
        return shown("Latents", facts=facts, head=("index", "class", "mean", "deviation"), rows=rows)


@dataclass(frozen=True, slots=True)
class Batch:
    """Images (N, 3, H, W) of consecutive indices, float32 in [-1, 1] (a generator's may stray outside);
    labels (N,) int64 or None; latents where the sampler has any."""

    index: range
    images: Tensor
    labels: Tensor | None = None
    latents: Latents | None = None
