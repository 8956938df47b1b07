"""Classes in words: in tables, in notes, and on a line of their own.

>>> called(2, ("cat", "dog", "owl")), called(2, ("0", "1", "10")), called(2, ())
('owl', '10 (label 2)', 'class 2')
>>> counted(("cat", "dog"))
'2 classes: cat, dog'
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from ganprobe.core.errors import one_line

LISTED: Final = 12
"""So many names stand in a line; of more, the first ones and the last."""
FEW: Final = 5
_LONGEST: Final = 60


def called(number: int, names: Sequence[str]) -> str:
    """What label `number` is called. A name that is a number itself is told from the label, which may be another."""
    if not 0 <= number < len(names) or names[number] == str(number):
        return f"class {number}"
    name = one_line(names[number], _LONGEST)
    return f"{name} (label {number})" if name.isdecimal() or names.count(names[number]) > 1 else name


def called_all(numbers: Iterable[int], names: Sequence[str]) -> str:
    """The first few of some labels by their names, and how many more there are."""
    words = [called(int(number), names) for number in numbers]
    return few(words)


def few(words: Sequence[str]) -> str:
    """The first few of `words`, and how many more there are."""
    first = ", ".join(one_line(word, _LONGEST) for word in words[:FEW])
    return first if len(words) <= FEW else f"{first} and {len(words) - FEW} more"


def listed(names: Sequence[str]) -> str:
    """All of a few names; of many the first ones and the last."""
    shown = [one_line(name, _LONGEST) for name in names]
    return ", ".join(shown if len(shown) <= LISTED else [*shown[: LISTED - 2], "...", shown[-1]])


def counted(names: Sequence[str]) -> str:
    """How many classes there are, and which."""
    return f"{len(names):,} {'class' if len(names) == 1 else 'classes'}: {listed(names)}"
