"""Small configuration files that lie beside checkpoints."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from ganprobe.core.errors import CheckpointError

LARGEST: Final = 2**20
"""Bytes; a configuration has no need of more."""


def json_beside(checkpoint: Path, name: str) -> dict[str, object]:
    """The JSON object in the file `name` in the folder of a checkpoint; empty where there is no such file.
    CheckpointError where it cannot be read, is larger than 1 MiB, or holds something else."""
    path = checkpoint.parent / name
    if not path.is_file():
        return {}
    try:
        if path.stat().st_size > LARGEST:
            raise CheckpointError(f"{path} is larger than {LARGEST} bytes; the configuration of a network was expected")
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise CheckpointError(f"{path} cannot be read ({problem.strerror})") from problem
    except (ValueError, RecursionError) as problem:
        raise CheckpointError(f"{path} is not JSON; mend or remove it") from problem
    if not isinstance(found, dict):
        raise CheckpointError(f"{path} holds no JSON object; mend or remove it")
    return found
