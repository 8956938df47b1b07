"""The loop of supervised training: SGD with Nesterov momentum under a one-cycle learning rate.

Batches are a pure function of the step, so that a seed and the machine determine the weights. A run saves its state
as it goes; killed and started again with the same settings and folder, it goes on where it was. Books, meters and state
are those of the loop that trains generators.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ganprobe.core.errors import InputError
from ganprobe.core.progress import Track
from ganprobe.training.loop.meters import Meters
from ganprobe.training.supervised.run import Run

LOG_EVERY = 50
LOSS = "loss"


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """peak: the highest learning rate, reached after the fraction `warmup` of all steps and falling linearly to zero
    (Smith and Topin 2017, "Super-convergence"). weight_decay: of matrices and kernels, not of vectors. bfloat16: run
    the network under autocast, with float32 weights."""

    steps: int
    batch_size: int = 256
    peak: float = 0.2
    warmup: float = 0.2
    momentum: float = 0.9
    weight_decay: float = 5e-4
    bfloat16: bool = True

    def __post_init__(self) -> None:
        if self.steps < 1 or self.batch_size < 2 or not 0 <= self.warmup < 1 or self.peak <= 0:
            raise InputError(f"steps >= 1, batch size >= 2, 0 <= warmup < 1 and peak > 0 expected, got {self}")

    def rate(self, step: int) -> float:
        """The learning rate of `step`, counted from 0."""
        position = (step + 1) / (self.steps + 1)
        rising = position / self.warmup if self.warmup else 1.0
        return self.peak * min(rising, (1 - position) / (1 - self.warmup))


def fit(
    network: nn.Module,
    batch_at: Callable[[int], tuple[Tensor, Tensor]],
    loss: Callable[[Tensor, Tensor], Tensor],
    *,
    settings: LoopSettings,
    run: Run,
    title: str,
    device: str = "cpu",
    enough: Callable[[int, nn.Module], bool] | None = None,
) -> None:
    """Train `network` in place on batches (inputs, targets) = batch_at(step), from where `run` was.

    enough: asked after each step, with the number of steps so far, whether to stop. Logs step, mean loss since the last
    line, learning rate and seconds. TrainingError where the loss is not finite.
    """
    network.to(device).to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.SGD(
        _groups(network, settings.weight_decay), lr=settings.peak, momentum=settings.momentum, nesterov=True
    )
    run.restore(network, optimiser)
    start, meters, last_good = time.monotonic(), Meters(), f"step {run.step}"
    with Track(title, settings.steps - run.step, unit="steps") as track:
        for step in range(run.step, settings.steps):
            for group in optimiser.param_groups:
                group["lr"] = settings.rate(step)
            value = _descend(network, batch_at(step), loss, optimiser, bfloat16=settings.bfloat16, device=device)
            meters.add(step + 1, (LOSS,), value[None])
            if (step + 1) % LOG_EVERY == 0 or step + 1 == settings.steps:
                meters.check(last_good)
                mean, seconds = round(meters.take()[LOSS], 6), round(time.monotonic() - start, 2)
                run.log(step=step + 1, loss=mean, rate=settings.rate(step), seconds=seconds)
                run.save(step + 1, network, optimiser)
                last_good = f"step {step + 1}"
            track.advance(1)
            if enough is not None and enough(step + 1, network):
                break
    network.eval()


def _descend(
    network: nn.Module,
    batch: tuple[Tensor, Tensor],
    loss: Callable[[Tensor, Tensor], Tensor],
    optimiser: torch.optim.Optimizer,
    *,
    bfloat16: bool,
    device: str,
) -> Tensor:
    """One step; its loss, on the device."""
    inputs, targets = (part.to(device, non_blocking=True) for part in batch)
    with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=bfloat16):
        outputs = network(inputs)
    value = loss(outputs.float(), targets)
    optimiser.zero_grad()
    torch.autograd.backward(value)
    optimiser.step()
    return value.detach()


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    parameters = list(network.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
