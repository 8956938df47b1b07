"""From directions on disk to pictures of samples that were moved along them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch

from ganprobe.core.calls.shared import OutputRange
from ganprobe.core.columns import SCORES
from ganprobe.core.errors import InputError
from ganprobe.core.files import check_writable
from ganprobe.core.protocols import FeatureExtractor, LatentSampler, Sampler
from ganprobe.core.registry import unknown
from ganprobe.core.spaces import Space, Truncation
from ganprobe.directions import Direction, Directions, Move, compose
from ganprobe.directions.edits.displacement import DirectionSpace
from ganprobe.directions.edits.strips import (
    STRIP_ROWS,
    STRIP_STRENGTHS,
    Legend,
    Pixels,
    pixels_of,
    strip_gif,
    strip_mp4,
    strip_png,
)
from ganprobe.directions.files import record_of
from ganprobe.directions.latent_files.latent_set import LatentSet
from ganprobe.directions.latents import latent_sampler
from ganprobe.directions.layers import parse_layers
from ganprobe.engine.methods.moved import changed_scores, drifted_features, spread_here
from ganprobe.engine.opening.directions import fitted_directions, own_directions
from ganprobe.engine.opening.features import open_device
from ganprobe.engine.opening.latents import class_number, own_latents
from ganprobe.engine.opening.samplers import open_sampler
from ganprobe.engine.opening.scorers import scorer_for
from ganprobe.features.scores import ScoreTable
from ganprobe.generators.base import Generator
from ganprobe.report.folders.directions import edit_html, is_edit_page
from ganprobe.report.folders.together import write_together
from ganprobe.report.format import plain
from ganprobe.report.records.directions import DirectionsRecord, Frames
from ganprobe.report.records.found import edit_record

LOOKED_AT: Final = 12
"""Samples that say whether the direction moves anything."""
Generated = str | Path | Sampler | Generator
WRITERS: Final[dict[str, Callable[[Pixels, Legend], bytes]]] = {
    ".png": strip_png,
    ".gif": strip_gif,
    ".mp4": strip_mp4,
}


@dataclass(frozen=True, slots=True)
class Also:
    """A further direction of the file, by name, and its strength in every cell. layers: in place of its own."""

    name: str
    strength: float
    layers: tuple[int, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """What to draw.

    name, space: which direction of the file; left out, the first. strengths: of the columns. rows: how many samples,
    one a row; left out, 4, of own latents all. index: the number of the first of them. grid: a second direction, whose
    strengths are those of the columns too, for the rows; then `rows` is not used, and that sample alone is drawn. also:
    further directions, the same in every cell. layers: those to move, in place of the direction's own. absolute:
    strengths are signed distances from the boundaries, at which every sample ends. scores: attributes to write under
    every cell; () for none, None for all that the scorer has. label: the class of all samples, by number or name, of a
    class-conditional generator. latents: own ones, or a file of them, of latent_space where it does not say, in place
    of samples.
    """

    name: str | None = None
    space: DirectionSpace | None = None
    strengths: Sequence[float] = STRIP_STRENGTHS
    rows: int | None = None
    index: int = 0
    grid: str | None = None
    also: tuple[Also, ...] = ()
    layers: tuple[int, ...] | None = None
    absolute: bool = False
    scores: tuple[str, ...] | None = ()
    label: int | str | None = None
    latents: str | Path | LatentSet | None = None
    latent_space: Space | None = None

    def __post_init__(self) -> None:
        if self.rows is not None and self.rows < 1:
            raise InputError(f"at least one row was expected, got {self.rows}")
        if self.index < 0:
            raise InputError(f"samples are numbered from 0 on, got {self.index}")

    @property
    def needs_directions(self) -> bool:
        """Whether it says how to move, and not only what."""
        return bool(self.name or self.space or self.grid or self.also or self.layers or self.absolute)


@dataclass(frozen=True, slots=True)
class Edited:
    """images: (rows, columns, 3, H, W) uint8; legend: what belongs beside them; report: what the page shows,
    None where nothing was moved."""

    images: Pixels
    legend: Legend
    report: DirectionsRecord | None = None


def edited(
    generator: Generated,
    file: str | Path | None = None,
    what: Edit | None = None,
    *,
    seed: int = 0,
    truncation: Truncation = 1.0,
    any_generator: bool = False,
    scorer: FeatureExtractor | str | Path | None = None,
    device: str | None = None,
    key: str | None = None,
    output_range: OutputRange | None = None,
) -> Edited:
    """Samples under `seed`, moved along directions of `file`.

    file: as `Found.save` writes it, or a .npy boundary or vectors in a .pt, whose scales are measured here, or
    GANSpace's .npz; left out, the samples are drawn as they are, in one column. Errors: CheckpointError for a file that
    is none, InputError for a direction of another generator (unless `any_generator`), an unknown name and settings out
    of range, CapabilityError as `compose` says.
    """
    what = what or Edit()
    if scorer is not None and what.scores == ():
        raise InputError("a scorer writes scores under the pictures, and none was asked for; name them (--scores all)")
    if file is None and what.needs_directions:
        raise InputError("what to move along was said, and not of which file; give the file (--direction)")
    what = what if file is not None else replace(what, strengths=(0.0,))
    where = open_device(device)
    known = None if file is None else own_directions(file)
    if known is not None:
        _chosen(known, what)  # names are looked at before a generator is opened
    sampler = latent_sampler(
        open_sampler(generator, device=where, truncation=truncation, key=key, output_range=output_range)
    )
    fitted = None
    if file is not None:
        fitted = fitted_directions(file, sampler, known=known, space=what.space, any_generator=any_generator)
    named = [] if fitted is None else _chosen(fitted.known, what)
    table = None if what.scores == () else ScoreTable(scorer_for(sampler, scorer, where))
    shown = () if table is None else _shown(table, what.scores)
    chosen = [] if fitted is None else fitted.with_scales(named, sampler, seed=seed)
    raw = _drawn(sampler, chosen, what, _started(sampler, what, seed, any_generator=any_generator))
    cells = () if table is None else _captions(raw, table, shown)
    pixels, legend = pixels_of(raw), Legend(what.strengths, what.strengths if what.grid else (), cells)
    if fitted is None:
        return Edited(pixels, legend)
    main = chosen[0] if what.layers is None else replace(chosen[0], layers=what.layers)
    if table is None:
        moved = drifted_features(sampler, [main], seed=seed, device=where, samples=LOOKED_AT)
    else:
        spread = _spread(sampler, main, table, shown, seed)
        moved = changed_scores(sampler, [main], table.scorer, spread, seed=seed, samples=LOOKED_AT)
    method = fitted.known.method
    said = {"direction": str(file), "method": method, "seed": str(seed), "truncation": plain(truncation)}
    also = {each.name: each.strength for each in what.also}
    frames = _frames(pixels, legend)
    report = edit_record(sampler.name, record_of(main), moved, frames, also=also, grid=what.grid or "", origin=said)
    return Edited(pixels, legend, report)


def write_edit(out: str | Path, found: Edited) -> None:
    """Write what `edited` gave, as the suffix of `out` says, and, where something was moved, a page of it beside, both
    or neither."""
    out = Path(out)
    files = {out.name: WRITERS[edit_format(out)](found.images, found.legend)}
    if found.report is not None:
        files[out.with_suffix(".html").name] = edit_html(found.report).encode()
    write_together(out.parent, files)


def edit_format(out: str | Path) -> str:
    """The suffix of `out`. InputError for one that cannot be written, and where another page has the place of the one
    beside the picture; OutputError for a folder that cannot be written."""
    suffix = Path(out).suffix.lower()
    if suffix not in WRITERS:
        raise InputError(f"the image must end in {', '.join(WRITERS)}, got {Path(out).name!r}")
    check_writable(Path(out).parent)
    page = Path(out).with_suffix(".html")
    if page.exists() and not is_edit_page(page):
        raise InputError(f"{page} is no page of an edit and would be replaced by one; name another picture")
    return suffix


def even_strengths(start: float, end: float, steps: int) -> tuple[float, ...]:
    """`steps` strengths from `start` to `end`, evenly spaced. InputError for less than one."""
    if steps < 1:
        raise InputError(f"at least one step was expected, got {steps}")
    return tuple(float(strength) for strength in np.linspace(start, end, steps))


def parse_also(text: str) -> Also:
    """ "age=1.5" or "age=1.5:0-3", with the layers to move. InputError for anything else."""
    name, equals, rest = text.rpartition("=")
    number, colon, layers = rest.partition(":")
    try:
        strength = float(number)
    except ValueError:
        strength = float("nan")
    if not (name.strip() and equals and np.isfinite(strength)):
        raise InputError(f"a further direction is like age=1.5 or age=1.5:0-3, got {text!r}")
    return Also(name.strip(), strength, parse_layers(layers) if colon else None)


def _chosen(known: Directions, what: Edit) -> list[Direction]:
    return [known.named(name, space=what.space) for name in _names(what)]


def _names(what: Edit) -> list[str | None]:
    """Of the main direction, of the grid's where there is one, and of the others."""
    return [what.name, *([what.grid] if what.grid else []), *(each.name for each in what.also)]


