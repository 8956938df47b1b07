"""The best weights of a run so far, by a validation loss, and when to stop looking for better ones."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import final

import safetensors
import safetensors.torch
from torch import Tensor, nn

from ganprobe.core.errors import TrainingError
from ganprobe.core.files import write_bytes
from ganprobe.training.supervised.run import Run

FILE = "best.safetensors"


@final
class BestSoFar:
    """Asked after each step (see `fit`): every `every` steps it takes the validation loss, keeps the weights in
    `best.safetensors` of the run's folder where they are the best yet, and says to stop when the last `patience`
    looks brought no better ones; not before step `earliest`, for the loss may well rise while the learning rate does.

    Killed and started again, a run comes to the same answer: what is kept names its step, and steps that are gone
    through again after it change nothing. TrainingError where the loss is not finite, or what is kept cannot be read.
    """

    def __init__(
        self, run: Run, validate: Callable[[nn.Module], float], *, every: int, patience: int, earliest: int = 0
    ) -> None:
        self._run, self._validate = run, validate
        self._every, self._patience, self._earliest = every, patience, earliest
        self._path = run.folder / FILE
        self.step, self.loss, self.last_step = 0, math.inf, run.step
        if run.step == 0:
            self.finish()
        elif self._path.is_file():
            self.step, self.loss = self._kept()

    def __call__(self, step: int, network: nn.Module) -> bool:
        """Whether `network`, after `step` steps, is trained enough. It stays in training mode."""
        self.last_step = step
        if step % self._every:
            return False
        network.eval()
        loss = self._validate(network)
        network.train()
        if not math.isfinite(loss):
            raise TrainingError(f"the validation loss of step {step} is {loss}; lower the peak learning rate")
        self._run.log(step=step, validation_loss=round(loss, 6))
        if loss < self.loss:
            self.step, self.loss = step, loss
            self._keep(network)
        return step >= self._earliest and step - self.step >= self._patience * self._every

    def restore(self, network: nn.Module) -> None:
        """Give `network` the best weights."""
        if self.step:
            device = next(network.parameters()).device
            network.load_state_dict({name: tensor.to(device) for name, tensor in self._tensors().items()})

    def finish(self) -> None:
        """Remove the file."""
        self._path.unlink(missing_ok=True)

    def _keep(self, network: nn.Module) -> None:
        tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
        said = {"signature": self._run.signature, "step": str(self.step), "loss": repr(self.loss)}
        write_bytes(self._path, safetensors.torch.save(tensors, metadata=said))

    def _kept(self) -> tuple[int, float]:
        with self._opened() as file:
            said = file.metadata() or {}
        if said.get("signature") != self._run.signature:
            raise TrainingError(f"{self._path} is of another run; remove it to start anew")
        return int(said["step"]), float(said["loss"])

    def _tensors(self) -> dict[str, Tensor]:
        with self._opened() as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118

    def _opened(self) -> safetensors.safe_open:
        try:
            return safetensors.safe_open(str(self._path), framework="pt")
        except (OSError, safetensors.SafetensorError) as problem:
            raise TrainingError(f"cannot read {self._path}: {problem}; remove the folder to start anew") from problem
