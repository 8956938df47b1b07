"""The layout of genforce/interfacegan's Progressive GAN (`pggan_*.pth`): NVIDIA's TensorFlow network as a PyTorch state
dict.

The first layer is a convolution 4 x 4 over a padded point there, which meets its kernel mirrored, and a dense layer
here. Enlarging convolutions may be stored as [height, width, in, out], fused with the doubling.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.progan.generator import ProGANConfig

MARKS: Final = (
    "layer0.conv.weight",
    "layer0.wscale.bias",
    "layer1.conv.weight",
    "layer1.wscale.bias",
    "output0.conv.weight",
    "output1.wscale.bias",
)
"""Tensors by which a file is known."""
_LOD: Final = "lod"


def matches(shapes: Shapes) -> bool:
    """Whether tensors of these names and shapes are of this layout."""
    return all(name in shapes for name in MARKS) and tuple(shapes["layer0.conv.weight"][2:]) == (4, 4)


def config_of(shapes: Shapes) -> ProGANConfig:
    """The configuration that names and shapes tell. CheckpointError where the widths are irregular."""
    outputs = sum(re.fullmatch(r"output\d{1,2}\.wscale\.bias", name) is not None for name in shapes)
    widths = [shapes[f"layer{2 * step + 1}.wscale.bias"][0] for step in range(outputs)]
    return regular_config(widths, z_dim=shapes["layer0.conv.weight"][1])


def regular_config(widths: list[int], *, z_dim: int, num_classes: int = 0, dense_bias: bool = False) -> ProGANConfig:
    """Of channels at 4, 8, ... pixels. CheckpointError where they are not as the paper's grow narrower."""
    config = ProGANConfig(
        resolution=4 << (len(widths) - 1),
        z_dim=z_dim,
        num_classes=num_classes,
        channel_base=widths[-1] << len(widths),
        channel_max=widths[0],
        progressive=True,
        dense_bias=dense_bias,
    )
    regular = [config.channels(4 << step) for step in range(len(widths))]
    if widths != regular:
        raise CheckpointError(f"channels by resolution are {widths}: expected {regular}")
    return config


def check_grown(lod: float, *, beyond: float) -> None:
    """CheckpointError for a level of detail of `beyond` or more."""
    if lod >= beyond:
        raise CheckpointError(f"its level of detail is {lod:g}: expected a network trained to the end")


def convert(tensors: Mapping[str, Tensor], config: ProGANConfig) -> dict[str, Tensor]:
    """The state dict of `ProGANGenerator(config)`."""
    first = tensors["layer0.conv.weight"].flip(2, 3).permute(0, 2, 3, 1)
    state = {
        "first.dense.weight": first.reshape(-1, first.shape[-1], 1, 1),
        "first.bias": tensors["layer0.wscale.bias"],
    }
    steps = config.resolution.bit_length() - 2
    for step in range(steps):
        size = 4 << step
        if step:
            state |= _layer(tensors, 2 * step, f"blocks.{size}.0")
        state |= _layer(tensors, 2 * step + 1, f"blocks.{size}.1" if step else f"blocks.{size}")
        state[f"to_rgb.{size}.conv.weight"] = tensors[f"output{step}.conv.weight"]
        state[f"to_rgb.{size}.bias"] = tensors[f"output{step}.wscale.bias"]
    return state


def _layer(tensors: Mapping[str, Tensor], index: int, ours: str) -> dict[str, Tensor]:
    bias = {f"{ours}.bias": tensors[f"layer{index}.wscale.bias"]}
    if f"layer{index}.weight" in tensors:
        return bias | {f"{ours}.conv.weight": tensors[f"layer{index}.weight"].permute(3, 2, 0, 1).flip(2, 3)}
    return bias | {f"{ours}.conv.weight": tensors[f"layer{index}.conv.weight"]}


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file; it takes no overrides."""
    tensors = contents.tensors
    lod = {**contents.loose, **tensors}.get(_LOD)
    check_grown(0.0 if lod is None else float(lod), beyond=1)
    config = config_of(contents.shapes)
    return Reading(
        architecture="progan",
        config=config,
        convert=lambda: convert(tensors, config),
        inferred=EVIDENCE,
        assumed={},
    )


EVIDENCE: Final = {
    "resolution": "number of output* layers",
    "z_dim": "input channels of layer0",
    "channel_base": "channels of the last layer",
    "channel_max": "channels of the first layer",
    "progressive": "there are output layers of every resolution",
}
