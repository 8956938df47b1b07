"""Images by number, and what a run must know of them before it starts."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import DataError
from ganprobe.core.progress import Track

IN_MEMORY = 2 * 2**30
AT_ONCE = 512


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


class Labelled(Protocol):
    """What tells its classes, as a set of images does."""

    @property
    def class_names(self) -> tuple[str, ...]: ...
    @property
    def classes_said(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Classes:
    """names: of the labels, () where they are not known. said: in a line, which they are and what says so, or why there
    are none."""

    names: tuple[str, ...] = ()
    said: str = ""

    @staticmethod
    def of(source: Labelled) -> Classes:
        return Classes(source.class_names, source.classes_said)


@dataclass(frozen=True, slots=True)
class DataFacts:
    """What a run must know of its data: how many images, their side, the classes, and a hash of a sample of them."""

    images: int
    resolution: int
    num_classes: int
    fingerprint: str


def examine(source: ImageSource, *, named: int = 0) -> DataFacts:
    """The facts of a source, from 16 of its images. named: how many classes have names, of which some may have no image
    here. DataError where it is empty or its images are not square."""
    if len(source) == 0:
        raise DataError("the training data holds no images; name a folder, archive or array that does")
    probes = np.unique(np.linspace(0, len(source) - 1, 16).astype(np.int64))
    sample = source.read(probes)
    if sample.dtype != np.uint8 or sample.ndim != 4 or sample.shape[1] != 3 or sample.shape[2] != sample.shape[3]:
        raise DataError(
            f"training needs square images, uint8 N x 3 x H x H, got {sample.dtype} {sample.shape}; a resolution "
            "(--resolution N) crops their middle and brings them to N x N"
        )
    labels = source.labels
    digest = hashlib.sha256(np.ascontiguousarray(sample).tobytes())
    if labels is not None:
        digest.update(np.ascontiguousarray(labels, dtype=np.int64).tobytes())
    classes = 0 if labels is None else max(int(labels.max()) + 1, named)
    return DataFacts(len(source), int(sample.shape[2]), classes, digest.hexdigest())


def held_in_memory(source: ImageSource, facts: DataFacts) -> ImageSource:
    """The source read whole where that takes at most 2 GiB, so that no image is decoded twice; else itself."""
    shape = (facts.images, 3, facts.resolution, facts.resolution)
    if isinstance(source, ArraySource) or int(np.prod(shape, dtype=np.int64)) > IN_MEMORY:
        return source
    images = np.empty(shape, dtype=np.uint8)
    with Track("reading the training images", facts.images) as track:
        for first in range(0, facts.images, AT_ONCE):
            index = np.arange(first, min(first + AT_ONCE, facts.images))
            images[index] = read_square(source, index, facts.resolution)
            track.advance(len(index))
    return ArraySource(images, source.labels)


def read_square(source: ImageSource, index: NDArray[np.int64], resolution: int) -> NDArray[np.uint8]:
    """Images `index` (N, 3, resolution, resolution). DataError where one has another size."""
    images = source.read(index)
    if images.shape != (len(index), 3, resolution, resolution):
        raise DataError(f"training images must all be {resolution} x {resolution}, got a batch {images.shape}")
    return images
