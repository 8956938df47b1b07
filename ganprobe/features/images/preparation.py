"""How images are prepared for the network of somebody else, and the JSON file beside it that says so.

>>> prepare = Preparation(size=8, range=(0.0, 1.0))
>>> prepare(torch.ones(2, 3, 16, 16)).amax().item()
1.0
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.core.registry import unknown
from ganprobe.features.images.quantise import to_uint8
from ganprobe.features.images.resize import bicubic_pil, resized

RESIZES = ("bilinear", "bicubic")
SIDECAR_KEYS = ("size", "resize", "range", "mean", "std", "columns")
VERSION = "uint8, resized, range, mean and std, 1"
"""Names the rule of `Preparation` in fingerprints; raise the number when the rule changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Preparation:
    """Images in [-1, 1] to what a network takes: quantised to uint8 as files are, resized to `size` x `size` (None
    leaves them as they come; the aspect ratio is not kept), brought to `range`, then (x - mean) / std by channel.

    resize: "bilinear" with antialiasing, or "bicubic" as Pillow's, clamped to where the images were. InputError for
    settings out of range.
    """

    size: int | None = None
    resize: str = "bilinear"
    range: tuple[float, float] = (-1.0, 1.0)
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)

    def __post_init__(self) -> None:
        if self.size is not None and not (_is_whole(self.size) and self.size > 0):
            raise InputError(f"size must be a positive whole number of pixels, got {self.size!r}")
        if self.resize not in RESIZES:
            raise unknown("resize", str(self.resize), RESIZES)
        if not (_are_numbers(self.range, 2) and self.range[0] < self.range[1]):
            raise InputError(f"range must be two numbers, the lower one first, got {self.range!r}")
        if not _are_numbers(self.mean, 3):
            raise InputError(f"mean must be three numbers, one a channel, got {self.mean!r}")
        if not (_are_numbers(self.std, 3) and min(self.std) > 0):
            raise InputError(f"std must be three positive numbers, one a channel, got {self.std!r}")

    def __call__(self, images: Tensor) -> Tensor:
        """Float images (N, 3, H, W) in [-1, 1] to float32 (N, 3, size, size). DataError for another kind of tensor."""
        low, high = self.range
        x = self._sized(to_uint8(images).to(torch.float32) / 127.5 - 1)
        x = (x + 1) * ((high - low) / 2) + low
        mean, std = (torch.tensor(numbers, device=x.device).view(3, 1, 1) for numbers in (self.mean, self.std))
        return (x - mean) / std

    def _sized(self, x: Tensor) -> Tensor:
        if self.size is None or x.shape[2:] == (self.size, self.size):
            return x
        return resized(x, self.size) if self.resize == "bilinear" else bicubic_pil(x, self.size).clamp(-1, 1)


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What a JSON file beside a network says. columns: the names of the network's outputs, in order; () where it does
    not name them."""

    preparation: Preparation = field(default_factory=Preparation)
    columns: tuple[str, ...] = ()


def read_sidecar(network: Path) -> Sidecar:
    """What `<network>.json` says; the defaults where there is no such file.

    InputError where it is no JSON object of the keys `size`, `resize`, `range`, `mean`, `std`, `columns`, or a value
    is out of range.
    """
    path = network.with_name(network.name + ".json")
    if not path.is_file():
        return Sidecar()
    try:
        return _sidecar_of(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as problem:
        raise InputError(f"cannot read {path} as JSON: {problem}; mend it") from problem
    except InputError as problem:
        raise InputError(f"{path}: {problem}") from problem


def _sidecar_of(said: Any) -> Sidecar:
    if not isinstance(said, Mapping):
        raise InputError(f"an object with the keys {', '.join(SIDECAR_KEYS)} was expected")
    for key in said:
        if key not in SIDECAR_KEYS:
            raise unknown("key", str(key), SIDECAR_KEYS)
    fields: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in said.items()}
    columns = fields.pop("columns", ())
    return Sidecar(Preparation(**fields), checked_names(columns))


def checked_names(columns: Any) -> tuple[str, ...]:
    """`columns` as a tuple. InputError unless they are words, none of them empty or there twice."""
    if not isinstance(columns, tuple) or not all(isinstance(name, str) and name.strip() for name in columns):
        raise InputError(f"columns must be a list of names, got {columns!r}")
    if len(set(columns)) != len(columns):
        raise InputError(f"columns must differ from one another, got {', '.join(columns)}")
    return columns


def _are_numbers(values: Any, count: int) -> bool:
    return (
        isinstance(values, tuple)
        and len(values) == count
        and all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    )


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
