"""The order of classes: by their names, by the numbers in their names, or as somebody says.

>>> folders = ["0", "1", "10", "2"]
>>> in_order(folders, NAMES), in_order(folders[:2] + folders[3:], NUMBERS), orders_differ(folders)
(('0', '1', '10', '2'), ('0', '1', '2'), True)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from ganprobe.core.classes.words import few, listed
from ganprobe.core.errors import InputError

NAMES: Final = "names"
NUMBERS: Final = "numbers"
Order = str | Sequence[str]
"""NAMES, NUMBERS, or the names themselves in order."""

_DIGITS = re.compile(r"(\d+)", re.ASCII)


def in_order(names: Collection[str], order: Order) -> tuple[str, ...]:
    """`names` in the order of their labels, which count from 0.

    NAMES: of their Unicode characters. NUMBERS: of the numbers in them, "class_2" before "class_10"; names that are
    numbers alone count from 0 or 1 without gaps. Names in an order: all of `names` are among them, and the order may
    know more. InputError where it is none of these.
    """
    if not isinstance(order, str):
        return _as_said(names, tuple(order))
    if order == NAMES:
        return tuple(sorted(names))
    if order != NUMBERS:
        raise InputError(f"an order of classes is {NAMES}, {NUMBERS} or a file of names, got {order!r}")
    if not all(_DIGITS.search(name) for name in names):
        without = [name for name in sorted(names) if not _DIGITS.search(name)]
        raise InputError(f"classes in the order of their numbers were asked for, and {few(without)} has none")
    found = tuple(sorted(names, key=_by_numbers))
    _check_gaps(found)
    return found


def orders_differ(names: Collection[str]) -> bool:
    """Whether the order of the names is another than that of the numbers in them."""
    return tuple(sorted(names)) != tuple(sorted(names, key=_by_numbers))


def order_note(names: Sequence[str]) -> str:
    """What to say of classes that are in the order of their names, where that of their numbers is another; else ""."""
    if tuple(names) != tuple(sorted(names)) or not orders_differ(names):
        return ""
    by_number = sorted(names, key=_by_numbers)
    return (
        f"labels count in the order of the classes' names ({listed(names)}), not of their numbers "
        f"({listed(by_number)}); say which is meant (--class-order names, numbers or FILE)"
    )


def _by_numbers(name: str) -> tuple[tuple[int, int, str], ...]:
    parts = _DIGITS.split(name)
    return tuple((0, int(part), part) if part.isdecimal() else (1, 0, part) for part in parts if part)


def _check_gaps(ordered: Sequence[str]) -> None:
    if not all(name.isdecimal() for name in ordered):
        return
    numbers = [int(name) for name in ordered]
    first = 1 if numbers[0] == 1 else 0
    expected = range(first, first + len(numbers))
    if numbers != list(expected):
        missing = sorted(set(range(first, numbers[-1] + 1)) - set(numbers))
        what = f"{few([str(number) for number in missing])} is missing" if missing else "one is there twice"
        raise InputError(
            f"classes {ordered[0]} to {ordered[-1]} in the order of their numbers must have no gaps, and {what}; "
            "name them in a file (--class-order FILE)"
        )


def _as_said(names: Collection[str], order: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(order)) < len(order):
        twice = next(name for name in order if order.count(name) > 1)
        raise InputError(f"the order of classes names {twice} twice; give each class once")
    if missing := sorted(set(names) - set(order)):
        raise InputError(f"the order of classes lacks {few(missing)}; name every class, one a line")
    return order
