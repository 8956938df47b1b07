"""Kinds and ranges of a record's fields, from its annotations: the one place where a value is refused, by its name.

>>> from dataclasses import dataclass
>>> @dataclass(frozen=True, slots=True, kw_only=True)
... class Fan:
...     speed: Annotated[float, Range(low=0)] = 1.0
...     blades: tuple[int, ...] = (3,)
>>> structured(Fan, {"speed": 2, "blades": [4, 5]})
Fan(speed=2.0, blades=(4, 5))
>>> structured(Fan, {"sped": 2})
Traceback (most recent call last):
    ...
ganprobe.core.errors.InputError: unknown setting 'sped'; did you mean 'speed'? known: blades, speed
"""

from __future__ import annotations

import dataclasses
import math
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from ganprobe.core.errors import InputError
from ganprobe.core.registry import unknown

R = TypeVar("R")


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """What a number may be: from `low` (or above it, where `open`) to `high`."""

    low: float = -math.inf
    high: float = math.inf
    open: bool = False

    def __contains__(self, value: float) -> bool:
        return (self.low < value if self.open else self.low <= value) and value <= self.high

    def __str__(self) -> str:
        least = f"above {self.low:g}" if self.open else f"at least {self.low:g}"
        if math.isinf(self.high):
            return least
        return f"{least} and at most {self.high:g}" if self.open else f"from {self.low:g} to {self.high:g}"


AtLeastOne = Annotated[int, Range(low=1)]
NotNegative = Annotated[int, Range(low=0)]
Positive = Annotated[float, Range(low=0, open=True)]
Weight = Annotated[float, Range(low=0)]
Share = Annotated[float, Range(low=0, high=1)]


def structured(record: type[R], given: Mapping[str, Any], *, at: str = "") -> R:
    """`record` with the fields `given` (of JSON or TOML) in place of defaults. InputError names an unknown field with
    the nearest known, and a value of another kind or out of its range. at: where the record stands, for the names."""
    hints = _hints(record)
    for name in given:
        if name not in hints:
            raise unknown("setting", f"{at}{name}", [f"{at}{known}" for known in hints])
    fitted = {name: fitted_to(hints[name], value, name=f"{at}{name}") for name, value in given.items()}
    try:
        return record(**fitted)
    except TypeError as problem:
        raise InputError(f"{at.rstrip('.') or record.__name__}: {problem}; give what is missing") from problem


def check(record: Any) -> None:
    """InputError where a field of the dataclass instance `record` is of another kind, or out of its range: for
    `__post_init__`. Whole numbers that stand for floats are left as they are."""
    for name, hint in _hints(type(record)).items():
        fitted_to(hint, getattr(record, name), name=name)


_KNOWN: dict[type[Any], Mapping[str, Any]] = {}


def _hints(record: type[Any]) -> Mapping[str, Any]:
    """The annotations of a dataclass by field, with what `Annotated` adds; looked up once."""
    if record not in _KNOWN:
        hints = get_type_hints(record, include_extras=True)
        _KNOWN[record] = {field.name: hints[field.name] for field in dataclasses.fields(record)}
    return _KNOWN[record]


def plain(value: Any) -> Any:
    """A record as JSON and TOML have it: mappings, lists and scalars; fields that are None are left out."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
        return {name: plain(item) for name, item in fields.items() if item is not None}
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items() if item is not None}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def fitted_to(hint: Any, value: Any, *, name: str) -> Any:
    """`value` as `hint` wants it: lists become tuples, whole numbers floats, mappings records. InputError otherwise."""
    origin, inner = get_origin(hint), get_args(hint)
    if origin is Annotated:
        fitted = fitted_to(inner[0], value, name=name)
        for extra in inner[1:]:
            if isinstance(extra, Range) and fitted not in extra:
                raise InputError(f"{name} must be {extra}, got {value!r}")
        return fitted
    if origin in (Union, types.UnionType):
        return _one_of(inner, value, name)
    if origin is Literal:
        if value not in inner or isinstance(value, bool):
            raise unknown(f"value of {name}:", str(value), [str(each) for each in inner])
        return value
    if origin is tuple:
        return _tuple(inner, value, name)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return value if isinstance(value, hint) else structured(hint, _mapping(value, name), at=f"{name}.")
    if origin is not None and issubclass(origin, Mapping):
        return dict(_mapping(value, name))
    return _scalar(hint, value, name)


def _one_of(kinds: Sequence[Any], value: Any, name: str) -> Any:
    """Of an optional value: the one kind that is not None."""
    if value is None:
        return None
    (kind,) = (each for each in kinds if each is not type(None))
    return fitted_to(kind, value, name=name)


def _tuple(inner: Sequence[Any], value: Any, name: str) -> tuple[Any, ...]:
    if not isinstance(value, tuple | list):
        raise InputError(f"{name} must be a list, got {value!r}")
    kinds = [inner[0]] * len(value) if inner[-1] is Ellipsis else list(inner)
    if len(kinds) != len(value):
        raise InputError(f"{name} must be a list of {len(kinds)}, got {value!r}")
    return tuple(fitted_to(kind, item, name=name) for kind, item in zip(kinds, value, strict=True))


def _mapping(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InputError(f"{name} must be a table of names and values, got {value!r}")
    return value


def _scalar(kind: Any, value: Any, name: str) -> Any:
    if kind is Any:
        return value
    wanted = (int, float) if kind is float else kind
    if not isinstance(value, wanted) or isinstance(value, bool) != (kind is bool):
        raise InputError(f"{name} must be of the kind {kind.__name__}, got {value!r}")
    return kind(value)
