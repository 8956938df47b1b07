"""The layout of BigGAN-PyTorch (github.com/ajbrock/BigGAN-PyTorch): state dicts of its BigGAN generator.

z is laid out as [first linear, block 0, block 1, ...] where it is hierarchical; a block is conditioned on the class
embedding followed by its chunk. The `sv` entries are a log of singular values and play no part. What tensors cannot
tell, the two epsilons, has the values of the published training scripts: 1e-5 in batch normalisation; in spectral
normalisation 1e-6 in the ImageNet scripts and the code's default, 1e-8, in the CIFAR-10 script at 32 pixels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from torch import Tensor

from ganprobe.checkpoints.layout import Contents, Overrides, Reading
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.biggan.generator import WIDTHS, BigGANConfig

_MARKS: Final = (
    "linear.weight",
    "blocks.0.0.conv1.weight",
    "blocks.0.0.conv_sc.weight",
    "blocks.0.0.bn1.gain.weight",
    "blocks.0.0.bn1.stored_mean",
    "output_layer.2.weight",
)
BN_EPSILON: Final = 1e-5
OWN_NORM: Final = r"\.bn\.(stored|running)_"
"""Where networks made with `--mybn` (stored) and `--cross_replica` (running) keep their statistics."""
UNUSED_COUNTS: Final = r"\.bn\.(accumulation_counter|num_batches_tracked)$"
"""How many batches made those statistics."""
_RENAMES: Final = (
    (OWN_NORM, ".stored_"),
    (r"^blocks\.(\d+)\.0\.conv_sc\.", r"blocks.\1.skip."),
    (r"^blocks\.(\d+)\.0\.conv(\d)\.", r"blocks.\1.conv\2."),
    (r"^blocks\.(\d+)\.0\.bn(\d)\.", r"blocks.\1.norm\2."),
    (r"^output_layer\.0\.", "output_norm."),
    (r"^output_layer\.2\.", "output."),
    (r"\.stored_(mean|var)$", r".statistics.running_\1"),
    (r"\.u0$", ".norm.u"),
)


def matches(shapes: Mapping[str, tuple[int, ...]]) -> bool:
    """Whether names and shapes are those of this layout (BigGAN-deep, whose blocks have four convolutions, is not)."""
    names = plain_names(shapes)
    return all(mark in names for mark in _MARKS) and "blocks.0.0.conv3.weight" not in names


def plain_names(shapes: Mapping[str, tuple[int, ...]]) -> set[str]:
    """The names as they are without `--mybn` and `--cross_replica`."""
    return {re.sub(OWN_NORM, ".stored_", name) for name in shapes}


def assumed_of_statistics(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """What is assumed of `--cross_replica` networks: their training multiplies by the gain, as ours do, but the
    original's evaluation on a single device adds it."""
    if not any(".bn.running_" in name for name in shapes):
        return {}
    return {"gain": "multiplies, as in training across replicas; the original's evaluation on one device adds it"}


def published_sn_epsilon(resolution: int) -> float:
    """Of the training script published for a resolution."""
    return 1e-8 if resolution == 32 else 1e-6


def config_of(
    tensors: Mapping[str, Tensor], *, bn_epsilon: float = BN_EPSILON, sn_epsilon: float | None = None
) -> BigGANConfig:
    """The configuration that the shapes of the tensors tell; CheckpointError where they tell none. sn_epsilon: None for
    the published one."""
    blocks = _count_blocks(tensors)
    resolution = 4 * 2**blocks
    channels = _channels(tensors, resolution)
    shared = "shared.weight" in tensors
    gain = tensors["blocks.0.0.bn1.gain.weight"]
    chunk = gain.shape[1] - tensors["shared.weight"].shape[1] if shared else 0
    first = tensors["linear.weight"].shape[1]
    if chunk not in (0, first):
        raise CheckpointError(
            f"expected blocks conditioned on the class embedding and {first} numbers of z, got {chunk} beside it; "
            "only the networks of the BigGAN paper can be read"
        )
    return BigGANConfig(
        resolution=resolution,
        num_classes=tensors["shared.weight"].shape[0] if shared else gain.shape[0],
        channels=channels,
        z_dim=first * (blocks + 1) if chunk else first,
        shared_embedding=shared,
        shared_dim=tensors["shared.weight"].shape[1] if shared else 128,
        hierarchical=chunk > 0,
        attention=tuple(8 * 2**i for i in range(blocks) if f"blocks.{i}.1.gamma" in tensors),
        bn_epsilon=bn_epsilon,
        sn_epsilon=published_sn_epsilon(resolution) if sn_epsilon is None else sn_epsilon,
        spectral_norm="linear.u0" in tensors,
    )


