"""The shared loop of the two small networks: SGD with Nesterov momentum under a one-cycle learning rate.

Batches are a pure function of the step, so that a seed and the machine determine the weights. A run saves its state
as it goes; killed and started again with the same settings and folder, it goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, final

import numpy as np
import safetensors
import safetensors.torch
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from ganprobe.core.errors import InputError, OutputError, TrainingError
from ganprobe.core.files import write_bytes, write_text
from ganprobe.core.progress import Track
from ganprobe.core.streams import derive_seed, stream

LOG_EVERY = 50
N = TypeVar("N", bound=nn.Module)


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


@final
class Run:
    """The folder of a run: `log.jsonl`, one line per report, and `state.safetensors`, from which it goes on.

    signature: what must be the same for the run to go on, such as the settings. TrainingError where the folder holds
    the state of another run, OutputError where it cannot be written.
    """

    def __init__(self, folder: Path, *, signature: str) -> None:
        self.folder, self.signature = folder, signature
        self.log_path, self.state_path = folder / "log.jsonl", folder / "state.safetensors"
        self.step, self.tensors = self._read()
        if self.step == 0:
            write_text(self.log_path, "")

    def log(self, **row: Any) -> None:
        """Add one line to the log."""
        try:
            with self.log_path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
        except OSError as problem:
            raise OutputError(f"cannot write {self.log_path}: {problem.strerror}; make room and start again") from None

    def save(self, step: int, network: nn.Module, optimiser: torch.optim.SGD) -> None:
        """Save weights and momenta after `step` steps, whole or not at all."""
        tensors = {f"network.{name}": tensor for name, tensor in network.state_dict().items()}
        for name, parameter in network.named_parameters():
            tensors[f"momentum.{name}"] = optimiser.state[parameter]["momentum_buffer"]
        packed = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
        metadata = {"signature": self.signature, "step": str(step)}
        write_bytes(self.state_path, safetensors.torch.save(packed, metadata=metadata))

    def restore(self, network: nn.Module, optimiser: torch.optim.SGD) -> None:
        """Take up the weights and momenta of an earlier process, if there is one."""
        if self.step:
            network.load_state_dict({name: self.tensors[f"network.{name}"] for name in network.state_dict()})
            for name, parameter in network.named_parameters():
                momentum = torch.empty_like(parameter, requires_grad=False).copy_(self.tensors[f"momentum.{name}"])
                optimiser.state[parameter]["momentum_buffer"] = momentum

    def finish(self) -> None:
        """Remove the state: the run is done, and starting it again does it anew."""
        self.state_path.unlink(missing_ok=True)

    def _read(self) -> tuple[int, dict[str, Tensor]]:
        if not self.state_path.is_file():
            return 0, {}
        try:
            with safetensors.safe_open(str(self.state_path), framework="pt") as file:
                metadata = file.metadata() or {}
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        except safetensors.SafetensorError as problem:
            raise TrainingError(f"cannot read {self.state_path}: {problem}; remove it to start anew") from problem
        if metadata.get("signature") != self.signature:
            raise TrainingError(f"{self.folder} holds a run with other settings or images; choose another folder")
        return int(metadata["step"]), tensors


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


def shuffled(n: int, batch_size: int, *, seed: int, step: int) -> NDArray[np.int64]:
    """Row numbers of batch `step`: every epoch goes through the n rows in an order of its own and drops the rest."""
    if n < batch_size:
        raise InputError(f"expected at least {batch_size} training images, one batch, got {n}; give more images")
    epoch, place = divmod(step, n // batch_size)
    order = stream(seed, "order", epoch).permutation(n)
    return np.asarray(order[place * batch_size : (place + 1) * batch_size], dtype=np.int64)


def shift_and_flip(images: Tensor, *, rng: np.random.Generator, pad: int, flip: bool = True) -> Tensor:
    """Each of the uint8 images (N, C, H, W) shifted by up to `pad` pixels over a reflected border, and mirrored with
    probability one half if `flip`. The result is in channels-last memory."""
    n, _, height, width = images.shape
    padded = nn.functional.pad(images.float(), (pad,) * 4, mode="reflect")
    rows = torch.from_numpy(rng.integers(0, 2 * pad + 1, (n, 1))) + torch.arange(height)
    columns = torch.from_numpy(rng.integers(0, 2 * pad + 1, (n, 1))) + torch.arange(width)
    mirrored = torch.from_numpy(rng.random((n, 1)) < 0.5)
    columns = torch.where(mirrored, columns.flip(1), columns) if flip else columns
    return padded[torch.arange(n)[:, None, None], :, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2)


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
    groups = _groups(network, settings.weight_decay)
    optimiser = torch.optim.SGD(groups, lr=settings.peak, momentum=settings.momentum, nesterov=True)
    run.restore(network, optimiser)
    start, losses = time.monotonic(), []
    with Track(title, settings.steps - run.step, unit="steps") as track:
        for step in range(run.step, settings.steps):
            for group in optimiser.param_groups:
                group["lr"] = settings.rate(step)
            inputs, targets = (part.to(device) for part in batch_at(step))
            with torch.autocast(torch.device(device).type, torch.bfloat16, enabled=settings.bfloat16):
                outputs = network(inputs)
            value = loss(outputs.float(), targets)
            optimiser.zero_grad()
            torch.autograd.backward(value)
            optimiser.step()
            losses.append(value.detach())
            if (step + 1) % LOG_EVERY == 0 or step + 1 == settings.steps:
                seconds = round(time.monotonic() - start, 2)
                run.log(step=step + 1, loss=_finite_mean(losses, step), rate=settings.rate(step), seconds=seconds)
                run.save(step + 1, network, optimiser)
                losses = []
            track.advance(1)
            if enough is not None and enough(step + 1, network):
                break
    network.eval()


def _groups(network: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    parameters = list(network.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _finite_mean(losses: list[Tensor], step: int) -> float:
    values = [float(value) for value in torch.stack(losses)]
    for offset, value in enumerate(values):
        if not math.isfinite(value):
            number = step + 2 - len(values) + offset
            raise TrainingError(f"the loss of step {number} is {value}; lower the peak learning rate and train again")
    return round(sum(values) / len(values), 6)


@torch.inference_mode()
def predictions(network: nn.Module, images: NDArray[np.uint8], *, batch_size: int = 500) -> Tensor:
    """The outputs (N, ...) for uint8 images (N, 3, H, W), float32, on the CPU."""
    device = next(network.parameters()).device
    batches = torch.split(torch.from_numpy(images), batch_size)
    return torch.cat([network(batch.to(device).float() / 127.5 - 1).cpu() for batch in batches])
