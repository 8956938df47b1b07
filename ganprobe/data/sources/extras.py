"""The libraries that read formats of training pipelines: needed for nothing else, and installed by an extra."""

from __future__ import annotations

import importlib
from typing import Any

from ganprobe.core.errors import DataError


def library(name: str, what: str) -> Any:
    """The module `name`. DataError with the command that installs it where it is not there."""
    try:
        return importlib.import_module(name)
    except ImportError as problem:
        raise DataError(f"{what} is read by {name.partition('.')[0]}: pip install 'ganprobe[data]'") from problem
