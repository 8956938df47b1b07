"""The fingerprint of a native network: of what it computes, whatever file it came from."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

if TYPE_CHECKING:
    from hashlib import _Hash


def weights_fingerprint(network: nn.Module, architecture: str, config: Any) -> str:
    """sha256 (hex) of the architecture, the configuration (a dataclass) and every parameter and buffer. Two files of
    different layouts that make the same network have the same one."""
    digest = hashlib.sha256(f"{architecture} {json.dumps(asdict(config), sort_keys=True)}\n".encode())
    add_tensors(digest, network)
    return digest.hexdigest()


def add_tensors(digest: _Hash, network: nn.Module) -> None:
    """Every parameter and buffer into a hash: name, type, shape and bytes."""
    for key, tensor in sorted(network.state_dict().items()):
        flat = tensor.detach().cpu().contiguous()
        digest.update(f"{key} {flat.dtype} {tuple(flat.shape)}\n".encode())
        digest.update(flat.reshape(-1).view(torch.uint8).numpy().tobytes())
