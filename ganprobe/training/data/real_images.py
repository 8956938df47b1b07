"""The stream of real images: position p of it is a pure function of (seed, p), read one batch ahead."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.streams import stream, uniform
from ganprobe.training.data.source import ImageSource, read_square


class RealImages:
    """The endless stream that runs through the source epoch after epoch, each in an order of its own.

    A context manager: leaving it ends the thread that reads ahead.
    """

    def __init__(self, source: ImageSource, *, seed: int, flips: bool, resolution: int) -> None:
        self.source, self.flips, self.resolution = source, flips, resolution
        self._seed = seed
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
        n = len(self.source)
        epochs = range(positions.start // n, -(-positions.stop // n))
        parts = [self._epoch(e)[max(positions.start - e * n, 0) : positions.stop - e * n] for e in epochs]
        return np.concatenate(parts)

    def mirrored(self, positions: range) -> NDArray[np.bool_]:
        """Whether the images at `positions` are mirrored: half of them, where the stream flips at all."""
        if not self.flips:
            return np.zeros(len(positions), dtype=np.bool_)
        return uniform(self._seed, "train.flip", positions) < 0.5

    def labels(self, positions: range) -> NDArray[np.int64] | None:
        """The classes of the images at `positions`; None where the source has none."""
        labels = self.source.labels
        return None if labels is None else labels[self.rows(positions)].astype(np.int64)

    def pixels(self, positions: range) -> NDArray[np.uint8]:
        """The images at `positions` (N, 3, H, W) as they lie in the source, not mirrored; those of the next as many
        positions are being read when this returns."""
        found = self._take(positions)
        after = range(positions.stop, positions.stop + len(positions))
        self._ahead = (after, self._reader.submit(self._read, after))
        return found

    def _take(self, positions: range) -> NDArray[np.uint8]:
        if self._ahead is not None and self._ahead[0] == positions:
            return self._ahead[1].result()
        return self._reader.submit(self._read, positions).result()

    def _read(self, positions: range) -> NDArray[np.uint8]:
        return read_square(self.source, self.rows(positions), self.resolution)

    def _epoch(self, epoch: int) -> NDArray[np.int64]:
        # The reader's thread and the caller's may be in different epochs: the pair is replaced whole.
        known = self._order
        if known is None or known[0] != epoch:
            known = (epoch, stream(self._seed, "train.order", epoch).permutation(len(self.source)).astype(np.int64))
            self._order = known
        return known[1]
