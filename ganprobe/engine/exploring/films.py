"""Pictures of a scene that moves: along a direction, or from one sample to the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np

from ganprobe.core.errors import InputError
from ganprobe.directions.edits.strips import Legend, strip_gif
from ganprobe.engine.exploring.scene import Scene, Step
from ganprobe.engine.exploring.studio import Studio

SWEEP: Final = tuple(float(strength) for strength in np.linspace(-3, 3, 13))
POSITIONS: Final = tuple(float(position) for position in np.linspace(0, 1, 25))


def sweep_gif(studio: Studio, scene: Scene, file: int, number: int) -> bytes:
    """A GIF, there and back, of the scene with a direction at strengths from -3 to 3, the others as they are."""
    studio.direction(file, number)
    return _film(studio, [(at, _with(scene, Step(file=file, number=number, strength=at))) for at in SWEEP])


def path_gif(studio: Studio, scene: Scene) -> bytes:
    """A GIF, there and back, of the way from the scene's sample to its second one. InputError where it has none."""
    if scene.other is None:
        raise InputError("a path needs a second sample; choose one")
    return _film(studio, [(at, replace(scene, position=at)) for at in POSITIONS])


def _film(studio: Studio, frames: list[tuple[float, Scene]]) -> bytes:
    images = np.stack([studio.picture(scene) for _, scene in frames])[None]
    return strip_gif(images, Legend([at for at, _ in frames]))


def _with(scene: Scene, step: Step) -> Scene:
    """The scene with one of its moves at another strength, in its place, or added at the end."""
    same = [(each.file, each.number) == (step.file, step.number) for each in scene.moves]
    moves = tuple(step if here else each for each, here in zip(scene.moves, same, strict=True))
    return replace(scene, moves=moves if any(same) else (*moves, step))
