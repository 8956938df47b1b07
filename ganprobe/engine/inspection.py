"""What `ganprobe inspect` says of a checkpoint, and the conversion of one."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ganprobe.checkpoints import Overrides
from ganprobe.checkpoints.choice import WHOLE
from ganprobe.checkpoints.convert import Dtype, convert_checkpoint
from ganprobe.checkpoints.describe import Description, describe
from ganprobe.core.classes.words import listed

Rows = list[tuple[str, str, str]]


def inspect_checkpoint(
    path: str | Path,
    *,
    bn_epsilon: float | None = None,
    sn_epsilon: float | None = None,
    conv_clamp: float | None = None,
    compat: bool = False,
    key: str | None = None,
) -> Description:
    """The description of a checkpoint of any known layout; nothing in it is executed. Errors as `describe`."""
    overrides = Overrides(bn_epsilon=bn_epsilon, sn_epsilon=sn_epsilon, conv_clamp=conv_clamp, compat=compat)
    return describe(path, overrides=overrides, key=key)


def convert(
    path: str | Path,
    out: str | Path,
    *,
    dtype: Dtype = "float32",
    bn_epsilon: float | None = None,
    sn_epsilon: float | None = None,
    conv_clamp: float | None = None,
    compat: bool = False,
    key: str | None = None,
) -> None:
    """Write a native checkpoint. Errors as `convert_checkpoint`."""
    overrides = Overrides(bn_epsilon=bn_epsilon, sn_epsilon=sn_epsilon, conv_clamp=conv_clamp, compat=compat)
    convert_checkpoint(path, out, dtype=dtype, overrides=overrides, key=key)


def inspection_rows(found: Description) -> Rows:
    """Name, value and where it comes from, a row each."""
    rows: Rows = [
        ("layout", found.layout, ""),
        ("container", found.container, ""),
        *_read_key(found),
        ("architecture", f"{found.architecture} {found.role}", ""),
        ("parameters", f"{found.parameters:,}", ""),
        *_depth(found),
        *((name, _shown(value), _origin(found, name)) for name, value in found.config.items()),
    ]
    rows += [("classes", listed(found.classes), "")] if found.classes else []
    beyond = [name for name in {**found.inferred, **found.assumed} if name not in found.config]
    rows += [(name, "", _origin(found, name)) for name in beyond]
    return rows + _history("training", found.training) + _history("source", found.source)


def _read_key(found: Description) -> Rows:
    """Which network of the file it is, and what others there are."""
    others = ", ".join(f"{name} ({layout})" for name, layout in found.others.items())
    rows: Rows = [("key", found.key or WHOLE, "--key takes another" if others else "")]
    return (rows if found.key or others else []) + ([("other keys", others, "")] if others else [])


def _depth(found: Description) -> Rows:
    """Of networks that hold more resolutions than were trained, or work at each that they pass through."""
    stages = f"{found.trained_depth} resolutions, 4 to {found.resolution}"
    if found.stored_depth != found.trained_depth:
        return [("trained depth", f"{stages}; the file holds {found.stored_depth}", "")]
    return [("trained depth", stages, "")] if found.config.get("progressive") else []


def _shown(value: object) -> str:
    return ", ".join(map(str, value)) or "none" if isinstance(value, tuple | list) else str(value)


def _origin(found: Description, name: str) -> str:
    if name in found.assumed:
        return f"assumed: {found.assumed[name]}"
    return f"inferred: {found.inferred[name]}" if name in found.inferred else ""


def _history(kind: str, values: Mapping[str, Any]) -> Rows:
    return [(f"{kind}: {name}", str(value), "") for name, value in values.items()]
