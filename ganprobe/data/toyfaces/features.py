"""The features of the face: eyes, brows, nose, mouth and eyeglasses."""

from __future__ import annotations

import numpy as np

from ganprobe.data.toyfaces.canvas import Canvas
from ganprobe.data.toyfaces.face import Face
from ganprobe.data.toyfaces.palette import FRAME, GLASS, INK, MOUTH, TONGUE, WHITE, blend, colour
from ganprobe.data.toyfaces.shapes import (
    Field,
    arc,
    between,
    ellipse,
    f32,
    mix,
    ramp,
    rounded_box,
    segment,
    smoothstep,
)

EYE_LONGITUDE = 0.44
EYE_Y = 0.06


def paint_eyes(canvas: Canvas, face: Face) -> None:
    """White, iris, pupil, glint and lashes of both eyes; a smile lifts the lower lid."""
    for side in (-1.0, 1.0):
        x, width = face.place(side * EYE_LONGITUDE)
        _paint_eye(canvas, face, x, np.maximum(width, f32(0.35)))


def _paint_eye(canvas: Canvas, face: Face, x0: Field, width: Field) -> None:
    window = canvas.window(-0.58, -0.16, 0.58, 0.26)
    x, y = window.x - x0, window.y - f32(EYE_Y)
    rx, ry = f32(0.098) * width * face.eye, f32(0.118) * face.eye
    lid = y - ry + f32(0.30) * ry * ramp(face.smile, 0.0, 1.0)
    white = window.cover(np.maximum(ellipse(x, y, rx, ry), lid))
    canvas.paint(window, white, colour(WHITE))
    canvas.paint(window, white * smoothstep(-y, 0.35 * 0.118, 0.118) * f32(0.35), face.colours.crease)
    ix = x - f32(0.02) * face.turn
    iris = ellipse(ix, y - f32(0.005), f32(0.077) * width * face.eye, f32(0.088) * face.eye)
    canvas.paint(window, white * window.cover(iris), face.colours.iris)
    pupil = ellipse(ix, y - f32(0.005), f32(0.048) * width * face.eye, f32(0.055) * face.eye)
    canvas.paint(window, white * window.cover(pupil), colour(INK))
    glint = ellipse(ix - f32(0.030) * face.light, y + f32(0.035), f32(0.022) * width, f32(0.024))
    canvas.paint(window, white * window.cover(glint), colour(WHITE))
    lash = arc(x, y, rx * f32(1.06), -ry)
    canvas.paint(window, window.line(lash, 0.019), colour(INK))


def paint_brows(canvas: Canvas, face: Face) -> None:
    """Brows of the hair's colour, raised by a smile and thicker with age."""
    window = canvas.window(-0.60, -0.30, 0.60, -0.02)
    for side in (-1.0, 1.0):
        x0, width = face.place(side * 0.46)
        x = window.x - x0
        tilt = f32(side) * x * (f32(0.10) + f32(0.12) * face.smile)
        y = window.y + f32(0.130) + f32(0.020) * face.smile - tilt
        bow = arc(x, y, f32(0.098) * np.maximum(width, f32(0.35)), f32(-0.036))
        canvas.paint(window, window.line(bow, mix(0.017, 0.025, face.age)), face.colours.brow)


def paint_nose(canvas: Canvas, face: Face) -> None:
    """A button nose that stands out from the head, with its shadow on the side away from the light."""
    window = canvas.window(-0.45, 0.08, 0.45, 0.34)
    x0, _ = face.place(0.0, 0.60)
    x, y = window.x - x0, window.y - f32(0.215)
    shade = ellipse(x + f32(0.035) * face.light, y - f32(0.014), f32(0.064), f32(0.050))
    canvas.paint(window, f32(0.80) * window.cover(shade), face.colours.skin_shadow)
    button = window.cover(ellipse(x, y, f32(0.056), f32(0.046)))
    canvas.paint(window, button, blend(face.colours.skin, face.colours.blush, 0.35))
    spot = ellipse(x - f32(0.022) * face.light, y + f32(0.016), f32(0.022), f32(0.014))
    canvas.paint(window, f32(0.8) * window.cover(spot), face.colours.skin_light)


def paint_mouth(canvas: Canvas, face: Face) -> None:
    """The mouth: a line that bends down or up with the factor smile, and opens onto teeth and tongue as it grows."""
    window = canvas.window(-0.50, 0.26, 0.50, 0.62)
    x0, width = face.place(0.0, 0.50)
    half = mix(0.150, 0.205, ramp(face.smile, -1.0, 1.0)) * width
    x, y = window.x - x0, window.y - f32(0.425) + f32(0.035) * face.smile
    opening = ramp(face.smile, 0.0, 1.0)
    upper = f32(0.015) + face.smile * (f32(0.067) - f32(0.018) * face.smile)
    lower = upper + f32(0.105) * opening
    inside = window.cover(between(x, y, half, upper, lower)) * ramp(opening, 0.0, 0.15)
    canvas.paint(window, inside, colour(MOUTH))
    tongue = ellipse(x, y - lower - f32(0.02), half * f32(0.60), f32(0.070))
    canvas.paint(window, inside * window.cover(tongue), colour(TONGUE))
    teeth = between(x, y, half, upper, upper + f32(0.040) * opening)
    canvas.paint(window, inside * window.cover(teeth), colour(WHITE))
    lips = np.maximum(window.line(arc(x, y, half, lower), 0.016), window.line(arc(x, y, half, upper), 0.016))
    canvas.paint(window, lips, face.colours.lips)


def paint_eyeglasses(canvas: Canvas, face: Face) -> None:
    """Round glasses of the opacity given by the factor eyeglasses; the glare slants the same way on both lenses."""
    window = canvas.window(-0.64, -0.16, 0.64, 0.30)
    frame = f32(0.0)
    for side in (-1.0, 1.0):
        x0, width = face.place(side * EYE_LONGITUDE, 0.53)
        width = np.maximum(width, f32(0.35))
        x, y = window.x - x0, window.y - f32(EYE_Y + 0.01)
        rim = rounded_box(x, y, f32(0.172) * width, f32(0.160), f32(0.130) * width)
        canvas.paint(window, face.eyeglasses * f32(0.14) * window.cover(rim), colour(GLASS))
        glare = window.line(x + f32(0.62) * y * width + f32(0.03) - f32(0.05) * face.light, 0.020) * window.cover(rim)
        canvas.paint(window, face.eyeglasses * f32(0.30) * glare, colour(WHITE))
        frame = np.maximum(frame, window.line(rim, 0.017))
        hinge = x0 + f32(side) * f32(0.172) * width
        ear = face.x + f32(side * 0.93) * face.rx
        temple = segment(window.x, window.y, hinge, f32(EYE_Y - 0.02), ear, f32(EYE_Y - 0.03))
        frame = np.maximum(frame, window.line(temple, 0.014))
    frame = np.maximum(frame, _bridge(canvas, face))
    canvas.paint(window, face.eyeglasses * frame, colour(FRAME))


def _bridge(canvas: Canvas, face: Face) -> Field:
    window = canvas.window(-0.64, -0.16, 0.64, 0.30)
    x0, width = face.place(0.0, 0.57)
    return window.line(arc(window.x - x0, window.y - f32(EYE_Y), f32(0.055) * width, f32(-0.03)), 0.015)
