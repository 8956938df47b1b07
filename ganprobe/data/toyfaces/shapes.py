"""Signed distances of flat shapes, and the share of a pixel that a shape covers.

>>> round(float(ellipse(f32(3.0), f32(0.0), f32(1.0), f32(1.0))), 3)
2.0

Distances are negative inside, in the units of the coordinates (y pointing down), and
exact or first-order near the outline, which is where a pixel's coverage is decided. Only addition, multiplication,
division, square roots and comparisons are used: they are correctly rounded everywhere, so that a picture does not
depend on the processor or on how many pictures are drawn together.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Field = NDArray[np.float32]
"""A number per image and pixel, broadcastable to (N, H, W)."""


def f32(value: float) -> Field:
    """A constant, in the precision of the drawing."""
    return np.asarray(value, np.float32)


_TINY = f32(1e-6)


def coverage(distance: Field, pixel: float) -> Field:
    """Share of a pixel (side `pixel`) inside a shape at a signed `distance`, in [0, 1]."""
    return np.clip(f32(0.5) - distance * f32(1 / pixel), f32(0), f32(1))


def stroke(distance: Field, half_width: Field | float, pixel: float) -> Field:
    """Share of a pixel inside the line of `half_width` along a zero of `distance`, signed or not, in [0, 1].

    The difference of two coverages keeps a line thinner than a pixel as faint as it should be.
    """
    return coverage(distance - half_width, pixel) - coverage(distance + half_width, pixel)


def ramp(value: Field, low: float, high: float) -> Field:
    """0 below `low`, 1 above `high`, a straight line between."""
    result: Field = np.clip((value - f32(low)) * f32(1 / (high - low)), f32(0), f32(1))
    return result


def smoothstep(value: Field, low: float, high: float) -> Field:
    """0 below `low`, 1 above `high`, 3t^2 - 2t^3 between."""
    t = ramp(value, low, high)
    return t * t * (f32(3) - f32(2) * t)


def mix(a: float, b: float, t: Field) -> Field:
    """a where t is 0, b where t is 1."""
    return f32(a) + t * f32(b - a)


def ellipse(x: Field, y: Field, rx: Field, ry: Field) -> Field:
    """Distance to the ellipse of radii rx, ry about the origin, to first order (implicit function over gradient)."""
    u, v = x / rx, y / ry
    level = np.sqrt(u * u + v * v)
    u, v = u / rx, v / ry
    result: Field = level * (level - f32(1)) / (np.sqrt(u * u + v * v) + _TINY)
    return result


def egg(x: Field, y: Field, rx: Field, ry: Field, taper: Field) -> Field:
    """Distance to an ellipse that narrows below its centre: its width at the very bottom falls by 1 / (1 + taper)."""
    below = np.maximum(y / ry, f32(0))
    return ellipse(x * (f32(1) + taper * below * below), y, rx, ry)


def rounded_box(x: Field, y: Field, half_x: Field, half_y: Field, radius: Field) -> Field:
    """Distance to the rectangle of half sides half_x, half_y about the origin, its corners rounded by `radius`."""
    qx, qy = np.abs(x) - half_x + radius, np.abs(y) - half_y + radius
    ox, oy = np.maximum(qx, f32(0)), np.maximum(qy, f32(0))
    result: Field = np.sqrt(ox * ox + oy * oy) + np.minimum(np.maximum(qx, qy), f32(0)) - radius
    return result


def segment(x: Field, y: Field, ax: Field, ay: Field, bx: Field, by: Field) -> Field:
    """Unsigned distance to the segment from (ax, ay) to (bx, by)."""
    dx, dy = bx - ax, by - ay
    t = ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy + _TINY)
    t = np.clip(t, f32(0), f32(1))
    ex, ey = x - ax - t * dx, y - ay - t * dy
    result: Field = np.sqrt(ex * ex + ey * ey)
    return result


def arc(x: Field, y: Field, half_width: Field, sag: Field) -> Field:
    """Unsigned distance, to first order, to the parabola y = sag (1 - (x / half_width)^2) over |x| <= half_width."""
    inside = np.clip(x, -half_width, half_width)
    u = inside / half_width
    slope = f32(2) * sag * u / half_width
    dx, dy = x - inside, y - sag * (f32(1) - u * u)
    return np.sqrt(dx * dx + dy * dy / (f32(1) + slope * slope))


def between(x: Field, y: Field, half_width: Field, upper: Field, lower: Field) -> Field:
    """Distance, to first order, to the lens between two parabolas that share their ends (+-half_width, 0).

    `upper` and `lower` are the heights of the two arcs at x = 0 (y points down, so lower >= upper).
    """
    u = np.clip(x / half_width, f32(-1), f32(1))
    bow = f32(1) - u * u
    slope = f32(2) * u / half_width
    above = (upper * bow - y) / np.sqrt(f32(1) + upper * upper * slope * slope)
    below = (y - lower * bow) / np.sqrt(f32(1) + lower * lower * slope * slope)
    result: Field = np.maximum(np.maximum(above, below), np.abs(x) - half_width)
    return result
