"""Where a run comes from: versions, device, settings and the call that gave it."""

from __future__ import annotations

import datetime
import platform
import shlex
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ganprobe.core.calls.settings import DEFAULTS, Settings, said
from ganprobe.core.protocols import Sampler
from ganprobe.core.version import __version__
from ganprobe.samplers.callables import FunctionSampler
from ganprobe.samplers.generator import GeneratorSampler
from ganprobe.samplers.images import ImageSampler
from ganprobe.samplers.modules import ModuleSampler

NAMED = 20
"""So many of the files that were passed over are named."""


def versions(device: torch.device) -> dict[str, Any]:
    """The software and the device."""
    return {
        "ganprobe": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else str(device),
    }


def time_now() -> str:
    """UTC, to the second."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")


def opened_as(sampler: Sampler) -> dict[str, Any]:
    """What was read of a checkpoint and assumed, or how code of the caller's own is called; nothing of others."""
    if isinstance(sampler, ModuleSampler | FunctionSampler):
        return {"called": sampler.called} if sampler.called else {}
    return {"checkpoint": dict(sampler.origin)} if isinstance(sampler, GeneratorSampler) and sampler.origin else {}


def sampler_notes(sampler: Sampler) -> tuple[str, ...]:
    """What no number of `sampler` should be read without."""
    return tuple(getattr(sampler, "notes", ()))


def sampling_of(sampler: Sampler) -> dict[str, Any]:
    """The weights, noise and truncation of the images that `sampler` gives, and `opened_as`; nothing where it has no
    such choice."""
    if not isinstance(sampler, GeneratorSampler):
        return opened_as(sampler)
    psi = sampler.truncation
    truncation = list(psi) if isinstance(psi, tuple) else psi
    return {
        "weights": sampler.weights_fingerprint,
        "noise": sampler.noise,
        "truncation": truncation,
        **opened_as(sampler),
    }


def skipped_files(sampler: Sampler) -> tuple[str, ...]:
    """The files of a set of images that could not be read and were passed over."""
    return sampler.source.skipped if isinstance(sampler, ImageSampler) else ()


def image_notes(sampler: Sampler) -> tuple[str, ...]:
    """What is to be said of how the images of a folder or archive were read; nothing of a generator's."""
    return sampler.source.notes if isinstance(sampler, ImageSampler) else ()


def skipped_summary(skipped: Mapping[str, Sequence[str]]) -> dict[str, Any]:
    """How many files of each side were passed over, and the names of the first; nothing where none was."""
    return {
        f"skipped_{side}": {"files": len(files), "first": list(files[:NAMED])}
        for side, files in skipped.items()
        if files
    }


def call_of(name: str, settings: Settings, *, reference: str | None, metrics: Sequence[str]) -> str:
    """The command line, or the call in Python, that measures the same."""
    if _from_command_line():
        return shlex.join(["ganprobe", *sys.argv[1:]])
    chosen = {name: value for name, value in said(settings).items() if name != "most"}
    given = {key: value for key, value in chosen.items() if value != getattr(DEFAULTS, key)}
    words = {"reference": reference, "metrics": list(metrics), **given}
    return f"ganprobe.evaluate({', '.join([repr(name), *(f'{key}={value!r}' for key, value in words.items())])})"


def _from_command_line() -> bool:
    script = Path(sys.argv[0]) if sys.argv and sys.argv[0] else Path()
    return script.stem == "ganprobe" or (script.name == "__main__.py" and script.parent.name == "ganprobe")
