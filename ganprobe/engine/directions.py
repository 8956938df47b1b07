"""From a generator to directions on disk with their numbers and pictures."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import torch

from ganprobe.core.calls.shared import Extremes, OutputRange
from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.progress import Track
from ganprobe.core.protocols import FeatureExtractor, LatentSampler, Sampler
from ganprobe.core.version import __version__
from ganprobe.directions import METHODS, Direction, Directions, edit
from ganprobe.directions.edits.strips import STRIP_ROWS, Legend, pixels_of, strip_png
from ganprobe.directions.files import directions_bytes, record_of
from ganprobe.directions.latents import (
    DrawnSpace,
    check_space,
    drawn_spaces,
    latent_sampler,
    weights_fingerprint,
)
from ganprobe.directions.methods.interfacegan import check_extremes
from ganprobe.directions.methods.search import (
    Condition,
    check_conditions,
    ganspace_directions,
    interfacegan_directions,
    sefa_directions,
)
from ganprobe.directions.methods.steering.search import Steering
from ganprobe.engine.edit import Generated
from ganprobe.engine.methods.mended import with_mended
from ganprobe.engine.methods.moved import changed_scores, drifted_features, spread_of
from ganprobe.engine.methods.steering import steered
from ganprobe.engine.methods.stylespace import check_styles, style_channels
from ganprobe.engine.opening.features import open_device
from ganprobe.engine.opening.samplers import open_sampler
from ganprobe.engine.opening.scorers import scorer_for
from ganprobe.engine.passes.journal import Journal, discard_journal
from ganprobe.engine.passes.score_table import score_identity, score_table
from ganprobe.engine.provenance import opened_as, sampler_notes
from ganprobe.engine.ranks.shares import ALONE, Ranks
from ganprobe.features.scores import PREFIX
from ganprobe.report.folders.directions import found_report
from ganprobe.report.folders.together import check_owner, write_together
from ganprobe.report.records.directions import Frames, Key

FILE, NUMBERS, FIGURES = "directions.safetensors", "directions.json", "figures"
SCORED: Final = ("interfacegan", "stylespace")
SHOWN: Final = tuple(step / 2 for step in range(-6, 7))
"""STRIP_STRENGTHS and those half-way between them."""
TAKEN_BY: Final = {"conditions": SCORED[:1], "scorer": SCORED, "extremes": SCORED, "steering": ("steer",)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """What to look for.

    method: a name of METHODS. space: "z" or "w"; None for the method's own choice (interfacegan: all that there are;
    stylespace takes none). samples: how many latents are drawn, and for SCORED methods how many images scored. count:
    of directions, for sefa and ganspace, and for stylespace of each attribute. layers: whose weights sefa reads.
    conditions: for interfacegan, (attribute, the attributes that moving along it shall leave alone). extremes: for
    SCORED methods, samples in each class or their share; None as in the paper, scaled down. scorer: for them, an
    extractor of "score." columns, what `open_scorer` takes, or None for the toyfaces scorer. steering: for steer, None
    for its defaults.
    key: of the network in a checkpoint of several. output_range: of the floats of a generator of one's own.
    """

    method: str
    space: DrawnSpace | None = None
    samples: int = 20_000
    seed: int = 0
    count: int | None = None
    layers: tuple[int, ...] | None = None
    conditions: tuple[Condition, ...] = ()
    extremes: Extremes | None = None
    scorer: FeatureExtractor | str | Path | None = None
    steering: Steering | None = None
    device: str | None = None
    key: str | None = None
    output_range: OutputRange | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """Directions, the sampler that they were found in, what else was measured, ready for JSON, more figures than
    the strips, as PNG by name, and the directions that leave entangled attributes alone, for the report."""

    sampler: LatentSampler
    directions: Directions
    numbers: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, bytes] = field(default_factory=dict)
    mended: tuple[Direction, ...] = ()

    def save(self, out: str | Path) -> Path:
        """Write directions.safetensors, directions.json, report.html, report.md, report.tex and
        figures/<space>_<name>.png to `out`, all or none. InputError for a folder with the report of a run."""
        out = Path(out)
        check_owner(out, NUMBERS)
        names = dict(zip(map(_key, self.directions), _file_names(self.directions), strict=True))
        every = {_key(item): item for item in (*self.directions, *self.mended)}
        frames = {}
        with Track(f"strips of {self.sampler.name}", len(every), unit="directions") as track:
            for key, item in every.items():
                frames[key] = self.frames(item)
                track.advance(1)
        numbers = self.to_json()
        files = {
            FILE: directions_bytes(self.directions),
            NUMBERS: (json.dumps(numbers, indent=1, allow_nan=False) + "\n").encode(),
            **found_report(numbers, frames, names),
            **{f"{FIGURES}/{names[key]}.png": _strip(frames[key]) for key in names},
            **{f"{FIGURES}/{name}.png": figure for name, figure in self.figures.items()},
        }
        write_together(out, files)
        discard_journal(out)
        return out

    def strip(self, item: Direction) -> bytes:
        """The PNG of the first samples, moved along `item` by up to three standard deviations either way."""
        return _strip(self.frames(item))

    def frames(self, item: Direction) -> Frames:
        """The same samples at more strengths, for the report's sliders."""
        latents = self.sampler.draw(range(STRIP_ROWS), seed=self.directions.seed)
        return Frames(strengths=SHOWN, images=pixels_of(edit(self.sampler, latents, item, SHOWN)))

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


