"""Whether tensors fit a network, said in one line where they do not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, TypeVar

import torch
from torch import Tensor, nn

from ganprobe.core.errors import CheckpointError, one_line

AnyNetwork = TypeVar("AnyNetwork", bound=nn.Module)


def check_shapes(subject: object, network: nn.Module, found: Mapping[str, tuple[int, ...]]) -> None:
    """CheckpointError unless names and shapes are those of the network's state dict. subject: what the error is of."""
    expected = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    problems = {
        "lacks": sorted(expected.keys() - found.keys()),
        "has unexpected": sorted(found.keys() - expected.keys()),
    }
    for word, names in problems.items():
        if names:
            listed = ", ".join(one_line(name) for name in names[:3])
            more = f" and {len(names) - 3} more" if len(names) > 3 else ""
            raise CheckpointError(f"{subject} {word} {listed}{more}: it does not fit its own configuration")
    for name, shape in expected.items():
        if found[name] != shape:
            raise CheckpointError(
                f"{subject}: tensor {name} is {found[name]}, its configuration says {shape}; write the file again"
            )


def check_finite(subject: object, tensors: Mapping[str, Tensor]) -> None:
    """CheckpointError where a value is infinite or not a number."""
    for name, value in tensors.items():
        if not all_finite(value):
            raise CheckpointError(
                f"{subject}: tensor {name} has values that are not finite; the network cannot be used"
            )


def all_finite(value: Tensor) -> bool:
    """Whether no value is infinite or not a number; needs no memory beside the tensor's."""
    if not value.is_floating_point() or not value.numel():
        return True
    return all(bool(torch.isfinite(extreme)) for extreme in torch.aminmax(value))


def check_size(subject: object, config: Any, numbers: int) -> None:
    """CheckpointError where a style-based network's widest convolution, at 4 x 4, has more weights than there are
    `numbers` in the file, or its noise maps far more pixels: told before such a network is built."""
    fields = asdict(config)
    if "channel_max" in fields:
        width = min(int(fields["channel_base"]) // 4, int(fields["channel_max"]))
        if int(fields.get("conv_kernel", 3)) ** 2 * width * width > numbers:
            raise CheckpointError(
                f"{subject} holds {numbers} numbers, too few for the {width} channels that it declares"
            )


def build_on_meta(build: Callable[[Any], AnyNetwork], config: Any) -> AnyNetwork:
    """The network without memory for its tensors: names and shapes alone."""
    with torch.device("meta"):
        return build(config)


def filled(build: Callable[[Any], AnyNetwork], config: Any, tensors: Mapping[str, Tensor]) -> AnyNetwork:
    """The network of a configuration with `tensors`, which become its own, as its state; in evaluation mode. Where all
    that it holds is in the state dict, nothing is drawn first only to be replaced."""
    network = build_on_meta(build, config)
    kinds = {name: value.dtype for name, value in network.state_dict().items()}
    own = {name: value.to(kinds[name]).contiguous() for name, value in tensors.items()}
    network.load_state_dict(own, assign=True)
    if any(buffer.is_meta for buffer in network.buffers()):
        network = build(config)
        network.load_state_dict(own)
    return network.eval()
