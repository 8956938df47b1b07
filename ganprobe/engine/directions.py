"""From a generator to directions on disk with their numbers and pictures, and from a direction to an edited strip."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import torch
from numpy.typing import NDArray

import ganprobe
from ganprobe.core.errors import CapabilityError, DataError, InputError
from ganprobe.core.files import check_writable, write_bytes, write_text
from ganprobe.core.progress import Track
from ganprobe.core.protocols import FeatureExtractor, LatentSampler, Sampler
from ganprobe.core.shipped import manifest
from ganprobe.core.spaces import Truncation
from ganprobe.directions import METHODS, Direction, Directions, edit, import_boundary, load_directions, save_directions
from ganprobe.directions.direction import DirectionSpace
from ganprobe.directions.edits import measured
from ganprobe.directions.files import record_of
from ganprobe.directions.interfacegan import check_extremes
from ganprobe.directions.latents import (
    DrawnSpace,
    check_space,
    drawn_spaces,
    latent_sampler,
    weights_fingerprint,
)
from ganprobe.directions.search import (
    Condition,
    check_conditions,
    ganspace_directions,
    interfacegan_directions,
    sefa_directions,
)
from ganprobe.directions.strips import strip_gif, strip_png
from ganprobe.engine.features import open_device
from ganprobe.engine.opening import open_sampler
from ganprobe.engine.sources import ImageColumns
from ganprobe.features import FEATURES, read_scorer, to_uint8
from ganprobe.generators.base import Generator

SCORE: Final = "score."
SHIPPED_SCORER: Final = "toyfaces"
OBSERVED_AT_ONCE: Final = 256
SCALE_SAMPLES: Final = 10_000
STRIP_ROWS: Final = 4
STRIP_STRENGTHS: Final = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
FILE, NUMBERS, FIGURES = "directions.safetensors", "directions.json", "figures"
Generated = str | Path | Sampler | Generator
Writer = Literal[".png", ".gif"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for.

    method: a name of METHODS. space: "z" or "w"; None for the method's own choice (interfacegan: all that there are).
    samples: how many latents are drawn, and for interfacegan how many images scored. count: of directions, for sefa
    and ganspace. layers: whose weights sefa reads. conditions: for interfacegan, (attribute, the attributes that
    moving along it shall leave alone). extremes: for interfacegan, samples in each class; None as in the paper, scaled
    down. scorer: for interfacegan, an extractor of "score." columns, a file of one, or None for the toyfaces scorer.
    """

    method: str
    space: DrawnSpace | None = None
    samples: int = 20_000
    seed: int = 0
    count: int | None = None
    layers: tuple[int, ...] | None = None
    conditions: tuple[Condition, ...] = ()
    extremes: int | None = None
    scorer: FeatureExtractor | str | Path | None = None
    device: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Directions, the sampler that they were found in, and what else was measured, ready for JSON."""

    sampler: LatentSampler
    directions: Directions
    numbers: Mapping[str, Any] = field(default_factory=dict)

    def save(self, out: str | Path) -> Path:
        """Write directions.safetensors, directions.json and figures/<space>_<name>.png to `out`."""
        out = Path(out)
        for name, item in zip(_file_names(self.directions), self.directions, strict=True):
            write_bytes(out / FIGURES / f"{name}.png", self.strip(item))
        write_text(out / NUMBERS, json.dumps(self.to_json(), indent=1, allow_nan=False) + "\n")
        save_directions(out / FILE, self.directions)
        return out

    def strip(self, item: Direction) -> bytes:
        """The PNG of the first samples, moved along `item` by up to three standard deviations either way."""
        latents = self.sampler.draw(range(STRIP_ROWS), seed=self.directions.seed)
        return strip_png(_pixels(edit(self.sampler, latents, item, STRIP_STRENGTHS)), STRIP_STRENGTHS)

    def to_json(self) -> dict[str, Any]:
        found = self.directions
        return {
            "schema": 1,
            "method": found.method,
            "generator": {"name": found.generator, "fingerprint": found.fingerprint},
            "seed": found.seed,
            "directions": [record_of(item) for item in found],
            **self.numbers,
            "provenance": {**found.provenance, "torch": torch.__version__},
        }


def find_directions(generator: Generated, search: Search) -> Found:
    """Directions of any generator with latents, by one of METHODS.

    Errors: InputError for settings that do not belong to the method or make no sense, CapabilityError for a generator
    without the latents or weights that it takes, both before any image is made; else what the method raises.
    """
    _check(search)
    device = open_device(search.device)
    sampler = latent_sampler(open_sampler(generator, device=device))
    if search.space is not None:
        check_space(sampler, search.space)
    if search.method == "interfacegan":
        return _interfacegan(sampler, search, device)
    return _from_latents(sampler, search)


def edited(
    generator: Generated,
    file: str | Path,
    *,
    name: str | None = None,
    space: DirectionSpace | None = None,
    strengths: Sequence[float] = STRIP_STRENGTHS,
    rows: int = STRIP_ROWS,
    seed: int = 0,
    layers: tuple[int, ...] | None = None,
    truncation: Truncation = 1.0,
    any_generator: bool = False,
    device: str | None = None,
) -> NDArray[np.uint8]:
    """Samples 0 to `rows` - 1 under `seed`, moved along a direction of `file`: (rows, strengths, 3, H, W) uint8.

    file: as `Found.save` writes it, or a .npy boundary, whose scale is measured here. name, space: which direction;
    left out, the first. Errors: CheckpointError for a file that is none, InputError for a direction of another
    generator (unless `any_generator`), an unknown name and settings out of range, CapabilityError as `edit` says.
    """
    if rows < 1:
        raise InputError(f"at least one row was expected, got {rows}")
    imported = Path(file).suffix == ".npy"
    known = import_boundary(file, space=space) if imported else load_directions(file)
    item = known.named(name, space=space)
    sampler = latent_sampler(open_sampler(generator, device=open_device(device), truncation=truncation))
    known.check_generator(sampler, any_generator=any_generator)
    item = measured(sampler, item, samples=SCALE_SAMPLES, seed=seed) if imported else item
    return _pixels(edit(sampler, sampler.draw(range(rows), seed=seed), item, strengths, layers))


def write_strip(out: str | Path, images: NDArray[np.uint8], strengths: Sequence[float]) -> None:
    """Write what `edited` gave, as the suffix of `out` says."""
    write_bytes(out, {".png": strip_png, ".gif": strip_gif}[strip_format(out)](images, strengths))


def even_strengths(start: float, end: float, steps: int) -> tuple[float, ...]:
    """`steps` strengths from `start` to `end`, evenly spaced. InputError for less than one."""
    if steps < 1:
        raise InputError(f"at least one step was expected, got {steps}")
    return tuple(float(strength) for strength in np.linspace(start, end, steps))


def strip_format(out: str | Path) -> Writer:
    """The suffix of `out`. InputError for one that cannot be written, OutputError for a folder that cannot."""
    suffix = Path(out).suffix.lower()
    if suffix not in (".png", ".gif"):
        raise InputError(f"the image must end in .png or .gif, got {Path(out).name!r}")
    check_writable(Path(out).parent)
    return suffix  # type: ignore[return-value]


def score_table(
    sampler: Sampler, extractor: FeatureExtractor, *, samples: int, seed: int, device: torch.device
) -> dict[str, NDArray[np.float32]]:
    """Attribute to the scores (samples,) of images 0 to `samples` - 1. Images and latents are not kept.

    InputError for an extractor without score columns or whose columns have another shape, DataError for images or
    scores that are not finite.
    """
    names = sorted(name for name in extractor.provides if name.startswith(SCORE))
    if not names:
        had = ", ".join(sorted(extractor.provides))
        raise InputError(f"a scorer with columns named {SCORE}<attribute> was expected, this one gives: {had}")
    source = ImageColumns(sampler, extractor, seed=seed, device=device)
    parts: dict[str, list[NDArray[np.float32]]] = {name: [] for name in names}
    with Track(f"scores of {sampler.name}", samples) as track:
        for low, high in pairwise([*range(0, samples, OBSERVED_AT_ONCE), samples]):
            columns = source.columns(range(low, high))
            source.check()
            for name in names:
                parts[name].append(_score_column(columns[name], name, low, high))
            track.advance(high - low)
    return {name.removeprefix(SCORE): np.concatenate(values) for name, values in parts.items()}


def _score_column(column: torch.Tensor, name: str, low: int, high: int) -> NDArray[np.float32]:
    if tuple(column.shape) != (high - low,):
        raise InputError(f"the scorer's column {name} must be of shape ({high - low},), got {tuple(column.shape)}")
    if not bool(torch.isfinite(column).all()):
        raise DataError(f"the scorer's column {name} is not finite somewhere in samples {low} to {high - 1}; mend it")
    values: NDArray[np.float32] = column.detach().float().cpu().numpy()
    return values


def _check(search: Search) -> None:
    record = METHODS[search.method]
    if search.samples < 2:
        raise InputError(f"samples must be at least 2, got {search.samples}")
    if search.count is not None and record.default_count is None:
        raise InputError(f"{search.method} gives one direction for each attribute; leave the count out")
    if search.count is not None and search.count < 1:
        raise InputError(f"count must be at least 1, got {search.count}")
    if search.layers is not None and search.method != "sefa":
        raise InputError(f"layers are for sefa; with {search.method}, choose them where a direction is used (edit)")
    only = {"conditions": search.conditions or None, "scorer": search.scorer, "extremes": search.extremes}
    for name, value in only.items():
        if value is not None and search.method != "interfacegan":
            raise InputError(f"{name}: for interfacegan alone, not for {search.method}; leave it out")


def _interfacegan(sampler: LatentSampler, search: Search, device: torch.device) -> Found:
    extractor = _scorer(sampler, search.scorer, device)
    names = (name.removeprefix(SCORE) for name in extractor.provides if name.startswith(SCORE))
    check_conditions(names, search.conditions)
    check_extremes(search.samples, search.extremes)
    scores = score_table(sampler, extractor, samples=search.samples, seed=search.seed, device=device)
    items, numbers = interfacegan_directions(
        sampler,
        scores,
        spaces=drawn_spaces(sampler) if search.space is None else (search.space,),
        seed=search.seed,
        extremes=search.extremes,
        conditions=search.conditions,
    )
    return Found(sampler, _set_of(sampler, search, items, {"scorer": extractor.fingerprint}), numbers)


def _from_latents(sampler: LatentSampler, search: Search) -> Found:
    count = search.count or METHODS[search.method].default_count or 1
    if search.method == "sefa":
        items = sefa_directions(sampler, count=count, layers=search.layers, samples=search.samples, seed=search.seed)
        if search.space not in (None, items[0].space):
            raise CapabilityError(f"sefa finds directions of {sampler.name} in {items[0].space}, not in {search.space}")
    else:
        items = ganspace_directions(sampler, count=count, samples=search.samples, seed=search.seed, space=search.space)
    return Found(sampler, _set_of(sampler, search, items, {}))


def _set_of(sampler: Sampler, search: Search, items: Sequence[Direction], more: Mapping[str, Any]) -> Directions:
    return Directions(
        items=tuple(items),
        method=search.method,
        generator=sampler.name,
        fingerprint=weights_fingerprint(sampler),
        seed=search.seed,
        provenance={"ganprobe": ganprobe.__version__, "samples": search.samples, **more},
    )


def _scorer(sampler: Sampler, scorer: FeatureExtractor | str | Path | None, device: torch.device) -> FeatureExtractor:
    if isinstance(scorer, str | Path):
        return read_scorer(scorer, device)
    if scorer is not None:
        return scorer
    made_of = manifest().get("generators", {}).get(sampler.name, {}).get("reference", SHIPPED_SCORER)
    if not str(made_of).startswith(SHIPPED_SCORER):
        raise InputError(f"{sampler.name} draws {made_of}, not {SHIPPED_SCORER}, which the scorer reads; give --scorer")
    return FEATURES[SHIPPED_SCORER].load(device)


def _pixels(images: torch.Tensor) -> NDArray[np.uint8]:
    pixels: NDArray[np.uint8] = to_uint8(images.flatten(0, 1)).cpu().numpy()
    return pixels.reshape(*images.shape)


def _file_names(directions: Directions) -> list[str]:
    """<space>_<name> of each, in characters that every file system takes, told apart by a number where need be."""
    names: list[str] = []
    for item in directions:
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{item.space}_{item.name}")
        names.append(f"{name}_{len(names)}" if name in names else name)
    return names
