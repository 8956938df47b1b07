"""A set of images by number, wherever they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import final

import numpy as np
from numpy.typing import NDArray

from ganprobe.core.classes.words import counted
from ganprobe.core.errors import InputError
from ganprobe.data.labels.labelling import LabelFacts

Index = range | NDArray[np.integer]
Fetch = Callable[[NDArray[np.int64]], NDArray[np.uint8]]


@final
@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """Images that were looked through once and are known to be readable.

    name: for people. fingerprint: sha256 (hex) of the content, the same on every machine and wherever the set lies.
    shape: (3, H, W) of every image. length: how many; None where there is no end. fetch: numbers (N,) to uint8
    (N, 3, H, W); use `read`. labels: (length,) or None. class_names: of labels 0 to C - 1. facts: what is to be said
    of the labels. notes: of the set itself. skipped: the names of the files that could not be read and were passed
    over.
    """

    name: str
    fingerprint: str
    shape: tuple[int, int, int]
    length: int | None
    fetch: Fetch
    labels: NDArray[np.int64] | None = None
    class_names: tuple[str, ...] = ()
    skipped: tuple[str, ...] = ()
    facts: LabelFacts = field(default_factory=LabelFacts)
    notes: tuple[str, ...] = ()

    @property
    def classes_said(self) -> str:
        """In a line: how many classes there are, which, and what says so; or that there are none, and why."""
        if self.labels is None:
            return f"no classes{f' ({self.facts.why})' if self.facts.why else ''}"
        return counted(self.class_names) + (f" (from {self.facts.source})" if self.facts.source else "")

    def __len__(self) -> int:
        """How many images there are. InputError where there is no end: ask `length` first."""
        if self.length is None:
            raise InputError(f"{self.name} has no end; say how many images are wanted (limit)")
        return self.length

    def read(self, index: Index) -> NDArray[np.uint8]:
        """Images `index`, uint8 (N, 3, H, W). InputError for a number outside the set."""
        numbers = np.asarray(index, dtype=np.int64).reshape(-1)
        self._check(numbers)
        return self.fetch(numbers)

    def labels_of(self, index: Index) -> NDArray[np.int64] | None:
        """The labels of images `index` (N,), or None where the set has none."""
        return None if self.labels is None else self.labels[np.asarray(index, dtype=np.int64)]

    def spread(self, count: int) -> Images:
        """`count` of the images, evenly spread, so that classes that lie one after another keep their shares; itself
        where it has no more, or no end. It keeps its name and its fingerprint."""
        if self.length is None or count >= self.length:
            return self
        chosen = spread(self.length, count)
        return replace(
            self, length=count, fetch=lambda numbers: self.fetch(chosen[numbers]), labels=self.labels_of(chosen)
        )

    def _check(self, numbers: NDArray[np.int64]) -> None:
        if not numbers.size:
            return
        low, high = int(numbers.min()), int(numbers.max())
        if low < 0 or (self.length is not None and high >= self.length):
            had = (
                "has no negative ones" if self.length is None else f"holds {self.length} images, 0 to {self.length - 1}"
            )
            raise InputError(f"image {low if low < 0 else high} was asked of {self.name}, which {had}")


def spread(length: int, limit: int | None) -> NDArray[np.int64]:
    """At most `limit` of the numbers 0 to length - 1, evenly spaced and in order, so that classes that lie one after
    another keep their shares. InputError for a limit below 1."""
    if limit is None or limit >= length:
        return np.arange(length, dtype=np.int64)
    if limit < 1:
        raise InputError(f"limit must be at least 1, got {limit}")
    return np.arange(limit, dtype=np.int64) * length // limit
