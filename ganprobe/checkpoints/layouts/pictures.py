"""What a generator's images are, told from tensors that every layout has under some name: their channels and whether
they are square. It is told before a tensor is converted, so that `inspect` tells it too.

>>> channels_of({"to_rgb1.bias": (1, 4, 1, 1)})
4
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

import torch
from torch import Tensor, nn

from ganprobe.checkpoints.layout import Contents, Shapes
from ganprobe.core.errors import CheckpointError

_COLOURS: Final = {
    "to_rgb1.bias": 1,
    "generator.to_rgb.0.conv.weight_orig": 0,
    "synthesis.b4.torgb.weight": 0,
    "synthesis.output0.bias": 0,
    "synthesis/4x4/ToRGB/bias": 0,
    "synthesis/ToRGB_lod0/bias": 0,
    "output_layer.2.weight": 0,
    "conv2d5.weight": 0,
    "conv2d5.weight_orig": 0,
}
"""Tensors of the last layers, one of which a generator has, and the axis of each that counts channels."""
_NUMBERED: Final = (
    (re.compile(r"synthesis\.L(\d{1,3})_\d+_\d+\.bias"), 0),
    (re.compile(r"c(\d{1,2})\.bias"), 0),
    (re.compile(r"output(\d{1,2})\.(?:wscale\.)?bias"), 0),
    (re.compile(r"toRGBLayers\.(\d{1,2})\.module\.bias"), 0),
    (re.compile(r"main\.(\d{1,3})\.weight"), 1),
)
"""The same where layers are numbered: that of the highest number counts."""
_CONSTANTS: Final = (
    "input.input",
    "generator.progression.0.conv1.input",
    "synthesis.b4.const",
    "synthesis.layer0.first_layer",
    "synthesis.layer0.const",
    "synthesis.early_layer.const",
    "synthesis/4x4/Const/const",
)
"""Learnt constants [..., height, width] at which synthesis starts."""
RGB: Final = 3
GREY: Final = "1 channel in the file, repeated to three, as grey images of data are"


def channels_of(shapes: Shapes) -> int:
    """How many channels the images have; 3 where no tensor tells."""
    for pattern, axis in _NUMBERED:
        found = ((pattern.fullmatch(name), shape) for name, shape in shapes.items() if len(shape) > axis)
        if numbered := {int(told[1]): shape[axis] for told, shape in found if told}:
            return numbered[max(numbered)]
    return next((shapes[name][axis] for name, axis in _COLOURS.items() if name in shapes), RGB)


def check_pictures(contents: Contents, config: object) -> None:
    """CheckpointError for images that are neither RGB nor grey, or not square, and for grey ones of a spectrally
    normalised layer, of which no layer of three channels is the same."""
    shapes = contents.shapes
    for name in _CONSTANTS:
        if name in shapes and tuple(shapes[name][-2:]) != (4, 4):
            height, width = shapes[name][-2:]
            shape = "not square" if height != width else "of another size than ours"
            raise CheckpointError(
                f"its synthesis starts at {height} x {width} ({name}), so that its images are {shape}; only networks "
                "that start at 4 x 4 can be read (a folder of its images can be measured)"
            )
    channels = channels_of(shapes)
    if channels not in (1, RGB):
        raise CheckpointError(
            f"its images have {channels} channels; only RGB (3) and grey (1) generators can be read (a folder of its "
            "images, converted to RGB, can be measured)"
        )
    if channels == 1 and getattr(config, "spectral_norm", False):
        raise CheckpointError(
            "its images are grey (1 channel) and its last layer is spectrally normalised, which three channels cannot "
            "reproduce; measure a folder of its images"
        )


def in_colour(tensors: Mapping[str, Tensor], network: nn.Module) -> dict[str, Tensor]:
    """The tensors of a network of grey images as those of `network`, whose three channels are equal."""
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}

    def repeated(name: str, value: Tensor) -> Tensor:
        found, wanted = tuple(value.shape), expected.get(name, ())
        pairs = list(zip(found, wanted, strict=False))
        grey = len(found) == len(wanted) and pairs.count((1, RGB)) == 1
        fits = grey and all(one == other or (one, other) == (1, RGB) for one, other in pairs)
        return value.expand(wanted).contiguous() if fits else value

    return {name: repeated(name, value) for name, value in tensors.items()}


def one_mean(mean: Tensor, *, name: str) -> Tensor:
    """The mean of w (D,) from one that is kept for every layer, (layers, D) or (1, layers, D). CheckpointError where
    the layers' differ, which ours share."""
    rows = mean.reshape(-1, mean.shape[-1])
    if not torch.equal(rows, rows[:1].expand_as(rows)):
        raise CheckpointError(f"its {name} {tuple(mean.shape)} differs from layer to layer: expected one mean of w")
    return rows[0]


def check_latents(z_dim: int, w_dim: int, num_classes: int, *, tied: bool = False) -> None:
    """CheckpointError for a mapping network whose input no latent alone can be: z of no numbers, or, without classes,
    as wide as a latent and a label's embedding together. tied: in the layout's code z is as wide as w."""
    lost = "the embedding of its classes was lost in a conversion: convert the original again, with its labels"
    if z_dim < 1:
        raise CheckpointError(f"its label embedding leaves z {z_dim} numbers; its tensors are of two networks")
    if not num_classes and z_dim == 2 * w_dim:
        raise CheckpointError(
            f"its mapping takes {z_dim} numbers, twice as many as w has, and there are no classes: {lost}"
        )
    if not num_classes and tied and z_dim != w_dim:
        raise CheckpointError(
            f"its mapping takes {z_dim} numbers where the layout's z has those of w, {w_dim}; perhaps {lost}"
        )
