"""The scene and the skin: backdrop, shoulders, neck, ears, head with its light and shadow, blush and wrinkles."""

from __future__ import annotations

import numpy as np

from ganprobe.data.toyfaces.canvas import Canvas, Window
from ganprobe.data.toyfaces.face import HEAD_Y, Face
from ganprobe.data.toyfaces.palette import INK, blend, colour
from ganprobe.data.toyfaces.shapes import (
    Field,
    arc,
    egg,
    ellipse,
    f32,
    mix,
    ramp,
    rounded_box,
    segment,
    smoothstep,
)


def paint_backdrop(canvas: Canvas, face: Face) -> None:
    """A flat colour with a lighter disc behind the head."""
    window = canvas.window()
    canvas.pixels[:] = face.colours.backdrop
    disc = ellipse(window.x, window.y - f32(0.02), f32(0.79), f32(0.79))
    canvas.paint(window, window.cover(disc) * np.ones_like(face.light), face.colours.halo)


def paint_shoulders(canvas: Canvas, face: Face) -> None:
    """The shirt with its collar, lit from the side of the light, and the neck in the shadow of the chin."""
    window = canvas.window(-0.80, 0.50, 0.80, 1.0)
    x, y = window.x - f32(0.2) * face.x, window.y
    shirt = window.cover(ellipse(x, y - f32(1.13), f32(0.76), f32(0.50)))
    ink = blend(face.colours.shirt, colour(INK), 0.35)
    canvas.paint(window, shirt, face.colours.shirt)
    canvas.paint(window, shirt * smoothstep(-face.light * x, 0.0, 0.7), ink)
    canvas.paint(window, shirt * window.cover(ellipse(x, y - f32(0.70), f32(0.29), f32(0.18))), ink)
    _paint_neck(canvas, face)


def _paint_neck(canvas: Canvas, face: Face) -> None:
    window = canvas.window(-0.30, 0.30, 0.30, 1.0)
    x, y = window.x - f32(0.4) * face.x, window.y
    throat = rounded_box(x, y - f32(0.56), f32(0.17), f32(0.22), f32(0.10))
    alpha = window.cover(np.minimum(throat, ellipse(x, y - f32(0.70), f32(0.225), f32(0.125))))
    shift = f32(1.2) * face.x - f32(0.06) * face.light
    chin = egg(window.x - shift, y - f32(HEAD_Y + 0.10), face.rx, face.ry, face.taper)
    canvas.paint(window, alpha, face.colours.skin)
    canvas.paint(window, alpha * window.cover(chin), face.colours.skin_shadow)


def paint_ears(canvas: Canvas, face: Face) -> None:
    """Both ears; the head that is painted over them hides the far one as it turns."""
    for side in (-1.0, 1.0):
        window = canvas.window(*((-0.75, -0.15, -0.25, 0.40) if side < 0 else (0.25, -0.15, 0.75, 0.40)))
        x = window.x - face.x - f32(side) * face.rx + f32(0.20) * face.turn
        y = window.y - f32(HEAD_Y + 0.05)
        alpha = window.cover(ellipse(x, y, f32(0.10), f32(0.135)))
        canvas.paint(window, alpha, face.colours.skin)
        inner = window.cover(ellipse(x - f32(side * 0.005), y, f32(0.055), f32(0.085)))
        canvas.paint(window, inner, face.colours.skin_shadow)
        canvas.paint(window, alpha * f32(0.7) * ramp(-f32(side) * face.light, 0.0, 1.0), face.colours.skin_shadow)


def paint_head(canvas: Canvas, face: Face) -> None:
    """The head: a crescent of shadow on the side away from the light, a glow on the side towards it, and blush."""
    window = canvas.window(-0.62, -0.58, 0.62, 0.70)
    x, y = window.x - face.x, window.y - f32(HEAD_Y)
    alpha = window.cover(egg(x, y, face.rx, face.ry, face.taper))
    canvas.paint(window, alpha, face.colours.skin)
    lit = egg(x - f32(0.26) * face.light, y + f32(0.03), face.rx * f32(1.02), face.ry * f32(1.02), face.taper)
    canvas.paint(window, alpha * f32(0.85) * smoothstep(lit, -0.03, 0.05), face.colours.skin_shadow)
    glow = ellipse(x - f32(0.30) * face.light, y + f32(0.05), f32(0.34), f32(0.46))
    strength = f32(0.75) * np.abs(face.light)
    canvas.paint(window, alpha * strength * smoothstep(-glow, -0.10, 0.26), face.colours.skin_light)
    _paint_blush(canvas, face, window, alpha)


def _paint_blush(canvas: Canvas, face: Face, window: Window, inside: Field) -> None:
    for side in (-1.0, 1.0):
        x, width = face.place(side * 0.62)
        u, v = (window.x - x) / (f32(0.125) * np.maximum(width, f32(0.3))), (window.y - f32(0.27)) / f32(0.085)
        soft = smoothstep(f32(1) - u * u - v * v, 0.0, 1.0)
        canvas.paint(window, inside * soft * mix(0.75, 0.18, face.age), face.colours.blush)


def paint_wrinkles(canvas: Canvas, face: Face) -> None:
    """Lines on the forehead, at the outer corners of the eyes, under them and beside the mouth, deeper with age."""
    depth = smoothstep(face.age, 0.30, 1.0)
    _paint_forehead(canvas, face, depth)
    for side in (-1.0, 1.0):
        _paint_folds(canvas, face, depth, side)


def _paint_forehead(canvas: Canvas, face: Face, depth: Field) -> None:
    window = canvas.window(-0.45, -0.34, 0.45, -0.10)
    x = window.x - face.place(0.0)[0]
    for y, half in ((-0.265, 0.155), (-0.205, 0.185)):
        line = window.line(arc(x, window.y - f32(y), f32(half) * face.facing, f32(-0.022)), 0.009)
        canvas.paint(window, f32(0.85) * depth * line, face.colours.crease)


def _paint_folds(canvas: Canvas, face: Face, depth: Field, side: float) -> None:
    s = f32(side)
    window = canvas.window(-0.62, 0.0, 0.62, 0.55)
    fold, width = face.place(side * 0.34)
    x, y = window.x, window.y
    cheek = segment(x, y, fold, f32(0.275), fold + s * f32(0.055) * width, f32(0.375))
    bag_x, bag_width = face.place(side * 0.44)
    bag = arc(x - bag_x, y - f32(0.195), f32(0.085) * np.maximum(bag_width, f32(0.3)), f32(0.022))
    corner, corner_width = face.place(side * 0.80)
    reach = s * f32(0.055) * np.maximum(corner_width, f32(0.2))
    feet = np.minimum(
        segment(x, y, corner, f32(0.055), corner + reach, f32(0.025)),
        segment(x, y, corner, f32(0.085), corner + reach, f32(0.105)),
    )
    lines = np.maximum(np.maximum(window.line(cheek, 0.010), window.line(bag, 0.008)), window.line(feet, 0.008))
    canvas.paint(window, f32(0.85) * depth * lines, face.colours.crease)
