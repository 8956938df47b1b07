"""How images of any size are brought to one.

>>> parse_resize("64"), str(parse_resize("32:bicubic"))
(Resize(side=64, method='lanczos'), '32:bicubic')
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ganprobe.core.errors import InputError
from ganprobe.core.registry import unknown

LANCZOS: Final = "lanczos"
METHODS: Final = (LANCZOS, "bicubic", "bilinear", "hamming", "box", "nearest")
"""Pillow's filters; all but the last are antialiased."""


@dataclass(frozen=True, slots=True)
class Resize:
    """The largest centred square, brought to `side` x `side` pixels by one of METHODS. An image that has that size
    already stays as it is. InputError for what is neither."""

    side: int
    method: str = LANCZOS

    def __post_init__(self) -> None:
        if self.side < 1:
            raise InputError(f"images are resized to at least 1 pixel, got {self.side}")
        if self.method not in METHODS:
            raise unknown("method of resizing", self.method, METHODS)

    def __str__(self) -> str:
        return f"{self.side}:{self.method}"


def parse_resize(text: str) -> Resize:
    """ "64" and "64:bicubic". InputError for anything else."""
    side, _, method = text.partition(":")
    if not side.isascii() or not side.isdecimal():
        raise InputError(f"images are resized to N or N:method, such as 64 or 64:bicubic; got {text!r}")
    return Resize(int(side), method or LANCZOS)


def checked_resize(text: str) -> str:
    """The words of a resizing. InputError for anything else."""
    return str(parse_resize(text))


def resize_of(given: str | int | Resize | None) -> Resize | None:
    """What Python's callers give."""
    return parse_resize(str(given)) if isinstance(given, str | int) else given
