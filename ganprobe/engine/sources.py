"""Where columns come from: images through an extractor, or pairs on a path through a perceptual distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, final

import torch
from torch import Tensor

from ganprobe.core.errors import DataError
from ganprobe.core.protocols import Columns, FeatureExtractor, Sampler
from ganprobe.samplers.blocks import BlockCache
from ganprobe.samplers.paths import PathPairs

Distance = Callable[[Tensor, Tensor], Tensor]


class ColumnSource(Protocol):
    """Rows `index` of named columns; `check` raises for what turned out bad in the rows given so far."""

    @property
    def name(self) -> str: ...
    def columns(self, index: range) -> Columns: ...
    def check(self) -> None: ...


@final
class FiniteCheck:
    """Collects, on the device, which samples were finite, and asks the host only when told to."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._flags: list[tuple[range, Tensor]] = []

    def note(self, index: range, values: Tensor) -> None:
        """Remember for each row of `values` (N, ...) whether all of it is finite."""
        self._flags.append((index, torch.isfinite(values.reshape(len(values), -1)).all(dim=1)))

    def settle(self) -> None:
        """DataError naming the first indices that were not finite, if any."""
        if not self._flags:
            return
        good = torch.cat([flags for _, flags in self._flags]).cpu().tolist()
        numbers = [i for index, _ in self._flags for i in index]
        self._flags.clear()
        bad = [i for i, fine in zip(numbers, good, strict=True) if not fine]
        if bad:
            some = ", ".join(map(str, bad[:8])) + (", ..." if len(bad) > 8 else "")
            raise DataError(
                f"{self._what}: {len(bad)} of {len(good)} samples are not finite (indices {some}); "
                "finite images were expected: check the weights and the precision"
            )


@final
class ImageColumns:
    """Images of a sampler, observed by an extractor."""

    def __init__(self, sampler: Sampler, extractor: FeatureExtractor, *, seed: int, device: torch.device) -> None:
        self.name = f"images of {sampler.name}"
        self._sampler, self._extractor, self._seed, self._device = sampler, extractor, seed, device
        self._finite = FiniteCheck(f"images of {sampler.name}")

    def columns(self, index: range) -> Columns:
        """The extractor's columns, "index" (N,) and, where there are any, "label" (N,)."""
        batch = self._sampler.batch(index, seed=self._seed)
        images = batch.images.to(self._device)
        self._finite.note(index, images)
        columns = {**self._extractor.observe(images), "index": torch.arange(index.start, index.stop)}
        return columns if batch.labels is None else {**columns, "label": batch.labels}

    def check(self) -> None:
        """DataError if an image was not finite."""
        self._finite.settle()


@final
class PathColumns:
    """Distances between the pairs of a path, over epsilon squared: one row a pair.

    Both images and distances are computed in aligned blocks: a distance of 1e-4 between images shows their last bits.
    """

    def __init__(self, pairs: PathPairs, distance: Distance, *, seed: int) -> None:
        self._pairs, self._distance, self._seed = pairs, distance, seed
        self._column = f"path.{pairs.spec.name}"
        self.name = f"pairs of {pairs.sampler.name} ({pairs.spec.name})"
        self._finite = FiniteCheck(f"path lengths of {pairs.sampler.name}")
        self._blocks: BlockCache[tuple[Tensor, ...]] = BlockCache(self._block, pairs.sampler.spec.block)

    def columns(self, index: range) -> Columns:
        """ "path.<space>_<sampling>" (N,) float64 and "index" (N,)."""
        (lengths,) = self._blocks.rows(index, seed=self._seed)
        self._finite.note(index, lengths)
        return {self._column: lengths, "index": torch.arange(index.start, index.stop)}

    def check(self) -> None:
        """DataError if a distance was not finite."""
        self._finite.settle()

    def _block(self, index: range, seed: int) -> tuple[Tensor, ...]:
        a, b = self._pairs.pairs(index, seed=seed)
        with torch.inference_mode():
            return (self._distance(a, b).double() / self._pairs.spec.epsilon**2,)
