"""The colours of a toy face: ramps of a few hand-picked stops, and the shades that follow from them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ganprobe.data.toyfaces.shapes import Field

SKIN = ("#ffe3d0", "#f7c9a4", "#dda174", "#ad7148", "#6f4430")
SKIN_SHADOW = ("#e9a892", "#d9926c", "#b06d48", "#7d4730", "#452722")
SKIN_LIGHT = ("#fff4ea", "#ffe2c4", "#f2c094", "#cb9064", "#91604a")
BLUSH = ("#ff9a94", "#f58a7c", "#dd7358", "#b0553d", "#83402f")
LIPS = ("#d8626a", "#c9575c", "#b04a4a", "#8c3a3e", "#5c262c")
HAIR = ("#2b2735", "#4a2f2b", "#7a4526", "#b8612b", "#e8b95e")
SILVER = ("#d9dbe3",)
SHIRT = ("#e4572e", "#f2a541", "#5fb49c", "#2e86ab", "#6a5acd", "#c8558e")
IRIS = ("#5a3a22", "#8a6a2f", "#4f8a5b", "#3f7fb5")
BACKDROP_TEAL = ("#12354a", "#2f7f92", "#86cfcb", "#e4f8f0")
BACKDROP_LILAC = ("#2b2452", "#6a5cae", "#b7a6e8", "#f0e9ff")
BACKDROP_PEACH = ("#54253f", "#c25f63", "#f7b08e", "#fff0dc")

WHITE = ("#ffffff",)
INK = ("#2a1f2b",)
FRAME = ("#27243d",)
GLASS = ("#dff1ff",)
MOUTH = ("#6e2230",)
TONGUE = ("#e8707a",)


def _rgb(code: str) -> list[float]:
    return [int(code[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def colour(stops: tuple[str, ...], at: NDArray[np.float32] | None = None) -> Field:
    """The colours (N, 3, 1, 1) at the places `at` (N,), in [0, 1], along evenly spaced stops.

    Without places, the first stop, (1, 3, 1, 1).
    """
    table = np.array([_rgb(code) for code in stops], np.float32)
    if at is None:
        return table[:1, :, None, None]
    place = at * np.float32(len(stops) - 1)
    left = np.minimum(place.astype(np.int64), len(stops) - 2)
    t = (place - left.astype(np.float32))[:, None]
    result: Field = (table[left] + t * (table[left + 1] - table[left]))[:, :, None, None]
    return result


def blend(a: Field, b: Field, t: Field | float) -> Field:
    """a where t is 0, b where t is 1; t is a number or (N, 1, 1)."""
    share = np.asarray(t, np.float32)
    return a + (share[:, None] if share.ndim else share) * (b - a)
