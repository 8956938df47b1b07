"""What code of others gave for images, recognised or refused by name: never taken for what it is not.

>>> images_of((torch.zeros(2, 4, 4, 3, dtype=torch.uint8), "more"), 2, "net").shape
torch.Size([2, 3, 4, 4])
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from ganprobe.core.calls.shared import OutputRange
from ganprobe.core.errors import DataError, InputError
from ganprobe.data.convert import UnreadableError, to_rgb
from ganprobe.samplers.ranges import scaled

FIELDS: Final = ("images", "image", "sample")
"""Where images lie in a mapping or in an object of fields, as diffusion pipelines and decoders give them."""
_CHANNELS: Final = (1, 3)
EXPECTED: Final = "a tensor or array N x 3 x H x W"


def images_of(given: Any, n: int, name: str, range: OutputRange | None = None) -> Tensor:
    """What was given for `n` images as float32 (n, 3, H, W): tensors, arrays and lists of single images (Pillow's
    too); of a tuple the first; channels first or last; grey three times. uint8 is x / 127.5 - 1, floats are of `range`,
    [-1, 1] where it is None. InputError for anything else."""
    values = _tensor(_chosen(given, n, name), name)
    if values.device.type == "meta":
        raise InputError(f"{name} gave images on the device meta, which have no values; load its weights")
    planes = _channels_first(values, n, name)
    images = scaled(planes, name, range)
    return images.expand(-1, 3, -1, -1).contiguous() if images.shape[1] == 1 else images


def check_finite(images: Tensor, index: range, name: str) -> None:
    """DataError naming the first indices whose images (N, ...) are not finite."""
    finite = torch.isfinite(images.flatten(1)).all(dim=1)
    if not bool(finite.all()):
        bad = [i for i, fine in zip(index, finite.tolist(), strict=True) if not fine]
        some = ", ".join(map(str, bad[:8])) + (", ..." if len(bad) > 8 else "")
        raise DataError(f"{name} gave images that are not finite (indices {some}); finite images were expected")


def shape_of(images: Tensor) -> tuple[int, int, int]:
    """(3, H, W) of images (N, 3, H, W)."""
    return 3, int(images.shape[2]), int(images.shape[3])


def _chosen(given: Any, n: int, name: str) -> Any:
    """The images among what was given: a tensor, an array, or a list of n single ones."""
    if isinstance(given, Tensor | np.ndarray):
        return given
    if isinstance(given, Mapping) or not isinstance(given, Sequence):
        return _chosen(_field(given, name), n, name)
    if len(given) == n and all(_is_single(each) for each in given):
        return given
    sets = [each for each in given if _looks_like_images(each)]
    sizes = list(dict.fromkeys(tuple(each.shape[2:]) for each in sets))
    if len(sizes) > 1 and isinstance(given[0], Tensor | np.ndarray):
        said = ", ".join(" x ".join(map(str, size)) for size in sizes)
        raise InputError(f"{name} gave images of several sizes ({said}) at once; give one of them alone")
    if given and isinstance(given[0], Tensor | np.ndarray | Mapping):
        return _chosen(given[0], n, name)
    kinds = ", ".join(type(each).__name__ for each in given[:3]) or "nothing"
    raise InputError(f"{name} gave a {type(given).__name__} of {kinds}; {EXPECTED} was expected, first in a tuple")


def _field(given: Any, name: str) -> Any:
    fields = given if isinstance(given, Mapping) else {key: getattr(given, key, None) for key in FIELDS}
    found = [fields[key] for key in FIELDS if key in fields and fields[key] is not None]
    if not found:
        had = f" of {', '.join(map(str, list(given)[:5])) or 'nothing'}" if isinstance(given, Mapping) else ""
        raise InputError(
            f"{name} gave a {type(given).__name__}{had}; {EXPECTED} was expected, or {' or '.join(FIELDS)} in what it "
            "gives"
        )
    return found[0]


def _is_single(each: Any) -> bool:
    return isinstance(each, Image.Image) or (isinstance(each, Tensor | np.ndarray) and each.ndim == 3)


def _looks_like_images(each: Any) -> bool:
    return isinstance(each, Tensor | np.ndarray) and each.ndim == 4 and each.shape[1] in _CHANNELS


def _tensor(chosen: Any, name: str) -> Tensor:
    if isinstance(chosen, Tensor):
        return chosen
    if isinstance(chosen, np.ndarray):
        return _of_array(chosen)
    parts = [_of_picture(each, name) if isinstance(each, Image.Image) else _tensor(each, name) for each in chosen]
    if len({(tuple(part.shape), part.dtype) for part in parts}) > 1:
        said = ", ".join(dict.fromkeys(str(tuple(part.shape)) for part in parts))
        raise InputError(f"{name} gave images of different sizes or types at once ({said}); one was expected")
    return torch.stack([part.to(parts[0].device) for part in parts])


def _of_picture(picture: Image.Image, name: str) -> Tensor:
    try:
        return torch.from_numpy(np.array(to_rgb(picture)).transpose(2, 0, 1))
    except UnreadableError as problem:
        raise InputError(f"{name} gave a picture of mode {picture.mode}: {problem}") from problem


def _of_array(array: NDArray[Any]) -> Tensor:
    """A copy: the array may be read-only, of foreign byte order or of a type that torch has not."""
    if array.dtype.kind == "f":
        return torch.from_numpy(array.astype(np.float32, order="C"))
    return torch.from_numpy(array.astype(np.uint8 if array.dtype == np.uint8 else np.int64, order="C"))


def _channels_first(values: Tensor, n: int, name: str) -> Tensor:
    shape = tuple(values.shape)
    if values.ndim == 4 and len(values) != n:
        raise InputError(
            f"{name} gave {len(values)} images of shape {shape} where {n} were asked for; one for each was expected"
        )
    first, last = values.ndim == 4 and shape[1] in _CHANNELS, values.ndim == 4 and shape[3] in _CHANNELS
    if values.ndim != 4 or 0 in shape or not (first or last):
        raise InputError(f"{name} gave images of shape {shape}; {n} x 3 x H x W was expected{_hint(shape, n)}")
    if first and last and (shape[2] != shape[3] or shape[1:] == (3, 3, 3)):
        raise InputError(
            f"{name} gave images of shape {shape}, which may have channels first or last; give N x 3 x H x W"
        )
    return values if first else values.permute(0, 3, 1, 2)


def _hint(shape: tuple[int, ...], n: int) -> str:
    """What such a shape may be."""
    if len(shape) == 4 and 4 in (shape[1], shape[3]):
        return ": it has an alpha plane, which must be composited or dropped first"
    if len(shape) == 3 and shape[0] == n and shape[0] not in _CHANNELS:
        return ": grey images have a plane of their own, N x 1 x H x W"
    if len(shape) == 3:
        return ": it may be a single image, without N"
    return ": it is flat, and has to be reshaped" if len(shape) == 2 else ""
