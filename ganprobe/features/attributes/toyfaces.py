"""Attribute scores of toyfaces: a small network that reads the factors back from an image (docs/features.md).

>>> scorer = load_toyfaces_scorer()
>>> scorer.observe(torch.zeros(2, 3, 64, 64))["score.smile"].shape
torch.Size([2])
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import final

import torch
from torch import Tensor

from ganprobe.core.errors import CheckpointError
from ganprobe.core.protocols import Columns
from ganprobe.core.shipped import shipped_file
from ganprobe.features.embedded.resnet import ResNet, placed
from ganprobe.features.embedded.weights import fingerprint_of, load_resnet
from ganprobe.features.images.quantise import VERSION, quantised_input
from ganprobe.features.scores import PREFIX

KIND = "toyfaces-scorer"
LOGITS = frozenset({"eyeglasses"})
"""The factors whose score is a logit; that of the others is an estimate of the factor itself."""


@final
class ToyfacesScorer:
    """Images (N, 3, H, W) to a column "score.<factor>" (N,), float32, for each factor: the logit of eyeglasses, and
    estimates of the other factors in their own units (yaw, smile and light about [-1, 1], the rest about [0, 1]).

    Images are quantised to uint8 and resized to 64 x 64 (bilinear, antialiased).
    """

    def __init__(self, network: ResNet, names: Sequence[str], *, device: torch.device | str = "cpu") -> None:
        self.device, self.names = torch.device(device), tuple(names)
        if len(self.names) != network.config.num_classes:
            raise CheckpointError(f"expected {network.config.num_classes} names of factors, got {len(self.names)}")
        self.continuous = frozenset(self.names) - LOGITS
        self.network = placed(network, self.device)
        self.fingerprint = fingerprint_of(network.state_dict(), KIND, VERSION, *self.names)

    @property
    def provides(self) -> frozenset[str]:
        return frozenset(PREFIX + name for name in self.names)

    @torch.inference_mode()
    def observe(self, images: Tensor) -> Columns:
        """Float images (N, 3, H, W) in [-1, 1], of any size, on any device. DataError for another kind of tensor."""
        outputs = self.network(quantised_input(images.to(self.device), self.network.config.resolution))
        return {PREFIX + name: outputs[:, column].contiguous() for column, name in enumerate(self.names)}


def read_scorer(path: str | Path, device: torch.device | str = "cpu") -> ToyfacesScorer:
    """The scorer of a file that its training wrote. CheckpointError where it is none."""
    network, names = load_resnet(path, kind=KIND)
    return ToyfacesScorer(network, names, device=device)


def load_toyfaces_scorer(device: torch.device | str = "cpu") -> ToyfacesScorer:
    """The shipped scorer."""
    return read_scorer(shipped_file("networks", KIND), device)
