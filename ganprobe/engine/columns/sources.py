"""Where columns come from: images through an extractor, or pairs of images through distances."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Protocol, final

import torch
from torch import Tensor

from ganprobe.core.devices.convolutions import steady_convolutions
from ganprobe.core.devices.memory import Portions, joined
from ganprobe.core.devices.transfer import sent
from ganprobe.core.errors import DataError
from ganprobe.core.protocols import Columns, FeatureExtractor, Sampler
from ganprobe.metrics.arrays import widened
from ganprobe.samplers.blocks import BlockCache

Distance = Callable[[Tensor, Tensor], Tensor]


class ColumnSource(Protocol):
    """Rows `index` of named columns; `check` raises for what turned out bad in the rows given so far."""

    @property
    def name(self) -> str: ...
    @property
    def block(self) -> int:
        """How many consecutive rows are computed together."""
        ...

    @property
    def fingerprint(self) -> str:
        """sha256 (hex) of all that the rows follow from."""
        ...

    def columns(self, index: range) -> Columns: ...
    def check(self) -> None: ...


def finite_rows(values: Tensor) -> Tensor:
    """(N,) bool: whether all of each row of `values` (N, ...) is finite."""
    return torch.isfinite(values.reshape(len(values), -1)).all(dim=1)


def _digest(*words: str | int) -> str:
    return hashlib.sha256("\x1f".join(map(str, words)).encode()).hexdigest()


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
        # Once each: rows are noted again where they are taken again, with less at a time.
        bad = list(dict.fromkeys(i for i, fine in zip(numbers, good, strict=True) if not fine))
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
    too, and so every column comes out the same bit for bit at any batch size. relabel: what makes of the sampler's
    labels (N,) those of the column.
    """

    def __init__(
        self,
        sampler: Sampler,
        extractor: FeatureExtractor,
        *,
        seed: int,
        device: torch.device,
        relabel: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        self.name = f"images of {sampler.name}"
        self._relabel = relabel
        self._sampler, self._extractor, self._seed, self._device = sampler, extractor, seed, device
        self.block = sampler.spec.block
        self.fingerprint = _digest(sampler.fingerprint, extractor.fingerprint, seed)
        self._names: tuple[str, ...] = ()
        self._finite, self._portions = FiniteCheck(self.name), Portions(f"{self.name} are looked at")
        self._blocks: BlockCache[tuple[Tensor, ...]] = BlockCache(self._rows, self.block)

    def columns(self, index: range) -> Columns:
        """The extractor's columns, "index" (N,) and, where there are any, "label" (N,)."""
        finite, *rows = self._blocks.rows(index, seed=self._seed)
        self._finite.note(index, finite)
        return {**dict(zip(self._names, rows, strict=True)), "index": torch.arange(index.start, index.stop)}

    def check(self) -> None:
        """DataError if an image was not finite."""
        self._finite.settle()

    def _rows(self, index: range, seed: int) -> tuple[Tensor, ...]:
        length = self._sampler.spec.length
        here = index if length is None else range(index.start, min(index.stop, length))
        with steady_convolutions():
            batch = self._sampler.batch(here, seed=seed)
            images = sent(batch.images, self._device)

            def look(part: range) -> Columns:
                return self._extractor.observe(images[part.start : part.stop])

            parts = list(self._portions.over(range(len(images)), look))
        columns = {name: joined(part[name] for part in parts) for name in parts[0]}
        if batch.labels is not None:
            labels = batch.labels if self._relabel is None else self._relabel(batch.labels)
            columns["label"] = sent(labels, self._device)
        self._names = tuple(columns)
        return (finite_rows(images), *columns.values())


class Pairs(Protocol):
    """Pairs of images by number, with the class that both have where there are classes."""

    @property
    def name(self) -> str: ...
    @property
    def sampler(self) -> Sampler: ...
    def pairs(self, index: range, *, seed: int) -> tuple[Tensor, Tensor]: ...
    def labels(self, index: range, *, seed: int) -> Tensor | None: ...


@final
class PairColumns:
    """Distances between pairs of images, times `scale`: one row a pair, a column for each of `distances`.

    Both images and distances are computed in aligned blocks: a distance of 1e-4 between images shows their last bits.
    """

    def __init__(self, pairs: Pairs, distances: Mapping[str, Distance], *, seed: int, scale: float = 1.0) -> None:
        self._pairs, self._distances, self._seed, self._scale = pairs, dict(distances), seed, scale
        self.name, self.block = pairs.name, pairs.sampler.spec.block
        self.fingerprint = _digest(pairs.sampler.fingerprint, *self._distances, seed)
        self._finite, self._portions = FiniteCheck(f"distances of {pairs.name}"), Portions(f"{pairs.name} are compared")
        self._blocks: BlockCache[tuple[Tensor, ...]] = BlockCache(self._rows, self.block)
        self._labelled = False

    def columns(self, index: range) -> Columns:
        """Each distance (N,) float64 under its name, "index" (N,) and, where there are classes, "label" (N,)."""
        rows = self._blocks.rows(index, seed=self._seed)
        self._finite.note(index, finite_rows(torch.stack(rows[: len(self._distances)], dim=1)))
        names = (*self._distances, "label") if self._labelled else tuple(self._distances)
        return {**dict(zip(names, rows, strict=True)), "index": torch.arange(index.start, index.stop)}

    def check(self) -> None:
        """DataError if a distance was not finite."""
        self._finite.settle()

    def _rows(self, index: range, seed: int) -> tuple[Tensor, ...]:
        labels = self._pairs.labels(index, seed=seed)
        self._labelled = labels is not None
        with steady_convolutions():
            a, b = self._pairs.pairs(index, seed=seed)

            @torch.inference_mode()
            def compare(part: range) -> tuple[Tensor, ...]:
                some, others = (side[part.start : part.stop] for side in (a, b))
                return tuple(widened(call(some, others)) * self._scale for call in self._distances.values())

            rows = tuple(map(joined, zip(*self._portions.over(range(len(a)), compare), strict=True)))
        return rows if labels is None else (*rows, labels)
