"""What the networks of BigGAN-PyTorch (github.com/ajbrock/BigGAN-PyTorch) have in common: how their tensors are called
and shaped, and the epsilons that no tensor tells.

The `sv` entries are a log of singular values and play no part. The epsilons are those of the published training
scripts: 1e-5 in batch normalisation; in spectral normalisation 1e-6 in the ImageNet scripts and the code's default,
1e-8, in the CIFAR-10 script at 32 pixels.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from torch import Tensor

BN_EPSILON: Final = 1e-5
_OWN_NORM: Final = r"\.bn\.(stored|running)_"
"""Where networks made with `--mybn` (stored) and `--cross_replica` (running) keep their statistics."""
_UNUSED: Final = re.compile(r"\.(sv\d+|u[1-9]\d*)$|\.bn\.(accumulation_counter|num_batches_tracked)$")
"""The log, the vectors of further singular values, and how many batches made those statistics."""
_OF_ALL: Final = (
    (_OWN_NORM, ".stored_"),
    (r"^blocks\.(\d+)\.0\.bn(\d)\.", r"blocks.\1.norm\2."),
    (r"^blocks\.(\d+)\.0\.", r"blocks.\1."),
    (r"^output_layer\.0\.", "output_norm."),
    (r"^output_layer\.2\.", "output."),
    (r"\.stored_(mean|var)$", r".statistics.running_\1"),
    (r"\.u0$", ".norm.u"),
)


def published_sn_epsilon(resolution: int) -> float:
    """Of the training script published for a resolution."""
    return 1e-8 if resolution == 32 else 1e-6


def plain_names(shapes: Mapping[str, tuple[int, ...]]) -> set[str]:
    """The names as they are without `--mybn` and `--cross_replica`."""
    return {re.sub(_OWN_NORM, ".stored_", name) for name in shapes}


def assumed_of_statistics(shapes: Mapping[str, tuple[int, ...]]) -> dict[str, str]:
    """What is assumed of `--cross_replica` networks: their training multiplies by the gain, as ours do, but the
    original's evaluation on a single device adds it."""
    if not any(".bn.running_" in name for name in shapes):
        return {}
    return {"gain": "multiplies, as in training across replicas; the original's evaluation on one device adds it"}


def used_names(tensors: Mapping[str, Tensor]) -> list[str]:
    """Those of the tensors that the native networks have as well."""
    return [name for name in tensors if not _UNUSED.search(name)]


def native_shape(name: str, tensor: Tensor) -> Tensor:
    """A tensor of the repository in the shape that the native networks give it."""
    if name.endswith(".u0"):
        return tensor.reshape(-1)
    return tensor.reshape(()) if name.endswith(".gamma") else tensor


def native_name(
    name: str, *, attention_after: Callable[[int], int | None], renames: Sequence[tuple[str, str]] = ()
) -> str:
    """The native name of a tensor. attention_after(block): the key of the attention that follows a block; None where
    there is none. renames: further ones (pattern, replacement), before those of all networks."""
    found = re.fullmatch(r"blocks\.(\d{1,3})\.1\.(.+)", name)
    if found and (key := attention_after(int(found[1]))) is not None:
        name = f"attention.{key}.{found[2]}"
    for pattern, replacement in (*renames, *_OF_ALL):
        name = re.sub(pattern, replacement, name)
    return name
