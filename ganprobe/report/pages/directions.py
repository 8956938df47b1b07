"""A report of directions as one HTML file: a card a direction, whose slider moves the pictures.

Without JavaScript, and on paper, each card shows its strip.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from ganprobe.core.results import Estimate
from ganprobe.report.figures.frames import Encoded, encoded
from ganprobe.report.format import interval_text, value_text
from ganprobe.report.grids import Grid, table_grid
from ganprobe.report.pages.html import Whisker, template, zero_whisker
from ganprobe.report.records.directions import DirectionCard, DirectionsRecord, Distances, Fact, summary_table
from ganprobe.report.records.moved import Moved

HISTOGRAM_WIDTH, HISTOGRAM_HEIGHT = 480.0, 120.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A frame: at which step, as a data URI, the lines below it, and whether a strip leaves it out."""

    step: int
    uri: str
    lines: tuple[str, ...]
    between: bool


@dataclass(frozen=True, slots=True)
class Player:
    """The frames of a direction. label: what a screen reader says. marks: the strength of each step as text; middle:
    the step nearest to 0; shown: how many steps a strip has; across: how many samples stand side by side."""

    label: str
    cells: tuple[Cell, ...]
    marks: tuple[str, ...]
    middle: int
    shown: int
    across: int
    width: int
    height: int
    small: bool
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A score's change beside those of the same direction."""

    name: str
    value: str
    interval: str
    whisker: Whisker
    own: bool


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar of the histogram, stacked: x, width, and for the lowest, those in between and the highest y and height."""

    x: float
    width: float
    parts: tuple[tuple[str, float, float], ...]


@dataclass(frozen=True, slots=True)
class Histogram:
    """bars; zero: where the boundary stands; ends: the labels of the axis with their places; words: what a screen
    reader says."""

    bars: tuple[Bar, ...]
    zero: float | None
    ends: tuple[tuple[float, str], ...]
    words: str


@dataclass(frozen=True, slots=True)
class MendedView:
    """The direction that leaves the others alone."""

    name: str
    leans: str
    condition: str
    verdict: str
    headline: str
    words: str
    others: str
    changes: tuple[Change, ...]
    player: Player


@dataclass(frozen=True, slots=True)
class CardView:
    """A card made ready to be set."""

    anchor: str
    name: str
    space: str
    about: str
    verdict: str
    headline: str
    words: str
    player: Player
    facts: tuple[Fact, ...]
    changes: tuple[Change, ...]
    histogram: Histogram | None
    grid: Grid | None
    mended: MendedView | None


def directions_view(cards: Sequence[DirectionCard]) -> dict[str, Any]:
    """What any page needs to show cards; a page without any runs no script."""
    if not cards:
        return {"cards": ()}
    return {"cards": card_views(cards), "script": script(), "script_hash": script_hash()}


def directions_html(record: DirectionsRecord, *, made_by: str = "directions") -> str:
    """report.html of directions. made_by: the command."""
    return template("directions.html.j2").render(
        made_by=made_by,
        title=record.generator,
        kind=record.kind,
        facts=list(record.facts.items()),
        note=record.note,
        untold=record.untold,
        summary=table_grid(summary_table(record.cards), ""),
        grids=[table_grid(table, table.title) for table in record.tables if len(table.rows) > 1],
        origin=record.origin,
        source=record.source,
        samples=record.samples,
        **directions_view(record.cards),
    )


def card_views(cards: Iterable[DirectionCard]) -> list[CardView]:
    """The cards with their pictures, all of which share a page's room."""
    cards = list(cards)
    frames = [card.frames for card in cards] + [card.mended.frames for card in cards if card.mended]
    pictures = iter(encoded(frames))
    own = [next(pictures) for _ in cards]
    farthest = _farthest(cards)
    return [
        _view(number, card, farthest, drawn, next(pictures) if card.mended else None)
        for number, (card, drawn) in enumerate(zip(cards, own, strict=True))
    ]


def _farthest(cards: Iterable[DirectionCard]) -> float:
    """The end of the axis that all changes of a page share, so that small ones look small."""
    shown = [moved for card in cards for moved in (card.moved, card.mended and card.mended.moved) if moved]
    changes = [each for moved in shown for each in moved.changes.values()]
    return max((abs(end) for each in changes for end in (each.ci95 or (each.value,))), default=0.0) or 1.0