def _count_blocks(tensors: Mapping[str, Tensor]) -> int:
    return sum(re.fullmatch(r"blocks\.\d+\.0\.conv1\.weight", name) is not None for name in tensors)


def _channels(tensors: Mapping[str, Tensor], resolution: int) -> int:
    """The width that counts as 1, checked against the width of every block."""
    if resolution not in WIDTHS:
        raise CheckpointError(f"expected a BigGAN of resolution {', '.join(map(str, WIDTHS))}, got {resolution}")
    multiples = WIDTHS[resolution]
    blocks = [tensors[f"blocks.{i}.0.conv1.weight"].shape[0] for i in range(len(multiples) - 1)]
    found = (tensors["linear.weight"].shape[0] // 16, *blocks)
    channels = found[-1] // multiples[-1]
    if found != tuple(multiple * channels for multiple in multiples):
        raise CheckpointError(
            f"expected widths in the proportions {multiples} at resolution {resolution}, got {found}; "
            "only the networks of the BigGAN paper can be read"
        )
    return channels


def convert(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The tensors under the names, and in the shapes, of BigGANGenerator's state dict."""
    return {
        native_name(name, _RENAMES, attention_after=lambda block: 8 * 2**block): native_shape(name, tensor)
        for name, tensor in tensors.items()
        if not re.search(rf"\.sv\d+$|{UNUSED_COUNTS}", name)
    }


def native_shape(name: str, tensor: Tensor) -> Tensor:
    """A tensor of the repository in the shape that the native networks give it."""
    if name.endswith(".u0"):
        return tensor.reshape(-1)
    return tensor.reshape(()) if name.endswith(".gamma") else tensor


def native_name(name: str, renames: Sequence[tuple[str, str]], *, attention_after: Callable[[int], int]) -> str:
    """The native name of a tensor: `renames` in turn (pattern, replacement), and attention_after(block) for the key of
    the attention that follows a block."""
    if found := re.fullmatch(r"blocks\.(\d+)\.1\.(.+)", name):
        name = f"attention.{attention_after(int(found[1]))}.{found[2]}"
    for pattern, replacement in renames:
        name = re.sub(pattern, replacement, name)
    return name


def read(contents: Contents, overrides: Overrides) -> Reading:
    """What this layout makes of a file."""
    tensors = contents.tensors
    config = config_of(tensors.sketch(), **overrides.given())
    published = {
        "bn_epsilon": f"{config.bn_epsilon:g} in the published scripts; no tensor tells",
        "sn_epsilon": f"{config.sn_epsilon:g} in the script published for {config.resolution} pixels; no tensor tells",
    }
    given = {name: f"{value:g} as given" for name, value in overrides.given().items()}
    return Reading(
        architecture="biggan",
        config=config,
        convert=lambda: convert(tensors),
        inferred=_evidence(config),
        assumed=published | given | assumed_of_statistics(contents.shapes),
    )


def _evidence(config: BigGANConfig) -> dict[str, str]:
    blocks = len(config.resolutions)
    return {
        "resolution": f"{blocks} blocks, each doubling 4 pixels",
        "num_classes": "rows of shared.weight" if config.shared_embedding else "rows of blocks.0.0.bn1.gain.weight",
        "channels": "output channels of the last block",
        "z_dim": "columns of linear.weight" + f", times {config.chunks} chunks" * config.hierarchical,
        "shared_embedding": "shared.weight is " + ("there" if config.shared_embedding else "absent"),
        "hierarchical": "columns of blocks.0.0.bn1.gain.weight against shared_dim",
        "attention": "blocks with a gamma",
        "spectral_norm": "linear.u0 is " + ("there" if config.spectral_norm else "absent"),
    }
