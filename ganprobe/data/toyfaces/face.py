"""From factors to geometry and colours: the numbers per face that all parts of the drawing share.

Yaw is parallax. A feature at longitude a on a round head of radius r stands at r sin(a + t) when the head has turned
by t, and looks cos(a + t) / cos(a) times as wide; sin t is proportional to the factor yaw, so that
no trigonometric function is evaluated per face.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ganprobe.data.toyfaces import palette
from ganprobe.data.toyfaces.factors import Factors
from ganprobe.data.toyfaces.palette import blend, colour
from ganprobe.data.toyfaces.shapes import Field, f32, mix, ramp, smoothstep

SINE_AT_FULL_YAW = 0.39
HEAD_RADIUS = 0.47
HEAD_Y = 0.06


@dataclass(frozen=True, slots=True)
class Colours:
    """The colours (N, 3, 1, 1) of a stack of faces."""

    skin: Field
    skin_shadow: Field
    skin_light: Field
    crease: Field
    blush: Field
    lips: Field
    hair: Field
    hair_shadow: Field
    hair_light: Field
    brow: Field
    iris: Field
    shirt: Field
    backdrop: Field
    halo: Field


@dataclass(frozen=True, slots=True)
class Face:
    """Geometry of a stack of faces, every field (N, 1, 1) in canvas units but for the unitless factors."""

    turn: Field
    facing: Field
    x: Field
    rx: Field
    ry: Field
    taper: Field
    eye: Field
    smile: Field
    eyeglasses: Field
    age: Field
    hair_length: Field
    hair_bottom: Field
    light: Field
    parting: Field
    colours: Colours

    def place(self, longitude: float, radius: float = HEAD_RADIUS) -> tuple[Field, Field]:
        """x of a feature at `longitude` (radians) on the turned head, and how many times as wide it looks."""
        sine, cosine = f32(math.sin(longitude)), f32(math.cos(longitude))
        x = self.x + f32(radius) * (sine * self.facing + cosine * self.turn)
        return x, self.facing - sine / cosine * self.turn


def pose(factors: Factors) -> Face:
    """The shared numbers of a stack of faces."""
    values = {name: _lift(factors[name]) for name in ("yaw", "smile", "eyeglasses", "age", "hair_length", "light")}
    turn = f32(SINE_AT_FULL_YAW) * values["yaw"]
    age, hair_length = values["age"], values["hair_length"]
    return Face(
        turn=turn,
        facing=np.sqrt(f32(1) - turn * turn),
        x=f32(0.16) * turn,
        rx=f32(0.475) + f32(0.018) * _lift(factors["face_width"]),
        ry=mix(0.545, 0.575, age),
        taper=mix(0.10, 0.17, age),
        eye=mix(1.18, 0.90, age),
        smile=values["smile"],
        eyeglasses=values["eyeglasses"],
        age=age,
        hair_length=hair_length,
        hair_bottom=mix(-0.05, 0.84, hair_length),
        light=values["light"],
        parting=_lift(factors["parting"]),
        colours=_colours(factors),
    )


def _lift(column: NDArray[np.float32]) -> Field:
    return column[:, None, None]


def _colours(factors: Factors) -> Colours:
    tone = factors["skin_tone"]
    skin, shadow = colour(palette.SKIN, tone), colour(palette.SKIN_SHADOW, tone)
    grey = smoothstep(_lift(factors["age"]), 0.15, 1.0)
    hair = blend(colour(palette.HAIR, factors["hair_hue"]), colour(palette.SILVER), grey)
    ink, white = colour(palette.INK), colour(palette.WHITE)
    backdrop = _backdrop(factors)
    return Colours(
        skin=skin,
        skin_shadow=shadow,
        skin_light=colour(palette.SKIN_LIGHT, tone),
        crease=blend(shadow, ink, 0.30),
        blush=colour(palette.BLUSH, tone),
        lips=colour(palette.LIPS, tone),
        hair=hair,
        hair_shadow=blend(hair, ink, 0.34),
        hair_light=blend(hair, white, 0.36),
        brow=blend(hair, ink, 0.42),
        iris=colour(palette.IRIS, factors["eye_hue"]),
        shirt=colour(palette.SHIRT, factors["shirt_hue"]),
        backdrop=backdrop,
        halo=blend(backdrop, white, 0.22),
    )


def _backdrop(factors: Factors) -> Field:
    at = factors["background"]
    hue = _lift(factors["background_hue"])
    cool = blend(colour(palette.BACKDROP_TEAL, at), colour(palette.BACKDROP_LILAC, at), ramp(hue, 0.0, 0.5))
    return blend(cool, colour(palette.BACKDROP_PEACH, at), ramp(hue, 0.5, 1.0))
