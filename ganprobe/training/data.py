"""The stream of real images: position p of the stream is a pure function of (seed, p), read one batch ahead."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ganprobe.core.errors import DataError
from ganprobe.core.progress import Track
from ganprobe.core.streams import stream, uniform

IN_MEMORY = 2 * 2**30


class ImageSource(Protocol):
    """Images by number: labels (len,) int64 or None; read(index) gives uint8 (N, 3, H, W)."""

    def __len__(self) -> int: ...
    @property
    def labels(self) -> NDArray[np.int64] | None: ...
    def read(self, index: NDArray[np.int64]) -> NDArray[np.uint8]: ...


@dataclass(frozen=True, slots=True)
class ArraySource:
    """Images that lie in memory: uint8 (N, 3, H, W), labels (N,) or None."""

    images: NDArray[np.uint8]
    labels: NDArray[np.int64] | None = None

    def __len__(self) -> int:
        return len(self.images)

    def read(self, index: NDArray[np.int64]) -> NDArray[np.uint8]:
        return self.images[index]


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What a run must know of its data: how many images, their side, the classes, and a hash of a sample of them."""

    images: int
    resolution: int
    num_classes: int
    fingerprint: str


def examine(source: ImageSource) -> DataFacts:
    """The facts of a source, from 16 of its images. DataError where it is empty or its images are not square."""
    if len(source) == 0:
        raise DataError("the training data holds no images; name a folder, archive or array that does")
    probes = np.unique(np.linspace(0, len(source) - 1, 16).astype(np.int64))
    sample = source.read(probes)
    if sample.dtype != np.uint8 or sample.ndim != 4 or sample.shape[1] != 3 or sample.shape[2] != sample.shape[3]:
        raise DataError(f"training needs square images, uint8 N x 3 x H x H, got {sample.dtype} {sample.shape}")
    labels = source.labels
    digest = hashlib.sha256(np.ascontiguousarray(sample).tobytes())
    if labels is not None:
        digest.update(np.ascontiguousarray(labels, dtype=np.int64).tobytes())
    classes = 0 if labels is None else int(labels.max()) + 1
    return DataFacts(len(source), int(sample.shape[2]), classes, digest.hexdigest())


def held_in_memory(source: ImageSource, facts: DataFacts) -> ImageSource:
    """The source read whole where that takes at most 2 GiB, so that no image is decoded twice; else itself."""
    shape = (facts.images, 3, facts.resolution, facts.resolution)
    if int(np.prod(shape, dtype=np.int64)) > IN_MEMORY:
        return source
    images = np.empty(shape, dtype=np.uint8)
    with Track("reading the training images", facts.images) as track:
        for first in range(0, facts.images, 512):
            index = np.arange(first, min(first + 512, facts.images))
            images[index] = _read(source, index, facts.resolution)
            track.advance(len(index))
    return ArraySource(images, source.labels)


def _read(source: ImageSource, index: NDArray[np.int64], resolution: int) -> NDArray[np.uint8]:
    images = source.read(index)
    if images.shape != (len(index), 3, resolution, resolution):
        raise DataError(f"training images must all be {resolution} x {resolution}, got a batch {images.shape}")
    return images


@dataclass(frozen=True, slots=True)
class RealBatch:
    """Real images (N, 3, H, W), float32 in [-1, 1], and labels (N,) int64 or None."""

    images: Tensor
    labels: Tensor | None


class RealImages:
    """Batches of the endless stream that runs through the source epoch after epoch, each in an order of its own.

    A context manager: leaving it ends the thread that reads ahead.
    """

    def __init__(self, source: ImageSource, *, seed: int, flips: bool, resolution: int, device: torch.device) -> None:
        self._source, self._seed, self._flips = source, seed, flips
        self._resolution, self._device = resolution, device
        self._order: tuple[int, NDArray[np.int64]] | None = None
        self._reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="real-images")
        self._ahead: tuple[range, Future[NDArray[np.uint8]]] | None = None

    def __enter__(self) -> RealImages:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._reader.shutdown(wait=True, cancel_futures=True)

    def rows(self, positions: range) -> NDArray[np.int64]:
        """The image numbers at `positions`: each epoch is a permutation of the source."""
        n = len(self._source)
        epochs = range(positions.start // n, -(-positions.stop // n))
        parts = [self._epoch(e)[max(positions.start - e * n, 0) : positions.stop - e * n] for e in epochs]
        return np.concatenate(parts)

    def batch(self, positions: range) -> RealBatch:
        """The images at `positions`; the next batch of the same size is being read when this returns."""
        images = self._take(positions)
        self._ahead = (_after(positions), self._reader.submit(self._images, _after(positions)))
        tensor = torch.from_numpy(images).to(self._device).to(torch.float32) / 127.5 - 1
        labels = self._source.labels
        if labels is None:
            return RealBatch(tensor, None)
        return RealBatch(tensor, torch.from_numpy(labels[self.rows(positions)].astype(np.int64)).to(self._device))

    def _take(self, positions: range) -> NDArray[np.uint8]:
        if self._ahead is not None and self._ahead[0] == positions:
            return self._ahead[1].result()
        return self._reader.submit(self._images, positions).result()

    def _images(self, positions: range) -> NDArray[np.uint8]:
        images = _read(self._source, self.rows(positions), self._resolution)
        if self._flips:
            flip = uniform(self._seed, "train.flip", positions) < 0.5
            images = np.where(flip[:, None, None, None], images[..., ::-1], images)
        return np.ascontiguousarray(images)

    def _epoch(self, epoch: int) -> NDArray[np.int64]:
        # The reader's thread and the caller's may be in different epochs: the pair is replaced whole.
        known = self._order
        if known is None or known[0] != epoch:
            known = (epoch, stream(self._seed, "train.order", epoch).permutation(len(self._source)).astype(np.int64))
            self._order = known
        return known[1]


def _after(positions: range) -> range:
    return range(positions.stop, positions.stop + len(positions))