def _started(sampler: LatentSampler, what: Edit, seed: int, *, any_generator: bool) -> LatentSet:
    """The latents from which to move: own ones or samples, of the class that is asked for."""
    label = None if what.label is None else class_number(sampler.spec, what.label)
    rows = 1 if what.grid else what.rows
    if what.latents is not None:
        return own_latents(
            what.latents,
            sampler,
            space=what.latent_space,
            label=label,
            rows=rows,
            index=what.index,
            any_generator=any_generator,
        )
    drawn = sampler.draw(range(what.index, what.index + (rows or STRIP_ROWS)), seed=seed)
    found = LatentSet(space="z", values=drawn.z, labels=drawn.labels)
    return found if label is None else found.with_label(label).for_sampler(sampler)


def _drawn(sampler: LatentSampler, chosen: Sequence[Direction], what: Edit, start: LatentSet) -> torch.Tensor:
    """(rows, columns, 3, H, W), raw."""
    others = chosen[1 + bool(what.grid) :]
    fixed = [
        Move(direction=item, strength=each.strength, layers=each.layers)
        for item, each in zip(others, what.also, strict=True)
    ]

    def moves(item: Direction, strength: float) -> list[Move]:
        return [Move(direction=item, strength=strength, layers=what.layers, absolute=what.absolute)]

    across = [moves(chosen[0], strength) for strength in what.strengths] if chosen else [[]]
    if not what.grid:
        return compose(sampler, start.latents(), [[*fixed, *each] for each in across], noise=start.noise)
    rows = [
        compose(
            sampler,
            start.latents(),
            [[*fixed, *each, *moves(chosen[1], strength)] for each in across],
            noise=start.noise,
        )
        for strength in what.strengths
    ]
    return torch.cat(rows)


