"""The loop of supervised training: SGD with Nesterov momentum under a one-cycle learning rate.

Batches are a pure function of the step, so that a seed and the machine determine the weights. A run saves its state
as it goes; killed and started again with the same settings and folder, it goes on where it was. Books, meters and state
are those of the loop that trains generators.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import torch
from torch import Tensor, nn

from ganprobe.core.devices.transfer import sent
from ganprobe.core.errors import InputError
from ganprobe.core.progress import Track
from ganprobe.training.loop.graphs import GraphedStep
from ganprobe.training.loop.meters import Meters
from ganprobe.training.supervised.run import Run

LOG_EVERY = 50
LOSS = "loss"
Scalars = tuple[tuple[str, ...], Tensor]


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
    graphs: bool = True,
    enough: Callable[[int, nn.Module], bool] | None = None,
) -> None:
    """Train `network` in place on batches (inputs, targets) = batch_at(step), from where `run` was.

    graphs: on CUDA, hold the passes of a step in a graph: not for networks that do another thing at another step; all
    batches have one shape. enough: asked after each step, with the number of steps so far, whether to stop. Logs step,
    mean loss since the last line, learning rate and seconds. TrainingError where the loss is not finite.
    """
    network.to(device).to(memory_format=torch.channels_last).train()
    optimiser = torch.optim.SGD(
        _groups(network, settings.weight_decay), lr=settings.peak, momentum=settings.momentum, nesterov=True
    )
    run.restore(network, optimiser)
    descent = Descent(network, loss, optimiser, bfloat16=settings.bfloat16, device=torch.device(device), graphs=graphs)
    start, meters, last_good = time.monotonic(), Meters(), f"step {run.step}"
    with Track(title, settings.steps - run.step, unit="steps") as track:
        for step in range(run.step, settings.steps):
            for group in optimiser.param_groups:
                group["lr"] = settings.rate(step)
            meters.add(step + 1, *descent(*batch_at(step)))
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


@final
class Descent:
    """One step of the optimiser on one batch; gives the loss, on the device, under its name."""

    def __init__(
        self,
        network: nn.Module,
        loss: Callable[[Tensor, Tensor], Tensor],
        optimiser: torch.optim.Optimizer,
        *,
        bfloat16: bool,
        device: torch.device,
        graphs: bool,
    ) -> None:
        self._network, self._loss, self._optimiser = network, loss, optimiser
        self._bfloat16, self._device = bfloat16, device
        self._batch: tuple[Tensor, Tensor] | None = None
        self._gradients: Callable[[], Scalars] = self._passes
        if graphs and device.type == "cuda":
            pool, stream = torch.cuda.graph_pool_handle(), torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
            self._gradients = GraphedStep(self._passes, device=device, pool=pool, stream=stream)

    def __call__(self, inputs: Tensor, targets: Tensor) -> Scalars:
        """inputs and targets: on any device, of the same shapes at every call."""
        given = sent(inputs, self._device), sent(targets, self._device)
        if self._batch is None:
            self._batch = given[0].clone(), given[1].clone()
        else:
            for place, part in zip(self._batch, given, strict=True):
                place.copy_(part)
        found = self._gradients()
        self._optimiser.step()
        return found

    def _passes(self) -> Scalars:
        """Leaves gradients where the optimiser finds them."""
        assert self._batch is not None
        inputs, targets = self._batch
        self._optimiser.zero_grad()
        # Without a cache of casts: within a graph it would hold those of the weights at the capture.
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._bfloat16, cache_enabled=False):
            outputs = self._network(inputs)
        value = self._loss(outputs.float(), targets)
        torch.autograd.backward(value)
        return (LOSS,), value.detach()[None]


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    parameters = list(network.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
