"""The hair: what falls behind the head, the cap with its parted fringe, and the locks before the shoulders."""

from __future__ import annotations

import numpy as np

from ganprobe.data.toyfaces.canvas import Canvas, Window
from ganprobe.data.toyfaces.face import HEAD_Y, Face
from ganprobe.data.toyfaces.shapes import Field, ellipse, f32, mix, ramp, rounded_box, smoothstep


def _crown(face: Face) -> tuple[Field, Field, Field]:
    """Centre x and radii of the outline of the hair; it turns less than the face."""
    volume = f32(0.05) * face.hair_length
    return f32(0.02) * face.turn, face.rx + f32(0.075) + volume, face.ry + f32(0.07) + f32(0.4) * volume


def paint_back_hair(canvas: Canvas, face: Face) -> None:
    """The hair behind head and neck, down to the height that the factor hair_length gives."""
    window = canvas.window(-0.78, -0.70, 0.78, 1.0)
    x0, rx, ry = _crown(face)
    x, y = window.x - x0 + f32(0.06) * face.turn, window.y
    top = f32(HEAD_Y - 0.05)
    half = np.maximum((face.hair_bottom - top) / f32(2), f32(0.02))
    wave = f32(1) + f32(0.10) * face.hair_length * ramp(y, 0.0, 1.0)
    width = rx * wave * mix(0.80, 1.0, ramp(face.hair_length, 0.10, 0.35))
    fall = rounded_box(x, y - top - half, width, half, np.minimum(half, f32(0.20)))
    shape = np.minimum(fall, np.maximum(ellipse(x, y - top, rx, ry), y - np.maximum(face.hair_bottom, f32(0.02))))
    canvas.paint(window, window.cover(shape), face.colours.hair_shadow)


def _paint_strands(canvas: Canvas, face: Face, window: Window, alpha: Field) -> None:
    """Hair within `alpha`, darker towards the side away from the light."""
    x0, rx, _ = _crown(face)
    across: Field = (x0 - window.x) / rx
    dark = smoothstep(face.light * across - f32(0.25) * (window.y - f32(HEAD_Y)), 0.10, 0.75)
    canvas.paint(window, alpha, face.colours.hair)
    canvas.paint(window, f32(0.85) * alpha * dark, face.colours.hair_shadow)


def paint_front_locks(canvas: Canvas, face: Face) -> None:
    """A lock on each side of the face, before the shoulders, as long as the hair behind."""
    grown = ramp(face.hair_length, 0.12, 0.55)
    half = np.maximum((face.hair_bottom - f32(0.01)) / f32(2), f32(0.05))
    width = np.maximum(f32(0.085) * grown, f32(0.001))
    _, rx, _ = _crown(face)
    for left, right, side in ((-0.80, -0.22, -1.0), (0.22, 0.80, 1.0)):
        window = canvas.window(left, -0.20, right, 1.0)
        bend = f32(0.06) * smoothstep(window.y, 0.15, 1.0)
        x = window.x - f32(0.5) * face.x - f32(side) * (rx - f32(0.055) + bend)
        lock = rounded_box(x, window.y + f32(0.05) - half, width, half, width)
        _paint_strands(canvas, face, window, window.cover(lock) * ramp(grown, 0.0, 0.2))


def paint_fringe(canvas: Canvas, face: Face) -> None:
    """The cap of hair above a parted hairline, with combed strands, its gloss and its shadow on the forehead."""
    window = canvas.window(-0.72, -0.76, 0.72, 0.48)
    x0, rx, ry = _crown(face)
    hairline = _hairline(face, window)
    skull = ellipse(window.x - face.x, window.y - f32(HEAD_Y), face.rx, face.ry)
    shadow = window.cover(hairline - f32(0.045)) * window.cover(skull)
    canvas.paint(window, f32(0.55) * shadow, face.colours.skin_shadow)
    cap = window.cover(np.maximum(ellipse(window.x - x0, window.y - f32(HEAD_Y - 0.05), rx, ry), hairline))
    _paint_strands(canvas, face, window, cap)
    combed = window.line(hairline + f32(0.085), 0.006)
    canvas.paint(window, f32(0.5) * cap * combed, face.colours.hair_shadow)
    _paint_gloss(canvas, face, window, cap)


def _hairline(face: Face, window: Window) -> Field:
    """First-order distance to the hairline, negative above it: two swoops of pointed clumps from the parting."""
    reach = face.rx * f32(1.02)
    part = face.x + f32(0.42) * face.turn + f32(0.16) * face.parting
    left, right = part - face.x + reach, face.x + reach - part
    offset = window.x - part
    u = np.where(offset < 0, -offset / left, offset / right)
    bow = np.minimum(u, f32(1.25))
    root = np.sqrt(bow)
    top, edge = f32(-0.36), mix(-0.02, 0.20, ramp(face.hair_length, 0.0, 0.5))
    clump = f32(2.4) * bow
    clump = clump - np.floor(clump)
    tips = f32(0.055) * (f32(1) - f32(4) * clump * (f32(1) - clump)) * ramp(bow, 0.0, 0.4)
    height = top + (edge - top) * bow * bow * root + tips
    slope = (edge - top) * f32(2.5) * bow * root / np.where(offset < 0, left, right)
    result: Field = (window.y - height) / np.sqrt(f32(1) + slope * slope)
    return result


def _paint_gloss(canvas: Canvas, face: Face, window: Window, cap: Field) -> None:
    x0, rx, ry = _crown(face)
    x, y = window.x - x0, window.y - f32(HEAD_Y - 0.05)
    band = np.abs(ellipse(x, y, rx * f32(0.86), ry * f32(0.84)))
    along = window.x - x0 - f32(0.30) * face.light
    soft = smoothstep(f32(0.30) - np.abs(along), 0.0, 0.22) * smoothstep(-window.y, 0.1, 0.3)
    canvas.paint(window, f32(0.85) * cap * soft * smoothstep(-band, -0.045, -0.015), face.colours.hair_light)
