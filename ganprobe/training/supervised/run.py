"""The folder of a supervised run: its log, and the state from which it goes on."""

from __future__ import annotations

from pathlib import Path
from typing import Any, final

import torch
from torch import nn

from ganprobe.core.errors import TrainingError
from ganprobe.training.loop.log import Log
from ganprobe.training.loop.state import Progress, load_state, read_progress, save_state

NETWORK = "network"


@final
class Run:
    """`log.jsonl`, one line per report, and `state.safetensors`, from which the run goes on.

    signature: what must be the same for the run to go on, such as the settings. TrainingError where the folder holds
    the state of another run, OutputError where it cannot be written.
    """

    def __init__(self, folder: Path, *, signature: str) -> None:
        self.folder, self.signature = folder, signature
        self.state_path = folder / "state.safetensors"
        self.step = self._known_step()
        self._log = Log(folder, step=self.step, tensorboard=False)
        self.log_path = self._log.path

    def log(self, **row: Any) -> None:
        """Add one line to the log."""
        self._log.write(row)

    def save(self, step: int, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        """Save weights and momenta after `step` steps, whole or not at all."""
        progress = Progress(step, signature=self.signature)
        save_state(self.state_path, progress, {NETWORK: network}, {NETWORK: optimiser})

    def restore(self, network: nn.Module, optimiser: torch.optim.Optimizer) -> None:
        """Take up the weights and momenta of an earlier process, if there is one."""
        if self.step:
            load_state(self.state_path, {NETWORK: network}, {NETWORK: optimiser})

    def finish(self) -> None:
        """Remove the state: the run is done, and starting it again does it anew."""
        self.state_path.unlink(missing_ok=True)

    def _known_step(self) -> int:
        if not self.state_path.is_file():
            return 0
        progress = read_progress(self.state_path)
        if progress.signature != self.signature:
            raise TrainingError(f"{self.folder} holds a run with other settings or images; choose another folder")
        return progress.step
