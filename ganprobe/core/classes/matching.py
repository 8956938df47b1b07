"""Which class of one side is which of the other: by name where both have names, else by number.

>>> found = match_classes(("dog", "cat"), ("cat", "dog"))
>>> found.numbers, found.names
((1, 0), ('cat', 'dog'))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ganprobe.core.classes.order import order_note
from ganprobe.core.classes.words import few

BY_NAME: Final = "names"
BY_NUMBER: Final = "numbers"


@dataclass(frozen=True, slots=True)
class Matching:
    """numbers: of each class of ours, its label on their side; () where labels stay as they are. names: of the labels
    afterwards, () where none are known. by: what was matched. notes: what to say of it, a line each."""

    numbers: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    by: str = BY_NUMBER
    notes: tuple[str, ...] = ()

    @property
    def shown(self) -> tuple[str, ...]:
        """The names for tables: one that is a number is that of both sides where names were matched."""
        if self.by == BY_NUMBER:
            return self.names
        return tuple(f"class {name}" if name.isdecimal() else name for name in self.names)


def match_classes(ours: Sequence[str], theirs: Sequence[str]) -> Matching:
    """Match the classes called `ours` with those called `theirs`, each by its label; () where a side has no names.

    By name, whatever the order, as far as names are on both sides; spelt alike but for case counts. Where no name is on
    both sides, by number. Names that are on one side alone become classes of their own, unless all that are on both
    sides have the same numbers there: then the others are matched by number too. A note says what differs. Names that
    two classes of a side share tell nothing apart: such sides are matched by number.
    """
    if not ours or not theirs:
        names = tuple(theirs or ours)
        note = order_note(names) if theirs and not ours else ""
        return Matching(names=names, notes=(note,) if note else ())
    if any(len(set(names)) < len(names) for names in (ours, theirs)):
        return _by_number(ours, theirs)
    known, spelling = _known(ours, theirs)
    if not known or (len(known) < len(ours) and all(a == b for a, b in known.items())):
        return _by_number(ours, theirs)
    numbers, names = _by_name(ours, theirs, known)
    kept = tuple(numbers) == tuple(range(len(ours)))
    return Matching(() if kept else tuple(numbers), names, BY_NAME, (*spelling, *_apart(ours, theirs, known)))


def _known(ours: Sequence[str], theirs: Sequence[str]) -> tuple[Mapping[int, int], tuple[str, ...]]:
    """Number to number of the classes that both sides name, and what to say where they spell them otherwise."""
    exact = {name: number for number, name in enumerate(theirs)}
    found = {number: exact[name] for number, name in enumerate(ours) if name in exact}
    if len(found) == len(ours) or _placeholders(ours) != _placeholders(theirs):
        return found, ()
    loose = _loosely(theirs)
    if len(loose) < len(theirs) or len(_loosely(ours)) < len(ours):
        return found, ()
    more = {number: loose[_plain(name)] for number, name in enumerate(ours) if _plain(name) in loose}
    spelt = [f"{ours[a]} here is {theirs[b]} there" for a, b in more.items() if ours[a] != theirs[b]]
    return more, (f"classes were matched by name, but for their spelling: {few(spelt)}",) if spelt else ()


def _loosely(names: Sequence[str]) -> dict[str, int]:
    return {_plain(name): number for number, name in enumerate(names)}


def _plain(name: str) -> str:
    return "".join(each for each in name.casefold() if each.isalnum())


def _placeholders(names: Sequence[str]) -> bool:
    """Whether the names are only the labels: of data whose labels are numbers."""
    return list(names) == [str(number) for number in range(len(names))]


def _by_number(ours: Sequence[str], theirs: Sequence[str]) -> Matching:
    both = list(zip(ours, theirs, strict=False))
    apart = [f"{a} here is {b} there" for a, b in both if a != b]
    names = (*theirs, *ours[len(theirs) :])
    notes: tuple[str, ...] = ()
    if apart and not (_placeholders(ours) or _placeholders(theirs)):
        notes = (f"classes were matched by number, and their names differ: {few(apart)}",)
    elif _placeholders(ours) and (note := order_note(theirs)):
        notes = (note,)
    return Matching(names=names, notes=notes)


def _by_name(ours: Sequence[str], theirs: Sequence[str], known: Mapping[int, int]) -> tuple[list[int], tuple[str, ...]]:
    """The number of each of ours, those without a counterpart after theirs."""
    alone = [number for number in range(len(ours)) if number not in known]
    places = {number: len(theirs) + place for place, number in enumerate(alone)}
    numbers = [known.get(number, places.get(number, 0)) for number in range(len(ours))]
    return numbers, (*theirs, *(ours[number] for number in alone))


def _apart(ours: Sequence[str], theirs: Sequence[str], known: Mapping[int, int]) -> tuple[str, ...]:
    here = [name for number, name in enumerate(ours) if number not in known]
    there = [name for number, name in enumerate(theirs) if number not in known.values()]
    said = [f"{few(names)} {where}" for names, where in ((here, "here alone"), (there, "there alone")) if names]
    return (f"classes were matched by name, and some have no counterpart: {', '.join(said)}",) if said else ()
