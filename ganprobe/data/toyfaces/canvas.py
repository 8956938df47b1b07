"""A stack of pictures that is painted shape by shape, each shape within a fixed window of the canvas.

Windows are constants of the drawing, wide enough for every value of every factor, and not found from the faces at
hand: so the pixels of one picture never depend on the others of its stack.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganprobe.data.toyfaces.shapes import Field, coverage, stroke

VIEW = 0.88
"""Half the side of what the canvas shows, in units of the drawing."""


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of the canvas: its pixels, the coordinates x (1, 1, w) and y (1, h, 1) of their centres."""

    rows: slice
    columns: slice
    x: Field
    y: Field
    pixel: float

    def cover(self, distance: Field) -> Field:
        """Coverage of the shape at a signed distance."""
        return coverage(distance, self.pixel)

    def line(self, distance: Field, half_width: Field | float) -> Field:
        """Coverage of a line along the zero of a distance."""
        return stroke(distance, half_width, self.pixel)


@dataclass(frozen=True, slots=True, eq=False)
class Canvas:
    """Pictures (N, 3, R, R) of colours in [0, 1]; x and y run over [-VIEW, VIEW], y downwards."""

    pixels: NDArray[np.float32]

    @classmethod
    def blank(cls, n: int, resolution: int) -> Canvas:
        return cls(np.zeros((n, 3, resolution, resolution), np.float32))

    def window(self, left: float = -1.0, top: float = -1.0, right: float = 1.0, bottom: float = 1.0) -> Window:
        """The pixels that a shape within these bounds can touch."""
        size = self.pixels.shape[-1]
        columns, rows = _span(left, right, size), _span(top, bottom, size)
        centres = (VIEW * ((2 * np.arange(size) + 1) / size - 1)).astype(np.float32)
        return Window(rows, columns, centres[None, None, columns], centres[None, rows, None], 2 * VIEW / size)

    def paint(self, window: Window, alpha: Field, colour: Field) -> None:
        """Lay `colour` (N, 3, 1, 1) over the window with opacity `alpha` (N, h, w)."""
        region = self.pixels[:, :, window.rows, window.columns]
        region += alpha[:, None] * (colour - region)


def _span(low: float, high: float, size: int) -> slice:
    first = int(np.floor((low / VIEW + 1) / 2 * size)) - 1
    last = int(np.ceil((high / VIEW + 1) / 2 * size)) + 1
    return slice(max(first, 0), min(last, size))
