"""In which range floats of others lie: as it is stated, or [-1, 1], with what speaks against it.

>>> scaled(torch.tensor([0.0, 0.5, 1.0]), "net", (0, 1))
tensor([-1.,  0.,  1.])
"""

from __future__ import annotations

from typing import Any, Final

import torch
from torch import Tensor

from ganprobe.core.calls.shared import OUTPUT_RANGES, OutputRange
from ganprobe.core.errors import InputError

STRAY: Final = 0.05
"""Share of a stated range by which values may lie beyond its ends."""
DARK, BRIGHT = 0.05, 0.5
"""Images of [0, 1] reach below the one and above the other."""
FAR_OUTSIDE: Final = 10.0
"""Floats beyond this to one side, and beyond its square to both, are no images in [-1, 1]; a network whose training
diverges strays less far."""
MANY_OUTSIDE: Final = 0.25
_SAY: Final = "say which with --output-range (output_range=), or with an attribute output_range of the object"


def stated_range(thing: Any, given: OutputRange | None, name: str) -> OutputRange | None:
    """The range that the call or the object's attribute `output_range` states; None where neither does. InputError for
    one that is not known."""
    found = given if given is not None else getattr(thing, "output_range", None)
    if found is None:
        return None
    pair = tuple(found) if isinstance(found, tuple | list) else found
    if pair not in OUTPUT_RANGES:
        known = ", ".join(map(str, OUTPUT_RANGES))
        raise InputError(f"{name}: output_range is {found!r}; one of {known} was expected")
    return OUTPUT_RANGES[OUTPUT_RANGES.index(pair)]


def scaled(values: Tensor, name: str, range: OutputRange | None) -> Tensor:
    """float32 in [-1, 1] of uint8, or of floats in `range` ([-1, 1] where it is None). InputError for other types, and
    for values beyond a range that is stated."""
    if values.dtype == torch.uint8:
        if range not in (None, (0, 255)):
            raise InputError(f"{name} gave uint8 images, whose range is 0,255, not {range[0]},{range[1]}")
        return values.float().div_(127.5).sub_(1)
    if not values.is_floating_point():
        raise InputError(f"{name} gave {values.dtype} images; floats in [-1, 1] or uint8 were expected")
    images = values.float()
    if range is None or range == (-1, 1):
        return images
    low, high = range
    return (images - low) * (2 / (high - low)) - 1


def check_range(images: Tensor, name: str, range: OutputRange | None) -> tuple[str, ...]:
    """What is to be said of the range of the first images (N, 3, H, W), many of them, as `scaled` gave them, finite.
    InputError where they are sure to lie in another range than [-1, 1], or than the one that is stated."""
    low, high = float(images.min()), float(images.max())
    if range is not None:
        span = range[1] - range[0]
        ends = [range[0] + (end + 1) / 2 * span for end in (low, high)]
        loose = range == (-1, 1)
        if not loose and (low < -1 - 2 * STRAY or high > 1 + 2 * STRAY or (range == (0, 255) and ends[1] <= 1 < span)):
            raise InputError(
                f"{name} gave floats from {ends[0]:g} to {ends[1]:g}, and their range is said to be "
                f"{range[0]},{range[1]}; mend either"
            )
        return ()
    if (low >= -1 and high > FAR_OUTSIDE) or max(-low, high) > FAR_OUTSIDE**2:
        raise InputError(f"{name} gave floats from {low:g} to {high:g}; [-1, 1] or uint8 was expected: {_SAY}")
    if 0 <= low <= DARK and BRIGHT <= high <= 1 + STRAY:
        raise InputError(
            f"{name} gave floats from {low:g} to {high:g}, none of {len(images)} images with a value below 0: they may "
            f"lie in [0, 1], and not in [-1, 1]; {_SAY}: 0,1 or -1,1"
        )
    return _notes(images, low, high)


def _notes(images: Tensor, low: float, high: float) -> tuple[str, ...]:
    said = []
    if low >= 0 and high > low:
        said.append(
            f"no value of the first {len(images)} images is below 0 (they go from {low:g} to {high:g}): if the "
            "generator's range is [0, 1], state it (--output-range 0,1); taken for [-1, 1]"
        )
    outside = float((images.abs() > 1 + STRAY).float().mean())
    if outside > MANY_OUTSIDE:
        said.append(
            f"{outside:.0%} of the values of the first images lie outside [-1, 1] (from {low:g} to {high:g}) and are "
            "cut: its images may be normalised otherwise"
        )
    if len(images) > 1 and bool((images == images[:1]).all()):
        said.append(f"the first {len(images)} images are all the same: the generator may not use z (or n and the seed)")
    return tuple(said)