def _view(number: int, card: DirectionCard, farthest: float, drawn: Encoded, mended: Encoded | None) -> CardView:
    named = f"{card.name} in {card.space}"
    return CardView(
        anchor=f"direction-{number}",
        name=card.name,
        space=card.space,
        about=card.about,
        verdict=card.moved.verdict,
        headline=card.moved.headline,
        words=card.moved.words,
        player=_player(named, drawn),
        facts=card.facts,
        changes=_changes(card.moved, farthest),
        histogram=None if card.distances is None else _histogram(card.distances),
        grid=None if card.table is None else table_grid(card.table, card.table.title),
        mended=None if mended is None else _mended(card, farthest, mended),
    )


def _mended(card: DirectionCard, farthest: float, drawn: Encoded) -> MendedView:
    assert card.mended is not None
    found = card.mended
    return MendedView(
        name=found.name,
        leans=", ".join(f"{name} ({cosine:+.2f})" for name, cosine in found.others.items()),
        condition=found.condition,
        verdict=found.moved.verdict,
        headline=found.moved.headline,
        words=found.moved.own_words,
        others=card.mended_words,
        changes=_changes(found.moved, farthest),
        player=_player(f"{found.name} in {card.space}", drawn),
    )


def _player(named: str, drawn: Encoded) -> Player:
    steps, rows = len(drawn.strengths), len(drawn.pictures)
    middle = min(range(steps), key=lambda step: abs(drawn.strengths[step]))
    marks = tuple(_signed(strength) for strength in drawn.strengths)
    every = 2 if steps > 9 and (steps - 1) % 4 == 0 else 1
    cells = tuple(
        Cell(step, _uri(picture), _lines(drawn, row, step), step % every != 0)
        for row, pictures in enumerate(drawn.pictures)
        for step, picture in enumerate(pictures)
    )
    samples = f"{rows} sample{'' if rows == 1 else 's'}" if not drawn.rows else "One sample"
    return Player(
        label=f"{samples} moved along {named}, from {marks[0]} to {marks[-1]}",
        cells=cells,
        marks=marks,
        middle=middle,
        shown=len(range(0, steps, every)),
        across=min(rows, 4),
        width=drawn.width,
        height=drawn.height,
        small=drawn.small,
        rows=drawn.rows,
    )


def _lines(drawn: Encoded, row: int, step: int) -> tuple[str, ...]:
    return drawn.captions[row][step] if drawn.captions else ()


def _signed(strength: float) -> str:
    return f"{strength:+.3g}".replace("-", "\u2212") if strength else "0"


def _uri(data: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(data).decode()}"


def _changes(moved: Moved, farthest: float) -> tuple[Change, ...]:
    return tuple(
        Change(name, *_texts(each), zero_whisker(each, farthest), name == moved.target) for name, each in moved.ordered
    )


def _texts(estimate: Estimate) -> tuple[str, str]:
    return value_text(estimate), interval_text(estimate)


def _histogram(found: Distances) -> Histogram:
    start, end = found.edges[0], found.edges[-1]
    tallest = max(sum(each) for each in zip(found.low, found.rest, found.high, strict=True)) or 1

    def x(distance: float) -> float:
        return HISTOGRAM_WIDTH * (distance - start) / (end - start)

    bars = []
    for left, right, *counts in zip(found.edges, found.edges[1:], found.low, found.rest, found.high, strict=False):
        top, parts = HISTOGRAM_HEIGHT, []
        for name, many in zip(("low", "rest", "high"), counts, strict=True):
            tall = HISTOGRAM_HEIGHT * float(many) / tallest
            top -= tall
            if many:
                parts.append((name, round(top, 2), round(tall, 2)))
        bars.append(Bar(round(x(left), 2), round(max(0.5, x(right) - x(left) - 1), 2), tuple(parts)))
    ticks = [n for n in range(-8, 9) if start < n < end]
    return Histogram(
        bars=tuple(bars),
        zero=round(x(0.0), 2) if start < 0 < end else None,
        ends=tuple((round(x(n), 2), _signed(n)) for n in ticks),
        words=f"Signed distances of {sum(found.low + found.rest + found.high):,} samples to the boundary, from "
        f"{start:.2f} to {end:.2f} standard deviations",
    )


@cache
def script() -> str:
    """What moves the pictures."""
    return resources.files("ganprobe.report").joinpath("templates/directions.js").read_text(encoding="utf-8").strip()


@cache
def script_hash() -> str:
    """The only script that the page's policy lets run."""
    digest = hashlib.sha256(script().encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
