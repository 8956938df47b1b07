"""A seeded random Inception in the official layout, which serves every implementation where the download is absent."""

import math
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import BatchNorm2d
from torch.nn.functional import interpolate
from torchvision.models.inception import Inception3

from ganprobe.features.published.inception import layout


def write(path: Path) -> Path:
    """Write the state dict to `path`."""
    generator = torch.Generator().manual_seed(20151205)
    state = {name: _drawn(name, shape, generator) for name, shape in layout().items()}
    torch.save(_lively(state, generator), path)
    return path


def _drawn(name: str, shape: tuple[int, ...], generator: torch.Generator) -> Tensor:
    values = torch.randn(shape, generator=generator)
    if len(shape) == 4:
        return values * math.sqrt(2 / math.prod(shape[1:]))
    if name.endswith(("bn.weight", "running_var")):
        return 1 + 0.2 * values.abs()
    return 0.2 * values


def _lively(state: dict[str, Tensor], generator: torch.Generator) -> dict[str, Tensor]:
    """`state` with norms that fit blurred noise, so that images do not all look alike to the network."""
    network = Inception3(num_classes=1008, aux_logits=False, init_weights=False)
    network.load_state_dict(state, strict=False)
    for module in network.modules():
        if isinstance(module, BatchNorm2d):
            module.momentum = 1.0
    noise = torch.randn(8, 3, 12, 12, generator=generator)
    with torch.no_grad():
        network.train()(interpolate(noise, (299, 299), mode="bicubic").clamp(-1, 1))
    return {name: value for name, value in network.state_dict().items() if name in state}
