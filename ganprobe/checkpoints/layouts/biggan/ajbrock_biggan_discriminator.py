"""The layout of BigGAN-PyTorch (github.com/ajbrock/BigGAN-PyTorch): state dicts of its BigGAN discriminator, `D.pth`.

The network is ours under other names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading, Shapes
from ganprobe.checkpoints.layouts.biggan.ajbrock_names import (
    native_name,
    native_shape,
    published_sn_epsilon,
    used_names,
)
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.biggan.discriminator import WIDTHS, BigGANDiscriminatorConfig

MARKS: Final = ("blocks.0.0.conv1.weight", "blocks.0.0.conv_sc.weight", "linear.weight", "embed.weight")
_RENAMES: Final = (
    (r"^blocks\.(\d+)\.0\.conv_sc\.", r"blocks.\1.skip."),
    (r"^embed\.", "embedding."),
)


def matches(shapes: Shapes) -> bool:
    """Whether names are those of this layout (BigGAN-deep's discriminator, of more convolutions, is not)."""
    return all(mark in shapes for mark in MARKS) and "blocks.0.0.conv3.weight" not in shapes


def config_of(shapes: Shapes, *, sn_epsilon: float | None = None) -> BigGANDiscriminatorConfig:
    """The configuration that the shapes tell; CheckpointError where they tell none. sn_epsilon: None for the published
    one."""
    if "linear.u0" not in shapes:
        raise CheckpointError("its layers are not spectrally normalised; only discriminators that are can be read")
    if (channels := shapes["blocks.0.0.conv1.weight"][1]) != 3:
        raise CheckpointError(
            f"it takes images of {channels} channels; only discriminators of RGB images (3) can be read"
        )
    found = [shape[0] for _, shape in sorted(_numbered(shapes, r"0\.conv2\.weight").items())]
    resolution, channels = _plan_of(tuple(found))
    plain = BigGANDiscriminatorConfig(
        resolution=resolution,
        num_classes=shapes["embed.weight"][0],
        channels=channels,
        sn_epsilon=published_sn_epsilon(resolution) if sn_epsilon is None else sn_epsilon,
    )
    attended = {plain.resolutions[number] for number in _numbered(shapes, r"1\.gamma")}
    return replace(plain, attention=tuple(sorted(attended, reverse=True)))


def _numbered(shapes: Shapes, part: str) -> dict[int, tuple[int, ...]]:
    """The shapes of one tensor of each block that has it, by the block's number."""
    found = ((re.fullmatch(rf"blocks\.(\d{{1,3}})\.{part}", name), shape) for name, shape in shapes.items())
    return {int(match[1]): shape for match, shape in found if match}


def _plan_of(found: tuple[int, ...]) -> tuple[int, int]:
    """Resolution, and the width that counts as 1, of the network whose blocks put out so many channels."""
    for resolution, multiples in WIDTHS.items():
        channels = found[0] // multiples[0] if found else 0
        if found == tuple(multiple * channels for multiple in multiples) and channels:
            return resolution, channels
    raise CheckpointError(
        f"its blocks put out {found} channels, which are those of no discriminator of the BigGAN paper"
    )


def convert(tensors: Mapping[str, Tensor], config: BigGANDiscriminatorConfig) -> dict[str, Tensor]:
    """The tensors under the names, and in the shapes, of BigGANDiscriminator's state dict."""

    def attention_after(block: int) -> int | None:
        # The native network attends after the first block of a resolution; another one's name fits nothing there.
        at = config.resolutions[block]
        return at if config.resolutions.index(at) == block else None

    return {
        native_name(name, attention_after=attention_after, renames=_RENAMES): native_shape(name, tensors[name])
        for name in used_names(tensors)
    }


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file."""
    config = config_of(contents.shapes, **overrides.given())
    published = f"in the script published for {config.resolution} pixels; no tensor tells"
    return Reading(
        architecture="biggan",
        role="discriminator",
        config=config,
        convert=lambda: convert(contents.tensors, config),
        inferred=_EVIDENCE,
        assumed={"sn_epsilon": f"{config.sn_epsilon:g} {'as given' if overrides.given() else published}"},
    )


_EVIDENCE: Final = {
    "resolution": "the channels that the blocks put out",
    "num_classes": "rows of embed.weight",
    "channels": "output channels of the first block",
    "attention": "blocks with a gamma",
}