def _frames(pixels: Pixels, legend: Legend) -> Frames:
    """As a page shows them, from the lowest strength up."""
    order = np.argsort(legend.columns, kind="stable")
    return Frames(
        strengths=tuple(float(legend.columns[i]) for i in order),
        images=pixels[:, order],
        captions=tuple(tuple(tuple(row[i]) for i in order) for row in legend.cells),
        rows=tuple(f"{strength:+.3g}" for strength in legend.rows),
    )


def _spread(
    sampler: LatentSampler, item: Direction, table: ScoreTable, shown: Sequence[str], seed: int
) -> dict[str, float]:
    found = spread_here(sampler, item, table.scorer, seed=seed, samples=LOOKED_AT)
    return {name: value for name, value in found.items() if name in shown}


def _shown(table: ScoreTable, names: tuple[str, ...] | None) -> tuple[str, ...]:
    for name in names or ():
        if name not in table.attributes:
            raise unknown("attribute", name, table.attributes)
    return table.attributes if names is None else names


def _captions(images: torch.Tensor, table: ScoreTable, names: Sequence[str]) -> list[list[tuple[str, ...]]]:
    columns = [table.attributes.index(name) for name in names]
    return [
        [
            tuple(f"{name} {float(row[column]):+.2f}" for name, column in zip(names, columns, strict=True))
            for row in table.observe(line)[SCORES]
        ]
        for line in images
    ]
