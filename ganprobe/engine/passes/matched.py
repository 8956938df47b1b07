"""The classes of a run: which of the generator's is which of the reference's, and what both are called."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from ganprobe.core.classes.matching import Matching, match_classes
from ganprobe.core.classes.order import in_order
from ganprobe.core.classes.words import counted
from ganprobe.core.errors import InputError
from ganprobe.core.progress import tell
from ganprobe.core.protocols import Sampler
from ganprobe.data.images import Images
from ganprobe.data.labels.order_files import order_of
from ganprobe.engine.passes.plan import IMAGES, LABEL, Planned
from ganprobe.samplers.images import ImageSampler


@dataclass(frozen=True, slots=True)
class Relabelling:
    """numbers: the label that each label becomes; () where they stay."""

    numbers: tuple[int, ...] = ()

    @property
    def digest(self) -> str:
        """What tells passes with other labels apart, "" where they stay."""
        return f"-{hashlib.sha256(repr(self.numbers).encode()).hexdigest()[:8]}" if self.numbers else ""

    def of(self, labels: Tensor) -> Tensor:
        """Labels (N,) as they become."""
        return torch.tensor(self.numbers, device=labels.device)[labels] if self.numbers else labels


@dataclass(frozen=True, slots=True)
class Classes:
    """matching: of the generator's classes with the reference's. ours, theirs: what each side calls them, () where it
    does not."""

    matching: Matching = field(default_factory=Matching)
    ours: tuple[str, ...] = ()
    theirs: tuple[str, ...] = ()

    @property
    def relabelling(self) -> Relabelling:
        return Relabelling(self.matching.numbers)

    def said(self) -> dict[str, Any]:
        """For results: the names of both sides, and what was matched."""
        sides = {"generator": list(self.ours), "reference": list(self.theirs)}
        named = {side: names for side, names in sides.items() if names}
        return {**named, **({"matched": self.matching.by} if self.ours and self.theirs else {})} if named else {}


def are_by_class(planned: Collection[Planned]) -> bool:
    """Whether a metric of images goes by their classes."""
    return any(each.source == IMAGES and LABEL in each.metric.needs for each in planned)


def classes_of(sampler: Sampler, theirs: Sequence[str], class_order: Any) -> Classes:
    """The classes of `sampler` and of a reference that calls them `theirs`. class_order: what label k of a generator
    without names means, as `open_data` has it."""
    ours = sampler.spec.class_names
    if not sampler.spec.num_classes:
        return Classes(theirs=tuple(theirs))
    order = order_of(class_order)
    numbered = list(ours) == [str(number) for number in range(len(ours))]
    if order is None or not theirs or (ours and not numbered):
        return Classes(match_classes(ours, theirs), ours, tuple(theirs))
    told = _padded(in_order(theirs, order), sampler.spec.num_classes)
    return Classes(match_classes(told, theirs), told, tuple(theirs))


def _padded(names: Sequence[str], classes: int) -> tuple[str, ...]:
    return (*names, *(f"class {number}" for number in range(len(names), classes)))


def relabelled_like(theirs: Sequence[str], images: Images) -> Relabelling:
    """What makes the labels of `images` those of a set that calls its classes `theirs`."""
    return Relabelling(match_classes(images.class_names, theirs).numbers)


def check_like(theirs: Sequence[str], saved: Sequence[str], ref: str) -> None:
    """InputError for saved statistics whose labels are others than those of the reference."""
    if match_classes(saved, theirs).numbers:
        raise InputError(f"{ref} counts its classes in another order than the reference; give its images")


def say_classes(name: str, images: Images) -> None:
    """On standard error: the classes of a set of images, and what is to be said of them."""
    for line in (f"{name}: {images.classes_said}", *(f"{name}: {note}" for note in images.facts.notes)):
        tell(line)


def say_generated(sampler: Sampler) -> None:
    """On standard error: the classes of a generator."""
    if isinstance(sampler, ImageSampler):
        say_classes(sampler.name, sampler.source)
    elif sampler.spec.num_classes:
        names = sampler.spec.class_names
        unnamed = f"{sampler.spec.num_classes:,} classes, without names"
        tell(f"{sampler.name}: {counted(names) if names else unnamed}")


def notes_of(classes: Classes, sampler: Sampler, reference_notes: Sequence[str]) -> tuple[str, ...]:
    """What a result by class has to say of its classes."""
    here = sampler.source.facts.notes if isinstance(sampler, ImageSampler) else ()
    there = tuple(f"reference: {note}" for note in reference_notes)
    return (*classes.matching.notes, *here, *there)


def by_names(images: Images) -> Mapping[str, Any]:
    """For records: the classes of a set of images."""
    return {"classes": list(images.class_names)} if images.class_names else {}
