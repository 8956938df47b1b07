"""TOML to frozen records: keys are fields, and an unknown or missing one is named with the nearest that there is.

>>> import dataclasses
>>> @dataclasses.dataclass(frozen=True, kw_only=True)
... class Point:
...     x: float
...     y: float = 0.0
>>> record(Point, {"x": 1.5}, where="a point")
Point(x=1.5, y=0.0)
"""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any, TypeVar

from ganprobe.core.errors import InputError
from ganprobe.core.registry import unknown

T = TypeVar("T")
Readers = Mapping[str, Callable[[Any], Any]]


def record(kind: type[T], said: Mapping[str, Any], *, where: str, readers: Readers | None = None, **more: Any) -> T:
    """A record of `kind` (a dataclass) from a table. readers: by field, what makes of a TOML value the field's; arrays
    of the others become tuples. more: fields that the table need not say. InputError for an unknown or missing key."""
    fields = {field.name: field for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    for key in said:
        if key not in fields:
            raise unknown(f"key of {where}", key, fields)
    values = {**more, **{key: _read(key, value, readers or {}) for key, value in said.items()}}
    missing = [name for name, field in fields.items() if name not in values and _needed(field)]
    if missing:
        raise InputError(f"{where} lacks {', '.join(missing)}; write it")
    return kind(**values)


def _read(key: str, value: Any, readers: Readers) -> Any:
    if key in readers:
        return readers[key](value)
    return tuple(value) if isinstance(value, list) else value


def _needed(field: dataclasses.Field[Any]) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def packaged(name: str) -> dict[str, Any]:
    """The TOML file `name` of this room."""
    return tomllib.loads(files("ganprobe.reproduce").joinpath(name).read_text(encoding="utf-8"))
