"""The names that StudioGAN's residual generators have in common (github.com/POSTECH-CVLab/PyTorch-StudioGAN, backbones
`resnet`, `big_resnet`, `big_resnet_deep_*`), and the native ones for them.

>>> native_name("blocks.1.0.bn2.bn.running_var", numbers=[1], attention={})
'blocks.0.norm2.statistics.running_var'
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from ganprobe.checkpoints.layout import Shapes
from ganprobe.core.errors import CheckpointError

BN_EPSILON: Final = 1e-4
"""In every batch normalisation of its code."""
READABLE: Final = {"MODEL.g_act_fn": ("ReLU",), "MODEL.z_prior": ("gaussian",), "MODEL.info_type": ("N/A",)}
"""Settings of networks that can be read (see `studiogan_settings`)."""
_ATTENTION: Final = {"conv1x1_theta": "theta", "conv1x1_phi": "phi", "conv1x1_g": "g", "conv1x1_attn": "o"}
_OUTER: Final = {"linear0": "linear", "bn4": "output_norm", "conv2d5": "output"}


def check_no_codes(names: Iterable[str]) -> None:
    """CheckpointError for an InfoGAN."""
    if any(name.startswith("info_") for name in names):
        raise CheckpointError("it is an InfoGAN, which takes codes beside z; such networks cannot be read")


def block_numbers(names: Iterable[str], conv: str) -> list[int]:
    """Those of the residual blocks, which have the convolution `conv`; attention is counted among them."""
    found = (re.fullmatch(rf"blocks\.(\d{{1,3}})\.0\.{conv}\.weight", name) for name in names)
    return sorted(int(one[1]) for one in found if one)


def attention_after(names: Iterable[str], numbers: Sequence[int]) -> dict[int, int]:
    """Number of a self-attention among the blocks to how many residual blocks come before it."""
    found = (re.fullmatch(r"blocks\.(\d{1,3})\.0\.sigma", name) for name in names)
    at = sorted(int(one[1]) for one in found if one)
    return {number: sum(block < number for block in numbers) for number in at}


def native_name(name: str, *, numbers: Sequence[int], attention: Mapping[int, int]) -> str:
    """Of a tensor. numbers: of the residual blocks. attention: number of a self-attention to what ours is called by."""
    first, *rest = name.split(".")
    if first != "blocks":
        return ".".join([_OUTER.get(first, first), *_of_norm(first, rest)])
    number = int(rest[0])
    if number in attention:
        words = [_ATTENTION.get(word, "gamma" if word == "sigma" else word) for word in rest[2:]]
        return ".".join(["attention", str(attention[number]), *words])
    layer, *rest = rest[2:]
    ours = "skip" if layer == "conv2d0" else layer.replace("conv2d", "conv").replace("bn", "norm")
    return ".".join(["blocks", str(numbers.index(number)), ours, *_of_norm(layer, rest)])


def _of_norm(layer: str, rest: list[str]) -> list[str]:
    """What follows the name of a layer, which may be a batch normalisation."""
    if not layer.startswith("bn"):
        return rest
    if rest[0] == "bn" or rest[0].startswith("running_"):
        return ["statistics", rest[-1]]
    return ["gain"] if rest == ["weight"] else rest


def multiples_of(widths: Sequence[int], known: Mapping[int, tuple[int, ...]], resolution: int) -> int:
    """The width that counts as 1. CheckpointError where widths are in no known proportions."""
    if resolution not in known:
        raise CheckpointError(f"expected a network of {', '.join(map(str, known))} pixels, got {resolution}")
    channels = widths[-1] // known[resolution][-1]
    if list(widths) != [multiple * channels for multiple in known[resolution]]:
        raise CheckpointError(
            f"expected widths in the proportions {known[resolution]} at {resolution} pixels, got {tuple(widths)}"
        )
    return channels


def widths_of(plain: Shapes, numbers: Sequence[int], conv: str) -> tuple[int, ...]:
    """Channels of the first map and after each block. conv: whose output a block's is."""
    return (plain["linear0.weight"][0] // 16, *(plain[f"blocks.{k}.0.{conv}.weight"][0] for k in numbers))
