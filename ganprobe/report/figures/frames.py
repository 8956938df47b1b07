"""Frames of directions as WebP, as many, as large and as fine as fit in a page."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ganprobe.report.records.directions import Frames

MOST_BYTES: Final = 9_500_000
"""Of all frames of a page, so that it stays under 15 MB once they are written as text."""
MOST_CARDS: Final = 300
SIDE: Final = 256
_MOST_PIXELS: Final = 40_000_000
_ALL: Final = 1_000_000
_RUNGS: Final = (
    (_ALL, 1, 1.0),
    (_ALL, 2, 1.0),
    (4, 2, 1.0),
    (4, 2, 0.75),
    (3, 2, 0.5),
    (2, 2, 0.5),
    (2, 4, 0.5),
    (1, 4, 0.375),
)
"""Samples, which strengths (every so many), and the share of the side, from the best page down."""
_QUALITIES: Final = (82, 60, 35, 10)


@dataclass(frozen=True, slots=True)
class Encoded:
    """What is shown of some frames: strengths (S,), and for every row its S pictures as WebP; their width and height;
    small: whether each pixel is to be seen as a square; captions and rows as those of the frames."""

    strengths: tuple[float, ...]
    pictures: tuple[tuple[bytes, ...], ...]
    width: int
    height: int
    small: bool
    captions: tuple[tuple[tuple[str, ...], ...], ...] = ()
    rows: tuple[str, ...] = ()


def encoded(frames: Sequence[Frames], *, most_bytes: int = MOST_BYTES) -> list[Encoded]:
    """All of them, by the first way that fits: first by the number of their pixels, then by what they weigh."""
    chosen: list[Encoded] = []
    for rows, every, share in _fitting(frames):
        for quality in _QUALITIES:
            left, chosen = most_bytes, []
            for each in frames:
                chosen.append(_encoded(each.chosen(_rows(each, rows), _every(each, every)), share, quality))
                left -= sum(map(len, _all(chosen[-1])))
                if left < 0:
                    break
            else:
                return chosen
    return chosen


def _fitting(frames: Sequence[Frames]) -> Iterable[tuple[int, int, float]]:
    """The rungs whose pixels fit; at least the last."""
    fits = [rung for rung in _RUNGS if _pixels(frames, *rung) <= _MOST_PIXELS]
    return fits or _RUNGS[-1:]


def _pixels(frames: Sequence[Frames], rows: int, every: int, share: float) -> float:
    total = 0.0
    for each in frames:
        height, width = _size(each.images, share)
        total += _rows(each, rows) * len(each.strengths[:: _every(each, every)]) * height * width
    return total


def _rows(frames: Frames, rows: int) -> int:
    """A grid's rows are strengths of a second direction: all of them are shown."""
    return len(frames.images) if frames.rows else min(rows, len(frames.images))


def _every(frames: Frames, every: int) -> int:
    """Strengths are thinned out only where the middle and both ends stay."""
    return every if (len(frames.strengths) - 1) % (2 * every) == 0 else 1


def _size(images: NDArray[np.uint8], share: float) -> tuple[int, int]:
    height, width = images.shape[-2:]
    factor = min(1.0, SIDE / max(height, width)) * (share if max(height, width) > SIDE * share else 1.0)
    return max(1, round(height * factor)), max(1, round(width * factor))


def _encoded(frames: Frames, share: float, quality: int) -> Encoded:
    height, width = _size(frames.images, share)
    pictures = tuple(tuple(_webp(image, (width, height), quality) for image in row) for row in frames.images)
    small = max(frames.images.shape[-2:]) <= 96 and (height, width) == frames.images.shape[-2:]
    return Encoded(frames.strengths, pictures, width, height, small, frames.captions, frames.rows)


def _webp(image: NDArray[np.uint8], size: tuple[int, int], quality: int) -> bytes:
    drawn = Image.fromarray(np.ascontiguousarray(image.transpose(1, 2, 0)))
    if drawn.size != size:
        drawn = drawn.resize(size, Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    drawn.save(buffer, "WEBP", quality=quality, method=4)
    return buffer.getvalue()


def _all(each: Encoded) -> Iterable[bytes]:
    return (picture for row in each.pictures for picture in row)
