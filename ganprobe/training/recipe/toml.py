"""Records as TOML. Reading is Python's; writing is here, for the plain tables that recipes are made of.

>>> print(written({"name": "mine", "data": {"flips": True}, "betas": [0.5, 0.9]}), end="")
name = "mine"
betas = [0.5, 0.9]
<BLANKLINE>
[data]
flips = true
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganprobe.core.errors import InputError


def read(path: Path) -> dict[str, Any]:
    """The tables of a TOML file. InputError where it cannot be read or is no TOML."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as problem:
        raise InputError(
            f"the recipe {path} cannot be read ({problem}); name a TOML file or a shipped recipe"
        ) from None
    except tomllib.TOMLDecodeError as problem:
        raise InputError(
            f"{path} is no TOML ({problem}); `ganprobe list recipes` names recipes to start from"
        ) from None


def written(table: Mapping[str, Any], at: str = "") -> str:
    """A table of scalars, lists of scalars and tables as TOML, its own values first."""
    values = {name: value for name, value in table.items() if not isinstance(value, Mapping)}
    tables = {name: value for name, value in table.items() if isinstance(value, Mapping)}
    text = "".join(f"{_key(name)} = {_value(value)}\n" for name, value in values.items())
    for name, inner in tables.items():
        place = f"{at}{_key(name)}"
        body = written(inner, f"{place}.")
        head = f"\n[{place}]\n" if not inner or any(not isinstance(each, Mapping) for each in inner.values()) else ""
        text += head + body
    return text if at else text.lstrip("\n")


def _key(name: str) -> str:
    return name if name.replace("_", "").replace("-", "").isalnum() and name.isascii() else _text(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, float):
        text = repr(value)
        return text if any(mark in text for mark in ".einf") else f"{text}.0"
    return _text(value) if isinstance(value, str) else json.dumps(value)


def _text(value: str) -> str:
    # JSON's escapes are TOML's, but for pairs of surrogates and the delete character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
