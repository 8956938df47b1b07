"""Layers of a generator by number, as edits name them."""

from __future__ import annotations

from itertools import pairwise

from ganprobe.core.errors import InputError


def check_layers(layers: tuple[int, ...], owner: str) -> None:
    """InputError unless `layers` are distinct numbers from 0 on, in rising order, at least one."""
    if not layers or layers[0] < 0 or any(a >= b for a, b in pairwise(layers)):
        raise InputError(f"{owner}: layers must be rising numbers from 0 on, got {list(layers)}")


def parse_layers(text: str) -> tuple[int, ...]:
    """ "2-5" to (2, 3, 4, 5), "3" to (3,), and joined by commas, "0-1,4". InputError for anything else."""
    found: set[int] = set()
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        if not first.isdecimal() or (dash and not last.isdecimal()) or (dash and int(last) < int(first)):
            raise InputError(f"layers must be like 0-3, 5 or 0-1,4, with the lower number first; got {text!r}")
        found.update(range(int(first), int(last if dash else first) + 1))
    return tuple(sorted(found))
