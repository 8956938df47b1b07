"""Several networks that look at the same images, as one extractor."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from typing import final

from torch import Tensor

from ganprobe.core.protocols import Columns, FeatureExtractor


@final
class CombinedExtractor:
    """The columns of all `parts`, which must not provide the same one."""

    def __init__(self, parts: Sequence[FeatureExtractor]) -> None:
        self._parts = tuple(parts)
        self.provides = frozenset[str]().union(*(part.provides for part in parts))
        self.fingerprint = hashlib.sha256("\x1f".join(part.fingerprint for part in parts).encode()).hexdigest()

    def observe(self, images: Tensor) -> Columns:
        """Float images (N, 3, H, W) in [-1, 1]; errors as those of the parts."""
        return {name: column for part in self._parts for name, column in part.observe(images).items()}


def narrowed(parts: Sequence[FeatureExtractor], columns: Collection[str]) -> FeatureExtractor:
    """The `parts` that give some of `columns`, as one extractor."""
    chosen = [part for part in parts if not part.provides.isdisjoint(columns)]
    return chosen[0] if len(chosen) == 1 else CombinedExtractor(chosen)
