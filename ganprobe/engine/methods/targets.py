"""Re-scored directions of any methods by the attribute that each is for: target against off-target, the best first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from ganprobe.core.protocols import LatentSampler
from ganprobe.core.results import Estimate
from ganprobe.core.tables import DetailTable, detail_table
from ganprobe.directions.edits.moves import edit, noise_rows
from ganprobe.directions.edits.strips import STRIP_ROWS, STRIP_STRENGTHS, pixels_of
from ganprobe.directions.latent_files.latent_set import LatentSet
from ganprobe.directions.rescoring import Rescored, target_name
from ganprobe.report.figures.frames import MOST_CARDS
from ganprobe.report.records.directions import DirectionCard, Fact, Frames
from ganprobe.report.records.moved import Moved

_MEANINGS: Final = {
    "share": "The share of all that it changes, in absolute terms, that falls on this attribute.",
    "index": "1 where one attribute alone changes, 0 where all change alike.",
    "drift": "1 minus the cosine of the embedded features before and after a step.",
}


@dataclass(frozen=True, slots=True)
class _Place:
    """A direction of a method, for an attribute."""

    method: str
    found: Rescored
    number: int
    attribute: int

    def label(self, *, several: bool) -> str:
        """The attribute and the direction, with its method where there are several."""
        item = self.found.directions[self.number]
        by = f"{self.method} " if several else ""
        return f"{self.found.attributes[self.attribute]}: {by}{item.name} ({item.space})"

    @property
    def changes(self) -> bool:
        """Whether the change is known not to be nothing."""
        low, high = self.found.change(self.number, self.attribute).ci95 or (0.0, 0.0)
        return not low <= 0 <= high

    @property
    def share(self) -> float:
        return self.found.share(self.number, self.attribute).value


def target_tables(found: Mapping[str, Rescored]) -> tuple[DetailTable, DetailTable]:
    """The whole effect matrix by attribute, the best direction for each first, and target against off-target in the
    same order. found: by result, such as "rescoring@sefa"."""
    places = _ordered(found)
    attributes = places[0].found.attributes
    names = [each.label(several=len(found) > 1) for each in places]
    matrix = {
        name: [each.found.change(each.number, column) for column in range(len(attributes))]
        for name, each in zip(names, places, strict=True)
    }
    rows = {
        name: (
            each.found.change(each.number, each.attribute),
            _off_target(each),
            each.found.share(each.number, each.attribute),
            each.found.mean_drift(each.number),
        )
        for name, each in zip(names, places, strict=True)
    }
    note = "standard deviations of the scores, per standard deviation of the latents along the direction"
    return (
        detail_table(
            "target_matrix",
            "Every direction by its attribute, the best first",
            matrix,
            columns=attributes,
            kind="matrix",
            note=f"In {note}. A direction is best by the share of its change that falls on the attribute; those that "
            "are not known to change it come last.",
        ),
        detail_table(
            "targets",
            "Target against off-target",
            rows,
            columns=("on target", "off target", "share on target", "identity drift"),
            note=f"On target: the change of its attribute; off target: the mean magnitude of the others; in {note}.",
        ),
    )


def rescored_cards(
    found: Mapping[str, Rescored], sampler: LatentSampler, *, seed: int, latents: LatentSet | None, step: float
) -> tuple[DirectionCard, ...]:
    """A card of every direction, in the order of the tables, each once."""
    cards: dict[tuple[str, int], DirectionCard] = {}
    for each in _ordered(found):
        key = (each.method, each.number)
        if key not in cards and len(cards) < MOST_CARDS:
            cards[key] = _card(each, sampler, seed, latents, step, several=len(found) > 1)
    return tuple(cards.values())


def _ordered(found: Mapping[str, Rescored]) -> list[_Place]:
    """By attribute: of every method the best direction for it and all others that are for it, from the best down."""
    places = []
    first = next(iter(found.values()))
    for attribute in range(len(first.attributes)):
        here = []
        for metric, each in found.items():
            method = metric.partition("@")[2]
            numbers = [i for i in range(len(each.directions)) if each.target(i) == attribute]
            numbers = list(dict.fromkeys([each.best(attribute), *numbers]))
            here += [_Place(method, each, number, attribute) for number in numbers]
        places += sorted(here, key=lambda place: (not place.changes, -place.share))
    return places


def _off_target(each: _Place) -> float | None:
    change = np.abs(each.found.changes[:, each.number].mean(axis=0))
    others = np.delete(change, each.attribute)
    return float(others.mean()) if len(others) else None


def _card(
    each: _Place, sampler: LatentSampler, seed: int, latents: LatentSet | None, step: float, *, several: bool
) -> DirectionCard:
    found, number = each.found, each.number
    item = found.directions[number]
    target = found.target(number)
    named = target_name(item.name, found.attributes)
    facts = (
        Fact(f"share on {found.attributes[target]}", found.share(number, target), _MEANINGS["share"]),
        Fact("disentanglement", found.index(number), _MEANINGS["index"]),
        Fact("identity drift", found.mean_drift(number), _MEANINGS["drift"]),
    )
    return DirectionCard(
        name=item.name,
        space=f"{item.space}, {each.method}" if several else item.space,
        moved=Moved(
            target=named,
            changes={
                name: _scaled(found.change(number, column), 2 * step) for column, name in enumerate(found.attributes)
            },
            start=-step,
            end=step,
        ),
        frames=_frames(found, number, sampler, seed, latents),
        facts=facts,
    )


def _frames(found: Rescored, number: int, sampler: LatentSampler, seed: int, latents: LatentSet | None) -> Frames:
    rows, item = slice(0, STRIP_ROWS), found.directions[number]
    if latents is None:
        images = edit(sampler, sampler.draw(range(STRIP_ROWS), seed=seed), item, STRIP_STRENGTHS)
    else:
        noise = noise_rows(latents.noise, rows)
        images = edit(sampler, latents.latents(rows), item, STRIP_STRENGTHS, noise=noise)
    return Frames(strengths=STRIP_STRENGTHS, images=pixels_of(images))


def _scaled(estimate: Estimate, by: float) -> Estimate:
    low, high = estimate.ci95 or (estimate.value, estimate.value)
    return Estimate(estimate.value * by, (low * by, high * by), estimate.n)