def find_directions(
    generator: Generated,
    search: Search,
    *,
    out: str | Path | None = None,
    resume: bool = False,
    ranks: Ranks = ALONE,
) -> Found:
    """Directions of any generator with latents, by one of METHODS.

    out: a folder where a scoring pass of more than half a minute is saved while it lasts; `resume` takes up what a
    killed one of the same samples and scorer left there. ranks: who shares the scoring pass; any but rank 0 ends with
    Dismissed, at once where a method scores nothing.

    Errors: InputError for settings that do not belong to the method or make no sense, CapabilityError for a generator
    without the latents or weights that it takes, both before any image is made; else what the method raises.
    """
    _check(search)
    if search.method not in SCORED:
        if resume:
            raise InputError(f"{search.method} scores no images, so that there is nothing to resume; leave it out")
        ranks.leave_to_lead()
    device = open_device(search.device)
    sampler = latent_sampler(open_sampler(generator, device=device, key=search.key, output_range=search.output_range))
    if search.space is not None:
        check_space(sampler, search.space)
    if search.method in SCORED:
        return _from_scores(sampler, search, device, None if out is None else Path(out), resume, ranks)
    if search.method == "steer":
        return _steer(sampler, search, device)
    return _from_latents(sampler, search, device)


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
    for name, methods in TAKEN_BY.items():
        if getattr(search, name) not in (None, ()) and search.method not in methods:
            raise InputError(f"{name}: for {' and '.join(methods)} alone, not for {search.method}; leave it out")


def _from_scores(
    sampler: LatentSampler, search: Search, device: torch.device, out: Path | None, resume: bool, ranks: Ranks
) -> Found:
    if search.method == "stylespace":
        check_styles(sampler, search.space)
    extractor = scorer_for(sampler, search.scorer, device)
    names = (name.removeprefix(PREFIX) for name in extractor.provides if name.startswith(PREFIX))
    check_conditions(names, search.conditions)
    check_extremes(search.samples, search.extremes)
    identity = score_identity(sampler, extractor, samples=search.samples, seed=search.seed)
    journal = Journal(out, identity, resume=resume, ranks=ranks)
    scores = score_table(
        sampler,
        extractor,
        samples=search.samples,
        seed=search.seed,
        device=device,
        journal=journal,
        ranks=ranks,
    )
    taken = {"scorer": extractor.fingerprint}
    if search.method == "stylespace":
        count = search.count or METHODS[search.method].default_count or 1
        found = style_channels(sampler, scores, extractor, count=count, seed=search.seed, extremes=search.extremes)
        moved = changed_scores(sampler, found.items, extractor, spread_of(scores), seed=search.seed)
        directions = _set_of(sampler, search, found.items, taken)
        return Found(sampler, directions, {**found.numbers, "moved": moved}, found.figures)
    items, numbers = interfacegan_directions(
        sampler,
        scores,
        spaces=drawn_spaces(sampler) if search.space is None else (search.space,),
        seed=search.seed,
        extremes=search.extremes,
        conditions=search.conditions,
    )
    mended, numbers = with_mended(sampler, items, numbers, samples=search.samples, seed=search.seed)
    moved = changed_scores(sampler, [*items, *mended], extractor, spread_of(scores), seed=search.seed)
    return Found(sampler, _set_of(sampler, search, items, taken), {**numbers, "moved": moved}, mended=tuple(mended))


def _steer(sampler: LatentSampler, search: Search, device: torch.device) -> Found:
    found = steered(
        sampler,
        search.steering or Steering(),
        space=search.space or "z",
        samples=search.samples,
        seed=search.seed,
        device=device,
    )
    moved = drifted_features(sampler, found.items, seed=search.seed, device=device)
    return Found(sampler, _set_of(sampler, search, found.items, {}), {**found.numbers, "moved": moved}, found.figures)


def _from_latents(sampler: LatentSampler, search: Search, device: torch.device) -> Found:
    count = search.count or METHODS[search.method].default_count or 1
    if search.method == "sefa":
        items = sefa_directions(sampler, count=count, layers=search.layers, samples=search.samples, seed=search.seed)
        if search.space not in (None, items[0].space):
            raise CapabilityError(f"sefa finds directions of {sampler.name} in {items[0].space}, not in {search.space}")
    else:
        items = ganspace_directions(sampler, count=count, samples=search.samples, seed=search.seed, space=search.space)
    moved = drifted_features(sampler, items, seed=search.seed, device=device)
    return Found(sampler, _set_of(sampler, search, items, {}), {"moved": moved})


def _set_of(sampler: Sampler, search: Search, items: Sequence[Direction], more: Mapping[str, Any]) -> Directions:
    return Directions(
        items=tuple(items),
        method=search.method,
        generator=sampler.name,
        fingerprint=weights_fingerprint(sampler),
        seed=search.seed,
        provenance={
            "ganprobe": __version__,
            "samples": search.samples,
            **opened_as(sampler),
            **({"notes": list(notes)} if (notes := sampler_notes(sampler)) else {}),
            **more,
        },
    )


def _key(item: Direction) -> Key:
    return item.space, item.name


def _strip(frames: Frames) -> bytes:
    """Every second strength: STRIP_STRENGTHS."""
    some = frames.chosen(STRIP_ROWS, 2)
    return strip_png(some.images, Legend(some.strengths))


def _file_names(directions: Directions) -> list[str]:
    """<space>_<name> of each, in characters that every file system takes, told apart by a number where need be."""
    names: list[str] = []
    for item in directions:
        name = re.sub(r"[^A-Za-z0-9_.-]+", "_", f"{item.space}_{item.name}")
        names.append(f"{name}_{len(names)}" if name in names else name)
    return names
