"""The state of a metric that trains on images: their pixels with their labels.

>>> pixels = torch.zeros(2, 3, 4, 4, dtype=torch.uint8)
>>> made = {"index": torch.arange(2), "pixels": pixels, "label": torch.tensor([1, 0])}
>>> images, labels = ImagesKeeper().update(ImagesKeeper().empty(), made).arrays()
>>> images.shape, labels.tolist()
((2, 3, 4, 4), [1, 0])
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray

from ganprobe.core.columns import LABEL, PIXELS
from ganprobe.core.protocols import Columns
from ganprobe.metrics.arrays import to_array
from ganprobe.metrics.base import taken
from ganprobe.metrics.states.rows import KeptRows
from ganprobe.probes.cas.protocol import MOST_IMAGES


@dataclass(frozen=True, slots=True)
class LabelledImages:
    """Rows of pixels, uint8, and of labels, under the same indices."""

    pixels: KeptRows = field(default_factory=lambda: KeptRows(MOST_IMAGES))
    labels: KeptRows = field(default_factory=lambda: KeptRows(MOST_IMAGES))

    @property
    def count(self) -> int:
        return len(self.pixels.index)

    def arrays(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        """Images (N, 3, H, W) and labels (N,) by ascending index."""
        images, labels = self.pixels.whole()[1], self.labels.whole()[1]
        return np.ascontiguousarray(to_array(images)), to_array(labels).astype(np.int64).reshape(-1)


@final
@dataclass(frozen=True, slots=True)
class ImagesKeeper:
    """Keeps at most 50,000 images, a uniform sample of them, whatever order they come in."""

    @property
    def needs(self) -> frozenset[str]:
        return frozenset({PIXELS, LABEL})

    @property
    def key(self) -> str:
        return f"images:{MOST_IMAGES}"

    def empty(self) -> LabelledImages:
        return LabelledImages()

    def update(self, state: LabelledImages, columns: Columns) -> LabelledImages:
        index, pixels = taken(columns, PIXELS, ndim=4)
        labels = taken(columns, LABEL, ndim=1)[1].to(torch.float32)[:, None]
        return LabelledImages(state.pixels.added(index, pixels), state.labels.added(index, labels))

    def merge(self, a: LabelledImages, b: LabelledImages) -> LabelledImages:
        return LabelledImages(a.pixels.joined(b.pixels), a.labels.joined(b.labels))

    def pack(self, state: LabelledImages) -> dict[str, NDArray[Any]]:
        pixels, labels = state.pixels.pack(), state.labels.pack()
        return {**pixels, "labels": labels["rows"]}

    def unpack(self, arrays: Mapping[str, NDArray[Any]]) -> LabelledImages:
        pixels = KeptRows.unpack(arrays)
        return LabelledImages(pixels, KeptRows.unpack({**arrays, "rows": arrays["labels"]}))
