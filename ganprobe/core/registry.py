"""Names to things, with the nearest known name in the error for an unknown one."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Generic, TypeVar

from ganprobe.core.errors import InputError

T = TypeVar("T")


def unknown(kind: str, name: str, known: Iterable[str]) -> InputError:
    """The error for a name that is not among `known`."""
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return InputError(f"unknown {kind} {name!r}; {hint}known: {', '.join(names) or 'none'}")


class Registry(Mapping[str, T], Generic[T]):
    """A mapping that is filled by `add` and answers an unknown name with InputError.

    >>> shapes = Registry[int]("shape")
    >>> shapes.add("square", 4)
    4
    >>> shapes["square"]
    4

    under: what it holds besides, as that is at any time; the later ones go before the earlier ones.

    >>> list(Registry("solid", shapes, {"cube": 6}))
    ['square', 'cube']
    """

    def __init__(self, kind: str, *under: Mapping[str, T]) -> None:
        self.kind = kind
        self._under = under
        self._items: dict[str, T] = {}

    def add(self, name: str, item: T) -> T:
        if name in self:
            raise ValueError(f"{self.kind} {name!r} is registered already")
        self._items[name] = item
        return item

    def __getitem__(self, name: str) -> T:
        for layer in (self._items, *reversed(self._under)):
            if name in layer:
                return layer[name]
        raise unknown(self.kind, name, self)

    def __contains__(self, name: object) -> bool:
        return any(name in layer for layer in (self._items, *self._under))

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys(chain(*self._under, self._items)))

    def __len__(self) -> int:
        return sum(1 for _ in self)
