"""Adam for groups of parameters, and learning rates that a graph on the device can read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, final

import torch
from torch import nn

from ganprobe.training.recipe.records import Adam

Updated = Literal["discriminator", "generator"]


@dataclass(frozen=True, slots=True)
class Group:
    """The weights of a network, how they are optimised, and in whose updates they learn."""

    network: nn.Module
    settings: Adam
    learns: Updated


@final
class Optimisers:
    """One Adam a group, by name."""

    def __init__(self, groups: Mapping[str, Group], *, device: torch.device) -> None:
        self.groups = dict(groups)
        self._on_cuda = device.type == "cuda"
        self._factor = 1.0
        self.adams = {name: self._adam(group, device) for name, group in groups.items()}

    def of(self, updated: Updated, working: frozenset[str]) -> dict[str, torch.optim.Adam]:
        """Those that step in an update: the network's own, and of the groups in `working`."""
        own = {"discriminator": "D", "generator": "G"}[updated]
        return {
            name: self.adams[name]
            for name, group in self.groups.items()
            if group.learns == updated and (name == own or name in working)
        }

    def set_factor(self, factor: float) -> None:
        """Multiply the rates of the settings by `factor`."""
        if factor == self._factor:
            return
        self._factor = factor
        for name, adam in self.adams.items():
            for group in adam.param_groups:
                rate = self.groups[name].settings.rate * factor
                group["lr"] = group["lr"].fill_(rate) if isinstance(group["lr"], torch.Tensor) else rate

    def _adam(self, group: Group, device: torch.device) -> torch.optim.Adam:
        settings = group.settings
        rate = torch.tensor(settings.rate, device=device) if self._on_cuda else settings.rate
        return torch.optim.Adam(
            group.network.parameters(),
            lr=rate,
            betas=settings.betas,
            eps=settings.epsilon,
            fused=True,
            capturable=self._on_cuda,
        )
