"""The processes that train together: which one this is, means and gathers over all, gradients averaged.

Of a batch of N rows process r of W has the rows r, r + W, r + 2W, ...: groups of a minibatch standard deviation, which
are residue classes of the row number, then stay together (where W divides the number of groups).
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, final

import torch
import torch.distributed as dist
from torch import Tensor, nn

from ganprobe.core.errors import InputError
from ganprobe.generators.layers.norms import Standardise


@final
@dataclass(frozen=True, slots=True)
class Processes:
    """This process and the others. One alone does nothing but its own work."""

    rank: int = 0
    world: int = 1

    @classmethod
    def join(cls, device: torch.device) -> Processes:
        """Those that torchrun has started, connected (nccl on CUDA, gloo elsewhere); one alone where it has not."""
        world = int(os.environ.get("WORLD_SIZE", "1"))
        if world == 1:
            return cls()
        if not dist.is_initialized():
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
        return cls(dist.get_rank(), dist.get_world_size())

    @property
    def first(self) -> bool:
        """Whether this is the process that writes and speaks."""
        return self.rank == 0

    def share(self, batch: int) -> int:
        """Rows of a batch that this process has. InputError where it cannot be split evenly."""
        if batch % self.world:
            raise InputError(
                f"a batch of {batch} cannot be shared by {self.world} processes; make it a multiple of that"
            )
        return batch // self.world

    def mean(self, tensor: Tensor) -> Tensor:
        """The mean of every process's `tensor`, without gradients."""
        if self.world == 1:
            return tensor
        total = tensor.detach().clone()
        dist.all_reduce(total)
        return total / self.world

    def shared_mean(self, tensor: Tensor) -> Tensor:
        """The mean of every process's `tensor`; gradients flow back to all."""
        return tensor if self.world == 1 else _sum(tensor) / self.world

    def gathered(self, rows: Tensor) -> Tensor:
        """Rows (n, ...) of every process as (n * world, ...) in the order of the batch; gradients flow back to all."""
        if self.world == 1:
            return rows
        whole = rows.new_zeros((len(rows) * self.world, *rows.shape[1:]))
        places = torch.arange(len(rows), device=rows.device) * self.world + self.rank
        return _sum(whole.index_copy(0, places, rows))

    def synchronise(self, networks: Iterable[nn.Module]) -> None:
        """Batch norms of the networks take the statistics of the whole batch from now on."""
        if self.world == 1:
            return
        for network in networks:
            for layer in network.modules():
                if isinstance(layer, Standardise):
                    layer.peers = self

    def average_gradients(self, networks: Iterable[nn.Module]) -> None:
        """Every gradient becomes its mean over the processes."""
        if self.world == 1:
            return
        gradients = [weight.grad for network in networks for weight in network.parameters() if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.world
        parts = torch.split(flat, [each.numel() for each in gradients])
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view_as(gradient))

    def barrier(self) -> None:
        """Wait until all are here."""
        if self.world > 1:
            dist.barrier()

    def any(self, flag: bool, device: torch.device) -> bool:
        """Whether any process says so."""
        if self.world == 1:
            return flag
        total = torch.tensor(float(flag), device=device)
        dist.all_reduce(total)
        return bool(total.item())


class _SumOver(torch.autograd.Function):
    """The sum over all processes; so is its gradient, since each process's loss depends on each one's part."""

    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        total = tensor.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone()
        dist.all_reduce(total)
        return total


def _sum(tensor: Tensor) -> Tensor:
    total: Tensor = _SumOver.apply(tensor)
    return total
