"""How a supervised run starts: what it must keep to go on, and weights that follow from the seed alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganprobe.core.streams import derive_seed

N = TypeVar("N", bound=nn.Module)


def signature_of(settings: Mapping[str, Any], *arrays: NDArray[Any]) -> str:
    """sha256 (hex) of settings and training data: what a run must keep to go on."""
    digest = hashlib.sha256(json.dumps(dict(settings), sort_keys=True).encode())
    for array in arrays:
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def environment() -> dict[str, Any]:
    """What besides the settings bears on the last digits of the weights."""
    return {"torch": torch.__version__, "threads": torch.get_num_threads()}


def initialised(network: N, seed: int) -> N:
    """`network` with weights drawn from `seed` alone (He et al. 2015, section 2.2, for kernels; zero biases), whatever
    the state of the global generators. Build it on the meta device to leave those untouched."""
    network.to_empty(device="cpu")
    generator = torch.Generator().manual_seed(derive_seed(seed, "initialise"))
    for module in network.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.BatchNorm2d):
            module.reset_parameters()
    return network
