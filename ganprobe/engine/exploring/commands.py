"""The `ganprobe edit` that makes a scene's picture again, to the last bit."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from ganprobe.core.calls.shared import OutputRange
from ganprobe.core.errors import GanprobeError
from ganprobe.core.spaces import Space
from ganprobe.directions import Direction
from ganprobe.engine.edit import Also, parse_also
from ganprobe.engine.exploring.scene import Scene, Step
from ganprobe.engine.exploring.studio import Shelf, Studio
from ganprobe.engine.opening.latents import class_number

OUT: Final = "picture.png"
LATENTS: Final = "latents.safetensors"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """How the things of a studio are called on the command line. generator: None for one that was given in Python,
    which no command can open; latents, latent_space: of one's own."""

    generator: str | None
    key: str | None = None
    output_range: OutputRange | None = None
    device: str | None = None
    latents: str | None = None
    latent_space: Space | None = None
    any_generator: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """words: of the command line. needs_latents: whether it reads the scene's latents, which are to be saved first."""

    words: tuple[str, ...]
    needs_latents: bool

    @property
    def line(self) -> str:
        """For a shell."""
        return shlex.join(self.words)


def edit_command(studio: Studio, origin: Origin, scene: Scene, *, latents: str = LATENTS) -> Command | None:
    """As an edit of a sample where it is one, else of the latents themselves, in a file called `latents`. None where no
    command can open the generator."""
    if origin.generator is None:
        return None
    said = _edit_of_sample(studio, origin, scene)
    words = said or [*_option("--latents", latents, path=True), *_common(origin)]
    return Command(("ganprobe", "edit", _path(origin.generator), *words, "--out", OUT), said is None)


def _edit_of_sample(studio: Studio, origin: Origin, scene: Scene) -> list[str] | None:
    """The options, or None where an edit cannot say it."""
    moves, class_words = _moves(studio, scene), _class(studio, scene)
    if not scene.is_one_sample or moves is None or class_words is None:
        return None
    if scene.noise != ("own" if scene.point.own else "const") and not _has_stored_noise(studio, scene):
        return None
    if scene.point.own and origin.latents is None:
        return None
    own = _option("--latents", origin.latents or "", path=True) if scene.point.own else []
    own += _option("--latent-space", origin.latent_space) if scene.point.own and origin.latent_space else []
    psi = f"{scene.truncation!r}" + ("" if scene.cutoff is None else f":{scene.cutoff}")
    any_generator = ["--any-generator"] if origin.any_generator else []
    return [
        *own,
        *moves,
        *_option("--index", str(scene.point.index)),
        *_option("--rows", "1"),
        *_option("--seed", str(_seed(studio, scene))),
        *([] if scene.truncation == 1.0 else _option("--truncation", psi)),
        *class_words,
        *any_generator,
        *_common(origin),
    ]


def _has_stored_noise(studio: Studio, scene: Scene) -> bool:
    """Of one's own latents, that "const" is what their file says anyway."""
    return scene.point.own and scene.noise == "const" and studio.own is not None and studio.own.noise == "const"


def _seed(studio: Studio, scene: Scene) -> int:
    """Own latents need none, but scales that are measured do."""
    shelf = studio.shelves[scene.steps[0].file] if scene.steps else None
    measured = None if shelf is None else shelf.scaled_under
    return measured if scene.point.own and measured is not None else scene.point.seed


def _moves(studio: Studio, scene: Scene) -> list[str] | None:
    """All moves as one direction, the last, and others beside it, of one file."""
    steps = scene.steps
    if not steps:
        return []
    shelf = studio.shelves[steps[0].file]
    if shelf.path is None or {step.file for step in steps} != {steps[0].file}:
        return None
    if shelf.scaled_under is not None and _seed(studio, scene) != shelf.scaled_under:
        return None
    items = [studio.direction(step.file, step.number) for step in steps]
    space = _space(shelf, items)
    if space is None:
        return None
    also = [_also(step, item, scene) for step, item in zip(steps[:-1], items[:-1], strict=True)]
    if None in also:
        return None
    at, rows = repr(steps[-1].strength), _rows(scene, items[-1])
    return [
        *_option("--direction", shelf.path, path=True),
        *_option("--name", items[-1].name),
        *(_option("--space", space) if space else []),
        *_option("--from", at),
        *_option("--to", at),
        *_option("--steps", "1"),
        *(_option("--layers", rows) if rows else []),
        *[word for text in also for word in _option("--with", text or "")],
    ]


def _space(shelf: Shelf, items: Sequence[Direction]) -> str | None:
    """The --space with which the names of a file mean these directions, "" for none; None where nothing does that."""
    for space in ("", *dict.fromkeys(item.space for item in items)):
        try:
            if all(shelf.known.named(item.name, space=space or None) is item for item in items):
                return space
        except GanprobeError:
            continue
    return None


def _also(step: Step, item: Direction, scene: Scene) -> str | None:
    """As --with says it; None for a name that it cannot say."""
    rows = _rows(scene, item)
    text = f"{item.name}={step.strength!r}" + (f":{rows}" if rows else "")
    try:
        return text if parse_also(text) == Also(item.name, step.strength, scene.rows if rows else None) else None
    except GanprobeError:
        return None


def _rows(scene: Scene, item: Direction) -> str:
    if scene.layers is None or item.space not in ("w", "w+"):
        return ""
    return f"{scene.layers[0]}-{scene.layers[1]}"


def _class(studio: Studio, scene: Scene) -> list[str] | None:
    """None where neither the name nor the number of the class means it."""
    spec = studio.sampler.spec
    if scene.label is None or not spec.num_classes:
        return []
    names = [*spec.class_names[scene.label : scene.label + 1], str(scene.label)]
    return next((_option("--class", name) for name in names if class_number(spec, name) == scene.label), None)


def _common(origin: Origin) -> list[str]:
    key = [] if origin.key is None else _option("--key", origin.key)
    device = [] if origin.device is None else _option("--device", origin.device)
    meant = origin.output_range
    return [*key, *([] if meant is None else _option("--output-range", f"{meant[0]:g},{meant[1]:g}")), *device]


def _option(name: str, value: str, *, path: bool = False) -> list[str]:
    """Two words, or one where the value looks like an option."""
    value = _path(value) if path else value
    return [f"{name}={value}"] if value.startswith("-") else [name, value]


def _path(text: str) -> str:
    return f"./{text}" if text.startswith("-") else text
