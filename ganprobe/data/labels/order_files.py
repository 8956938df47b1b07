"""The order of classes as a file says it.

Read are: names, one a line; a JSON list of names; a JSON mapping of names to numbers, as torchvision's class_to_idx is;
and one of numbers to names, or to lists of names of which the first is meant (imagenet_class_index.json).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ganprobe.core.classes.order import NAMES, NUMBERS, Order
from ganprobe.core.errors import InputError, one_line


def order_of(given: str | Path | Sequence[str] | None) -> Order | None:
    """NAMES, NUMBERS, or the names of the classes in order, of a call's word for it. InputError for a file that is not
    there or says no order."""
    if given is None or (isinstance(given, str) and given in (NAMES, NUMBERS)):
        return given
    if not isinstance(given, str | Path):
        return tuple(given)
    try:
        text = Path(given).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(
            f"the order of classes is {NAMES}, {NUMBERS} or a file, and {given} cannot be read ({one_line(problem)})"
        ) from problem
    if not text.lstrip().startswith(("{", "[")):
        return tuple(line.strip() for line in text.splitlines() if line.strip())
    try:
        return _in_json(json.loads(text))
    except (ValueError, TypeError, RecursionError) as problem:
        raise InputError(
            f"{given} says no order of classes ({one_line(problem)}); names in a list, one a line, or with their "
            "numbers were expected"
        ) from problem


def _in_json(said: Any) -> tuple[str, ...]:
    if isinstance(said, list):
        return tuple(str(name) for name in said)
    if not isinstance(said, Mapping):
        raise ValueError("it holds neither a list nor a mapping")
    if all(isinstance(value, int) for value in said.values()):
        numbered = {int(value): str(name) for name, value in said.items()}
    else:
        numbered = {int(number): _first(name) for number, name in said.items()}
    if sorted(numbered) != list(range(len(said))):
        raise ValueError(f"its numbers do not count from 0 to {len(said) - 1}")
    return tuple(numbered[number] for number in range(len(said)))


def _first(name: Any) -> str:
    return str(name[0]) if isinstance(name, list) and name else str(name)
