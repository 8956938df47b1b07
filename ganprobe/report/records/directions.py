"""What a report of directions shows, as data: a card a direction, and the tables of all.

`found_record` reads what `ganprobe directions` writes as directions.json.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.errors import InputError
from ganprobe.core.results import Estimate
from ganprobe.core.tables import DetailTable, Entry, detail_table
from ganprobe.report.format import estimate_text
from ganprobe.report.records.moved import VERDICT_WORDS, Moved

Key = tuple[str, str]
"""Space and name of a direction."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Frames:
    """Samples moved along a direction. strengths: (S,). images: (rows, S, 3, H, W) uint8. captions: for each row and
    strength its lines. rows: names of the rows, where they have any. InputError for other shapes."""

    strengths: tuple[float, ...]
    images: NDArray[np.uint8]
    captions: tuple[tuple[tuple[str, ...], ...], ...] = ()
    rows: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        images = self.images
        if images.dtype != np.uint8 or images.ndim != 5 or images.shape[2] != 3 or 0 in images.shape:
            raise InputError(f"frames must be uint8 rows x S x 3 x H x W, got {images.dtype} {images.shape}")
        if images.shape[1] != len(self.strengths):
            raise InputError(f"{len(self.strengths)} strengths need as many frames, got {images.shape[1]}")

    def chosen(self, rows: int, every: int) -> Frames:
        """The first `rows`, at every so many strengths."""
        return Frames(
            strengths=self.strengths[::every],
            images=self.images[:rows, ::every],
            captions=tuple(row[::every] for row in self.captions[:rows]),
            rows=self.rows[:rows],
        )


@dataclass(frozen=True, slots=True)
class Fact:
    """A number of a direction, and what it means."""

    name: str
    value: Estimate
    meaning: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Distances:
    """How many samples lie where along the normal: edges (B + 1,) in standard deviations; low, rest, high (B,)."""

    edges: tuple[float, ...]
    low: tuple[int, ...]
    rest: tuple[int, ...]
    high: tuple[int, ...]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Mended:
    """The direction with the others left alone. others: name to cosine. condition: as the command takes it."""

    others: Mapping[str, float]
    condition: str
    name: str
    moved: Moved
    frames: Frames


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DirectionCard:
    """One direction. about: a sentence on what it is. distances: of a boundary. table: what its method measured more.
    mended: of one that leans on others."""

    name: str
    space: str
    moved: Moved
    frames: Frames
    about: str = ""
    facts: tuple[Fact, ...] = ()
    distances: Distances | None = None
    table: DetailTable | None = None
    mended: Mended | None = None

    @property
    def key(self) -> Key:
        return self.space, self.name

    @property
    def mended_words(self) -> str:
        """What became of the others, before and after."""
        if self.mended is None:
            return ""
        before, after = self.moved.changes, self.mended.moved.changes
        pairs = [(name, before[name], after[name]) for name in self.mended.others if name in before and name in after]
        said = [f"{name} changes by {estimate_text(now)} instead of {estimate_text(then)}" for name, then, now in pairs]
        return "; ".join(said) + "." if said else ""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DirectionsRecord:
    """A report. kind: of what. facts: the line under the headline. untold: attributes without a direction, and why.
    source: the file that holds the numbers. samples: which are shown."""

    generator: str
    kind: str
    cards: tuple[DirectionCard, ...]
    facts: Mapping[str, str] = field(default_factory=dict)
    tables: tuple[DetailTable, ...] = ()
    untold: Mapping[str, str] = field(default_factory=dict)
    origin: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    source: str = "directions.json"
    samples: str = "The first samples of the seed, not selected."


def summary_table(cards: tuple[DirectionCard, ...]) -> DetailTable:
    """A row a direction: what it changes, its facts of which all cards have the first two."""
    changed = any(card.moved.own is not None for card in cards)
    names = [fact.name for fact in max((card.facts for card in cards), key=len, default=())][:2]
    columns = ["change", "largest other change"] if changed else ["drift, share of two samples'"]
    rows: dict[str, list[Entry]] = {}
    for card in cards:
        known = {fact.name: fact.value for fact in card.facts}
        beside = card.moved.beside
        first: list[Entry] = [card.moved.own, beside and beside[1]] if changed else [card.moved.share]
        rows[f"{card.name} ({card.space}): {VERDICT_WORDS[card.moved.verdict]}"] = [
            *first,
            *(known.get(name) for name in names),
        ]
    unit = "standard deviations of the score" if changed else "at both ends, over the distance of two samples"
    ends = cards[0].moved
    return detail_table(
        "directions",
        "What each direction does",
        rows,
        columns=[*columns, *names],
        note=f"Change from {ends.start:g} to {ends.end:g}: {unit}." if changed else f"Drift {unit}.",
    )
