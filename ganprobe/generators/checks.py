"""What configurations check of their fields: InputErrors in one line.

>>> at_least(1, channels=64, z_dim=128)
>>> one_of((32, 64), resolution=32)
"""

from __future__ import annotations

from collections.abc import Collection

from torch import Tensor

from ganprobe.core.errors import InputError


def at_least(bound: int, **numbers: int) -> None:
    """InputError naming a number that is below `bound`."""
    for name, number in numbers.items():
        if number < bound:
            raise InputError(f"{name} must be at least {bound}, got {number}")


def positive(**numbers: float) -> None:
    """InputError naming a number that is not above 0."""
    for name, number in numbers.items():
        if not number > 0:
            raise InputError(f"{name} must be positive, got {number}")


def one_of(known: Collection[object], **values: object) -> None:
    """InputError naming a value that is not among `known`."""
    for name, value in values.items():
        if value not in known:
            raise InputError(f"{name} must be one of {', '.join(map(str, known))}, got {value!r}")


def check_attention(attention: tuple[int, ...], widths: dict[int, int]) -> None:
    """InputError where attention is asked for at a side that no block puts out, or at fewer than 8 channels.
    widths: the sides there are, and the channels at each."""
    if strange := [side for side in attention if side not in widths or side % 2]:
        even = sorted(side for side in widths if side % 2 == 0)
        raise InputError(f"attention must be at resolutions among {even}, got {strange}")
    if narrow := [side for side in attention if widths[side] < 8]:
        raise InputError(f"attention needs at least 8 channels, has fewer at {narrow}; raise channels")


def check_images(images: Tensor, side: int) -> None:
    """InputError unless images are (N, 3, side, side)."""
    if tuple(images.shape[1:]) != (3, side, side):
        raise InputError(f"images must be N x 3 x {side} x {side}, got {tuple(images.shape)}")


def check_labels_given(labels: Tensor | None, classes: int) -> None:
    """InputError where there are classes and no labels."""
    if classes and labels is None:
        raise InputError(
            f"the discriminator is conditional on {classes} classes, got no labels; "
            "give labels of shape (N,), or configure num_classes=0"
        )
