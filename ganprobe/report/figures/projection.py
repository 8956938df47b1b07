"""Projected pictures: target, result and their difference, a row for each.

>>> pictures = np.zeros((2, 3, 32, 32), np.uint8)
>>> projection_png(pictures, pictures, ["a: 0.1", "b: 0.2"])[1:4]
b'PNG'
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ganprobe.report.figures.canvas import Line, page
from ganprobe.report.records.pictures import GAP, sheet

Pixels = NDArray[np.uint8]
HEADS: Final = ("target", "result", "difference")
MOST: Final = 64
"""Rows that are drawn."""
HEAD, BESIDE, SIZE = 24, 300, 13


def difference(targets: Pixels, results: Pixels) -> Pixels:
    """Half of result less target, about a middle grey, which is no difference."""
    found: Pixels = np.round(127.5 + (results.astype(np.float32) - targets.astype(np.float32)) / 2).astype(np.uint8)
    return found


def projection_png(targets: Pixels, results: Pixels, captions: Sequence[str]) -> bytes:
    """A PNG of targets and results (N, 3, H, W), at most the first MOST, each row with its caption beside it."""
    targets, results = targets[:MOST], results[:MOST]
    columns = (targets, results, difference(targets, results))
    tile = sheet(targets[:1], 1)
    wide, high = tile.shape[1] + GAP, tile.shape[0] + GAP
    lines = [Line(head, (at + 0.5) * wide, HEAD / 2, SIZE, "center") for at, head in enumerate(HEADS)]
    pictures = []
    for row, caption in zip(range(len(targets)), captions, strict=False):
        top = HEAD + row * high
        pictures += [(sheet(part[row : row + 1], 1), at * wide, top) for at, part in enumerate(columns)]
        texts = caption.splitlines()
        first = top + tile.shape[0] / 2 - (len(texts) - 1) * 9
        lines += [Line(text, 3 * wide + 8, first + 18 * at, SIZE) for at, text in enumerate(texts)]
    return page(3 * wide + BESIDE, HEAD + len(targets) * high - GAP, pictures, lines)
