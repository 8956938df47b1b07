"""Safetensors files with one JSON header of ours, as directions and latents are kept in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final, Literal

from safetensors import SafetensorError, safe_open

from ganprobe.core.errors import CheckpointError, one_line

KEY: Final = "ganprobe"
"""Of the metadata, whose value is the header."""


def header_text(header: dict[str, Any]) -> dict[str, str]:
    """The metadata of a file: the same header gives the same bytes."""
    return {KEY: json.dumps(header, sort_keys=True, allow_nan=False)}


def read_headed(path: Path, what: str, framework: Literal["numpy", "pt"]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The header of a file, {} where it has none, and its tensors by name, as `framework` has them. CheckpointError,
    which says that it is no file of `what`, where it cannot be read."""
    try:
        with safe_open(str(path), framework=framework) as file:
            header = json.loads((file.metadata() or {}).get(KEY, "{}"))
            return dict(header), {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (OSError, SafetensorError, ValueError, TypeError) as problem:
        said = one_line(problem) or type(problem).__name__
        raise CheckpointError(f"cannot read {path} as {what} ({said}); give a file of them") from problem
