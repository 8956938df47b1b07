"""Pictures that somebody gives, brought to the size of a generator's images."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from ganprobe.core.calls.resizing import LANCZOS, Resize
from ganprobe.core.errors import DataError, InputError
from ganprobe.data.convert import SUFFIXES, UnreadableError, decode, fit, to_rgb
from ganprobe.data.files import FileBytes
from ganprobe.data.sources.listing import list_files
from ganprobe.features import to_uint8

Pixels = NDArray[np.uint8]
Given = Any
"""A path, a picture of Pillow's, an array or tensor of pictures, or several of these."""
ARCHIVES: Final = (".zip", ".tar")
MOST: Final = 4096
_EXPECTED = f"pictures are image files ({' '.join(SUFFIXES)}), or folders, .zip or .tar of them"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Targets:
    """pixels: (N, 3, H, W) uint8. names: of each. fitted: how many were cropped and resized."""

    pixels: Pixels
    names: tuple[str, ...]
    fitted: int

    @property
    def keys(self) -> tuple[str, ...]:
        """Of each picture, by its pixels."""
        return tuple(hashlib.sha256(picture.tobytes()).hexdigest()[:16] for picture in self.pixels)

    @property
    def said(self) -> str:
        """What was done to them; "" for nothing."""
        height, width = self.pixels.shape[2:]
        if not self.fitted:
            return ""
        how = f"cropped to the centred square and resized to {width} x {height} ({LANCZOS})"
        return f"{self.fitted} of {len(self.names)} pictures had another size and were {how}"


def check_targets(given: Given) -> None:
    """InputError for paths where nothing is, and for what is no picture by its form; nothing is read."""
    several = given if isinstance(given, list | tuple) else [given]
    if not several:
        raise InputError(f"at least one picture was expected, got none; {_EXPECTED}")
    for path in (Path(each) for each in several if isinstance(each, str | Path)):
        if not path.exists():
            raise InputError(f"there is no picture {path}; {_EXPECTED}")
        if path.is_file() and path.suffix.lower() not in (*SUFFIXES, *ARCHIVES):
            raise InputError(f"{path} is no picture by its name; {_EXPECTED}")


def open_targets(given: Given, shape: tuple[int, int, int]) -> Targets:
    """Pictures as uint8 of `shape` (3, H, W).

    given: paths of image files, folders and archives, and pictures of Pillow's, which are cropped to their centred
    square and resized; arrays (N, 3, H, W) or (N, H, W, 3) of uint8, and float tensors (N, 3, H, W) in [-1, 1], of that
    size already; or a sequence of these. Errors: InputError for arrays of other sizes and for what is none of these;
    DataError, naming the file, for what cannot be decoded.
    """
    check_targets(given)
    pixels: list[Pixels] = []
    names: list[str] = []
    fitted = 0
    for name, picture in _each(given, shape):
        if len(names) == MOST:
            raise InputError(f"at most {MOST} pictures are projected at a time; give fewer")
        brought = _fitted(picture, shape, name)
        fitted += brought is not picture
        pixels.append(brought)
        names.append(name)
    return Targets(pixels=np.stack(pixels), names=tuple(names), fitted=fitted)


def _each(given: Given, shape: tuple[int, int, int]) -> Iterator[tuple[str, Pixels]]:
    number = 0
    for each in given if isinstance(given, list | tuple) else [given]:
        if isinstance(each, str | Path):
            yield from _of_path(Path(each))
            continue
        for picture in _of_object(each, shape):
            yield str(number), picture
            number += 1


def _of_path(path: Path) -> Iterator[tuple[str, Pixels]]:
    if path.is_file() and path.suffix.lower() in SUFFIXES:
        yield path.name, _decoded(FileBytes(str(path)), str(path))
        return
    files = list_files(path)
    for place, name in enumerate(files.names):
        yield name, _decoded(lambda place=place: files.load(place), files.where(place))


def _decoded(load: Any, where: str) -> Pixels:
    try:
        return decode(load())
    except UnreadableError as problem:
        raise DataError(f"{where} cannot be read as a picture: {problem}") from problem


def _of_object(given: Given, shape: tuple[int, int, int]) -> Sequence[Pixels]:
    if isinstance(given, Image.Image):
        return [np.asarray(to_rgb(given.copy())).transpose(2, 0, 1)]
    size = " x ".join(map(str, shape))
    if isinstance(given, torch.Tensor) and given.is_floating_point():
        values = given.detach().cpu()
        values = values[None] if values.ndim == 3 else values
        if tuple(values.shape[1:]) != shape or not bool(values.isfinite().all()):
            raise InputError(f"float images N x {size}, finite and in [-1, 1], were expected, got {tuple(given.shape)}")
        return list(to_uint8(values).numpy())
    array: NDArray[Any] = np.asarray(given.detach().cpu() if isinstance(given, torch.Tensor) else given)
    array = array[None] if array.ndim == 3 else array
    if array.ndim == 4 and array.shape[1] != 3 and array.shape[3] == 3:
        array = array.transpose(0, 3, 1, 2)
    if array.dtype != np.uint8 or array.shape[1:] != shape or not len(array):
        raise InputError(f"uint8 pictures N x {size} were expected, got {array.dtype} of shape {array.shape}")
    return list(array)


def _fitted(picture: Pixels, shape: tuple[int, int, int], name: str) -> Pixels:
    if picture.shape == shape:
        return picture
    if shape[1] != shape[2]:
        raise InputError(
            f"{name} has {picture.shape[2]} x {picture.shape[1]} pixels, the generator's images {shape[2]} x "
            f"{shape[1]}, which are not square: bring pictures to that size first"
        )
    square = fit(Image.fromarray(np.ascontiguousarray(picture.transpose(1, 2, 0))), Resize(shape[1]))
    return np.ascontiguousarray(np.asarray(square).transpose(2, 0, 1))
