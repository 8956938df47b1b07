"""The random numbers of a training step: each a function of (seed, purpose, step), so that nothing random need be
saved and a run that goes on draws what it would have drawn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.streams import derive_seed, stream
from ganprobe.generators.base import NoiseShapes


@dataclass(frozen=True, slots=True)
class Draws:
    """The streams of one update: `update` counts generator steps or discriminator steps, told apart by `who`."""

    seed: int
    who: str
    update: int
    device: torch.device

    def normal(self, purpose: str, shape: tuple[int, ...]) -> Tensor:
        """Standard normals of `shape`, float32."""
        values = self._stream(purpose).standard_normal(shape, dtype=np.float32)
        return torch.from_numpy(values).to(self.device)

    def uniform(self, purpose: str, n: int) -> NDArray[np.float64]:
        """Uniform numbers in [0, 1), (n,), on the host."""
        return self._stream(purpose).random(n)

    def integers(self, purpose: str, n: int, *, low: int = 0, below: int) -> Tensor:
        """Uniform integers in [low, below), (n,) int64."""
        return torch.from_numpy(self._stream(purpose).integers(low, below, n)).to(self.device)

    def labels(self, n: int, num_classes: int) -> Tensor | None:
        """Uniform class labels (n,); None where there are no classes."""
        return self.integers("labels", n, below=num_classes) if num_classes else None

    def noise(self, n: int, shapes: NoiseShapes) -> list[Tensor]:
        """Per-pixel noise (n, 1, H, W) for each shape, drawn on the device: it is too much to draw elsewhere."""
        source = torch.Generator(self.device)
        source.manual_seed(derive_seed(self.seed, "train", self.who, "noise", self.update))
        return [torch.randn((n, 1, *shape), generator=source, device=self.device) for shape in shapes]

    def _stream(self, purpose: str) -> np.random.Generator:
        return stream(self.seed, "train", self.who, purpose, self.update)
