"""Where columns come from: images through an extractor, or pairs on a path through a perceptual distance."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, final

import torch
from torch import Tensor

from ganprobe.core.errors import DataError
from ganprobe.core.protocols import Columns, FeatureExtractor, Sampler
from ganprobe.metrics.arrays import widened
from ganprobe.samplers.blocks import BlockCache
from ganprobe.samplers.paths import PathPairs

Distance = Callable[[Tensor, Tensor], Tensor]


class ColumnSource(Protocol):
    """Rows `index` of named columns; `check` raises for what turned out bad in the rows given so far."""

    @property
    def name(self) -> str: ...
    def columns(self, index: range) -> Columns: ...
    def check(self) -> None: ...


def finite_rows(values: Tensor) -> Tensor:
    """(N,) bool: whether all of each row of `values` (N, ...) is finite."""
    return torch.isfinite(values.reshape(len(values), -1)).all(dim=1)


@final
class FiniteCheck:
    """Collects, on the device, which samples are finite, and asks the host only when told to."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._flags: list[tuple[range, Tensor]] = []

    def note(self, index: range, finite: Tensor) -> None:
        """Remember for each of `index` whether it is `finite` (N,) bool."""
        self._flags.append((index, finite))

    def settle(self) -> None:
        """DataError naming the first indices noted since the last time that are not finite, if any."""
        if not self._flags:
            return
        good = torch.cat([flags for _, flags in self._flags]).cpu().tolist()
        numbers = [i for index, _ in self._flags for i in index]
        self._flags.clear()
        bad = [i for i, fine in zip(numbers, good, strict=True) if not fine]
        if bad:
            some = ", ".join(map(str, bad[:8])) + (", ..." if len(bad) > 8 else "")
            raise DataError(
                f"{self._what}: {len(bad)} of samples {numbers[0]} to {numbers[-1]} are not finite (indices {some}); "
                "finite images were expected: check the weights and the precision"
            )


@final
class ImageColumns:
    """Images of a sampler, observed by an extractor.

    Whole aligned blocks are observed, as they are generated: the last bits of a feature depend on the batch's shape
    too, and so every column comes out the same bit for bit at any batch size.
    """

    def __init__(self, sampler: Sampler, extractor: FeatureExtractor, *, seed: int, device: torch.device) -> None:
        self.name = f"images of {sampler.name}"
        self._sampler, self._extractor, self._seed, self._device = sampler, extractor, seed, device
        self._names: tuple[str, ...] = ()
        self._finite = FiniteCheck(self.name)
        self._blocks: BlockCache[tuple[Tensor, ...]] = BlockCache(self._block, sampler.spec.block)

    def columns(self, index: range) -> Columns:
        """The extractor's columns, "index" (N,) and, where there are any, "label" (N,)."""
        finite, *rows = self._blocks.rows(index, seed=self._seed)
        self._finite.note(index, finite)
        return {**dict(zip(self._names, rows, strict=True)), "index": torch.arange(index.start, index.stop)}

    def check(self) -> None:
        """DataError if an image was not finite."""
        self._finite.settle()

    def _block(self, index: range, seed: int) -> tuple[Tensor, ...]:
        length = self._sampler.spec.length
        here = index if length is None else range(index.start, min(index.stop, length))
        batch = self._sampler.batch(here, seed=seed)
        images = batch.images.to(self._device)
        columns = dict(self._extractor.observe(images))
        if batch.labels is not None:
            columns["label"] = batch.labels
        self._names = tuple(columns)
        return (finite_rows(images), *columns.values())


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
        self._finite.note(index, finite_rows(lengths))
        return {self._column: lengths, "index": torch.arange(index.start, index.stop)}

    def check(self) -> None:
        """DataError if a distance was not finite."""
        self._finite.settle()

    def _block(self, index: range, seed: int) -> tuple[Tensor, ...]:
        a, b = self._pairs.pairs(index, seed=seed)
        with torch.inference_mode():
            return (widened(self._distance(a, b)) / self._pairs.spec.epsilon**2,)
