"""The training loop: one for every objective. It owns optimisers, precision, the average, the books and the state.

A run's folder holds `run.json` (what decides the weights), `state.safetensors` (where it is), `G.safetensors` (the
averaged generator) and `D.safetensors`, `log.jsonl`, `samples/` and `snapshots/`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

import torch
from torch import nn

from ganprobe.checkpoints.native import save_network
from ganprobe.core.errors import TrainingError
from ganprobe.training.data import DataFacts, RealBatch, RealImages
from ganprobe.training.draws import Draws
from ganprobe.training.ema import averaged_copy, decay_at, update_average
from ganprobe.training.grid import grid_latents, write_grid
from ganprobe.training.growing import level_of_detail
from ganprobe.training.log import Log
from ganprobe.training.meters import Meters
from ganprobe.training.objective import Moment, Objective, Terms
from ganprobe.training.settings import TrainSettings
from ganprobe.training.state import Progress, load_state, save_state

GRID_COLUMNS = 8
GRID_IMAGES = 40


@dataclass(frozen=True, slots=True)
class Folder:
    """The names of what a run leaves in its folder."""

    root: Path

    @property
    def state(self) -> Path:
        return self.root / "state.safetensors"

    @property
    def generator(self) -> Path:
        return self.root / "G.safetensors"

    @property
    def discriminator(self) -> Path:
        return self.root / "D.safetensors"

    def grid(self, images: int) -> Path:
        return self.root / "samples" / f"{images:010d}.png"

    def snapshot(self, images: int) -> Path:
        return self.root / "snapshots" / f"G-{images:010d}.safetensors"


@final
class Trainer:
    """Trains `objective` on `real` in `folder`, from the state there after `resume`."""

    def __init__(
        self, objective: Objective, real: RealImages, facts: DataFacts, folder: Folder, settings: TrainSettings
    ) -> None:
        self.objective, self.real, self.facts = objective, real, facts
        self.folder, self.settings = folder, settings
        self.device = torch.device(settings.device)
        self.average = averaged_copy(objective.generator)
        self.networks = {"G": objective.generator, "D": objective.discriminator, "average": self.average}
        self.optimisers = {
            "G": _adam(objective.generator, settings, settings.generator_rate),
            "D": _adam(objective.discriminator, settings, settings.discriminator_rate),
        }
        # One scaler each: an overflow in one network must not skip the other's update.
        self.scalers = {
            name: torch.amp.GradScaler(self.device.type, enabled=settings.precision == "fp16") for name in ("G", "D")
        }
        self.meters = Meters()
        self.step, self.seconds_before, self.last_good = 0, 0.0, "none yet"
        self.started = time.monotonic()

    @property
    def images(self) -> int:
        """Real images shown so far."""
        return self.step * self.settings.images_per_step

    @property
    def seconds(self) -> float:
        """Seconds of training, all resumptions together."""
        return self.seconds_before + time.monotonic() - self.started

    def run(self, *, advance: Callable[[int], None]) -> Path:
        """Train to the end, or to the wall-clock limit, and return the path of the averaged generator.

        advance is told how many images each step showed, for a progress display.
        """
        self.started = self._rated_at = time.monotonic()
        self._rated_step = self.step
        log = Log(self.folder.root, step=self.step, tensorboard=self.settings.tensorboard)
        try:
            while self.step < self.settings.steps and not self._out_of_time():
                self.train_step()
                self._keep_books(log)
                advance(self.settings.images_per_step)
        finally:
            log.close()
        self.checkpoint()
        return self.folder.generator

    def train_step(self) -> None:
        """One generator update, after discriminator_steps updates of the discriminator."""
        self._set_rates()
        self.objective.generator.train()
        for number in range(self.settings.discriminator_steps):
            self._update_discriminator(self.step * self.settings.discriminator_steps + number)
        self._update_generator()
        self.step += 1
        halflife, rampup = self.settings.ema_halflife, self.settings.ema_rampup
        decay = decay_at(self.images, self.settings.images_per_step, halflife=halflife, rampup=rampup)
        update_average(self.average, self.objective.generator, decay)

    def checkpoint(self) -> None:
        """Write networks and state; nothing is written where a loss or a weight is not finite."""
        self.meters.check(self.last_good)
        self._check_weights()
        self._export(self.folder.generator)
        save_network(
            self.folder.discriminator, self.objective.discriminator, role="discriminator", training=self._facts()
        )
        scalers = {name: scaler.state_dict() for name, scaler in self.scalers.items()}
        progress = Progress(self.step, self.seconds, self.meters.pack(), scalers)
        save_state(self.folder.state, progress, self.networks, self.optimisers)
        self.last_good = f"{self.folder.state} of step {self.step}"

    def resume(self) -> None:
        """Take up the state in the folder, if there is one."""
        if not self.folder.state.is_file():
            return
        progress = load_state(self.folder.state, self.networks, self.optimisers)
        self.step, self.seconds_before = progress.step, progress.seconds
        self.meters.unpack(progress.pending or {})
        for name, scaler in self.scalers.items():
            if state := (progress.scaler or {}).get(name):
                scaler.load_state_dict(dict(state))
        self.last_good = f"{self.folder.state} of step {self.step}"

    def _update_discriminator(self, update: int) -> None:
        batch = self.settings.batch
        real = self._laid_out(self.real.batch(range(update * batch, (update + 1) * batch)))
        at = self._moment("discriminator", update)
        network = self.objective.discriminator
        network.train().requires_grad_(True)
        self.optimisers["D"].zero_grad(set_to_none=True)
        with self._autocast():
            terms = self.objective.discriminator_loss(real, at)
        self._descend("D", terms)
        penalty = self.objective.discriminator_penalty(real, at)
        if penalty is not None:
            self._descend("D", penalty)
        self._apply("D")

    def _update_generator(self) -> None:
        # Gradients for the discriminator's weights would be computed and thrown away.
        self.objective.discriminator.requires_grad_(False)
        self.optimisers["G"].zero_grad(set_to_none=True)
        with self._autocast():
            terms = self.objective.generator_loss(self._moment("generator", self.step))
        self._descend("G", terms)
        self._apply("G")

    def _descend(self, name: str, terms: Terms) -> None:
        self.meters.add(self.step + 1, terms.scalars)
        torch.autograd.backward(self.scalers[name].scale(terms.loss))

    def _apply(self, name: str) -> None:
        self.scalers[name].step(self.optimisers[name])
        self.scalers[name].update()

    def _moment(self, who: str, update: int) -> Moment:
        lod = level_of_detail(self.images, resolution=self.facts.resolution, growing=self.settings.growing)
        return Moment(self.images, lod, Draws(self.settings.seed, who, update, self.device))

    def _laid_out(self, real: RealBatch) -> RealBatch:
        if not self.settings.channels_last:
            return real
        return RealBatch(real.images.contiguous(memory_format=torch.channels_last), real.labels)

    def _autocast(self) -> torch.autocast:
        kinds = {"fp32": torch.bfloat16, "bf16": torch.bfloat16, "fp16": torch.float16}
        precision = self.settings.precision
        return torch.autocast(self.device.type, dtype=kinds[precision], enabled=precision != "fp32")

    def _set_rates(self) -> None:
        decay = self.settings.rate_decay
        factor = max(0.0, 1 - self.images / decay) if decay else 1.0
        rates = {"G": self.settings.generator_rate, "D": self.settings.discriminator_rate}
        for name, optimiser in self.optimisers.items():
            for group in optimiser.param_groups:
                group["lr"] = rates[name] * factor

    def _out_of_time(self) -> bool:
        limit = self.settings.max_hours
        return limit is not None and self.seconds >= limit * 3600

    def _keep_books(self, log: Log) -> None:
        done = self.step == self.settings.steps
        if self.step % self.settings.log_every == 0 or done:
            self._log(log)
        if self.step % self.settings.grid_every == 0 or done:
            self._grid()
        for images in self.settings.snapshots:
            if self.images - self.settings.images_per_step < images <= self.images:
                self.meters.check(self.last_good)
                self._export(self.folder.snapshot(images))
        if self.step % self.settings.checkpoint_every == 0:
            self.checkpoint()

    def _log(self, log: Log) -> None:
        self.meters.check(self.last_good)
        now = time.monotonic()
        shown = (self.step - self._rated_step) * self.settings.images_per_step
        rate = shown / max(now - self._rated_at, 1e-9)
        self._rated_at, self._rated_step = now, self.step
        facts = {"step": self.step, "images": self.images, "lod": self._moment("log", 0).lod}
        log.write({**facts, **self.meters.take(), "images_per_second": rate, "seconds": self.seconds})

    def _grid(self) -> None:
        generator = self.objective.finished(self.average)
        z_dim = generator.spec.spaces["z"][0]
        z, labels = grid_latents(self.settings.seed, GRID_IMAGES, z_dim, generator.spec.num_classes)
        labels = None if labels is None else labels.to(self.device)
        with torch.no_grad():
            images = self.objective.sample(generator, z.to(self.device), labels, self._moment("grid", 0).lod)
        write_grid(self.folder.grid(self.images), images, columns=GRID_COLUMNS)

    def _export(self, path: Path) -> None:
        save_network(path, self.objective.finished(self.average), role="generator", training=self._facts())

    def _facts(self) -> dict[str, Any]:
        return {
            "seed": self.settings.seed,
            "steps": self.step,
            "images": self.images,
            "hours": round(self.seconds / 3600, 6),
            "lod": self._moment("facts", 0).lod,
            "data": {"images": self.facts.images, "fingerprint": self.facts.fingerprint},
            "settings": self.settings.identity(),
            "torch": torch.__version__,
            "device": self.device.type,
        }

    def _check_weights(self) -> None:
        for name, network in self.networks.items():
            total = torch.stack([weight.detach().float().sum() for weight in network.parameters()]).sum()
            if not torch.isfinite(total):
                raise TrainingError(
                    f"the weights of {name} are not finite after step {self.step}; last good checkpoint: "
                    f"{self.last_good}; start again in another folder with a lower learning rate or in fp32"
                )


def _adam(network: nn.Module, settings: TrainSettings, rate: float) -> torch.optim.Adam:
    return torch.optim.Adam(network.parameters(), lr=rate, betas=settings.betas, eps=settings.epsilon)
