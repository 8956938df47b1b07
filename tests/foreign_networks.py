"""Small networks of somebody else, and TorchScript files of them."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn


class Pooled(nn.Module):
    """`outputs` numbers, linear in the mean colour, through batch norm and dropout, which only training feels."""

    def __init__(self, outputs: int = 4) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(3)
        self.dropout = nn.Dropout(0.5)
        self.linear = nn.Linear(3, outputs)
        with torch.no_grad():
            self.linear.weight.copy_(torch.arange(outputs * 3.0).reshape(outputs, 3) / 10 - 0.5)
            self.linear.bias.fill_(0.25)

    def forward(self, images: Tensor) -> Tensor:
        scores: Tensor = self.linear(self.dropout(self.norm(images.mean((2, 3)))))
        return scores


class Several(nn.Module):
    """Two outputs, (N,) and (N, 1)."""

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        means = images.mean((2, 3))
        return means[:, 0], means[:, 1:2]


class OneSize(nn.Module):
    """Takes 32 x 32 alone."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3 * 32 * 32, 2)

    def forward(self, images: Tensor) -> Tensor:
        features: Tensor = self.linear(images.flatten(1))
        return features


def write_torchscript(path: Path, module: nn.Module, **sidecar: Any) -> Path:
    """`module` as TorchScript in `path`, with a JSON file beside it where there is something to say."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.save(torch.jit.script(module), path)  # type: ignore[no-untyped-call]
    if sidecar:
        path.with_name(path.name + ".json").write_text(json.dumps(sidecar))
    return path
