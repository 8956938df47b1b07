"""What there is to explore, as the page has to know it to make its controls."""

from __future__ import annotations

from typing import Any, Final

from ganprobe.directions import Direction
from ganprobe.engine.exploring.scene import Scene
from ganprobe.engine.exploring.studio import Shelf, Studio
from ganprobe.samplers.generator import GeneratorSampler

LEAST_THRESHOLD: Final = 0.05
MOST_PSI: Final = 1.5
TELLING: Final = {
    "validation": "accuracy",
    "explained": "explained",
    "share": "share",
    "effect": "effect",
    "slope": "slope",
}
"""The scores by which methods judge their directions, and how they are called here: the accuracy on samples that were
held out, a share of the variance, the change of an attribute, the change as asked for."""


def about(studio: Studio, scene: Scene, *, commands: bool, folder: str | None) -> dict[str, Any]:
    """As JSON has it. scene: the one to begin with. folder: where things are saved, None for the browser's place."""
    spec = studio.sampler.spec
    return {
        "name": studio.sampler.name,
        "size": list(spec.image_shape[1:]),
        "spaces": {name: list(shape) for name, shape in spec.spaces.items()},
        "layers": spec.spaces["w+"][0] if "w+" in spec.spaces else 0,
        "paths": [name for name in ("w", "z") if name in spec.spaces],
        "classes": _classes(studio),
        "truncation": _truncation(studio),
        "noise": _has_noise(studio),
        "own": _own(studio),
        "shelves": [_shelf(shelf) for shelf in studio.shelves],
        "scores": studio.table is not None,
        "commands": commands,
        "folder": folder,
        "scene": {
            "seed": scene.point.seed,
            "own": scene.point.own,
            "truncation": scene.truncation,
            "cutoff": scene.cutoff,
            "noise": scene.noise,
        },
    }


def _classes(studio: Studio) -> list[str]:
    spec = studio.sampler.spec
    return list(spec.class_names) or [str(number) for number in range(spec.num_classes)]


def _truncation(studio: Studio) -> dict[str, Any] | None:
    """None where there is nothing to truncate."""
    if not isinstance(studio.sampler, GeneratorSampler):
        return None
    if "w" in studio.sampler.spec.spaces:
        return {"name": "Truncation (psi)", "least": 0, "most": MOST_PSI}
    return {"name": "Truncation (threshold of z; 1 is none)", "least": LEAST_THRESHOLD, "most": 1}


def _has_noise(studio: Studio) -> bool:
    return isinstance(studio.sampler, GeneratorSampler) and bool(studio.sampler.generator.noise_shapes)


def _own(studio: Studio) -> dict[str, Any] | None:
    if studio.own is None:
        return None
    return {"count": len(studio.own), "names": list(studio.own.names), "noise": studio.own.noise != "const"}


def _shelf(shelf: Shelf) -> dict[str, Any]:
    return {
        "title": shelf.path or "directions",
        "method": shelf.known.method,
        "directions": [_direction(item) for item in shelf.known],
    }


def _direction(item: Direction) -> dict[str, Any]:
    return {
        "name": item.name,
        "space": item.space,
        "layers": None if item.layers is None else list(item.layers),
        "scale": item.scale,
        "scores": {said: item.scores[name] for name, said in TELLING.items() if name in item.scores},
    }
