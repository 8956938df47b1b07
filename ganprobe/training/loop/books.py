"""What a run leaves while it goes: log, grids, snapshots, evaluations, and the exported networks."""

from __future__ import annotations

import json
import math
import time
from typing import Any, final

import torch
from safetensors.torch import save
from torch import nn

from ganprobe.checkpoints.native import save_network
from ganprobe.core.calls.checking import plain
from ganprobe.core.errors import TrainingError
from ganprobe.core.files import write_bytes
from ganprobe.generators.base import Generator
from ganprobe.training.data.source import DataFacts
from ganprobe.training.loop.curve import write_curve
from ganprobe.training.loop.evaluation import Evaluate, is_best
from ganprobe.training.loop.finished import finished, sample
from ganprobe.training.loop.grid import grid_latents, write_grid
from ganprobe.training.loop.log import Log
from ganprobe.training.loop.trainer import Trainer

GRID_COLUMNS = 8
GRID_IMAGES = 40


@final
class Books:
    """Kept for a trainer by the first process; the others only keep step."""

    def __init__(self, trainer: Trainer, facts: DataFacts, evaluate: Evaluate | None) -> None:
        self._trainer, self._facts, self._evaluate = trainer, facts, evaluate
        self._recipe, self._options, self._folder = trainer.recipe, trainer.options, trainer.folder
        first = trainer.processes.first
        self._log = Log(self._folder.root, step=trainer.step, tensorboard=self._options.tensorboard, silent=not first)
        self._writes = first
        self._rated_at, self._rated_step = time.monotonic(), trainer.step

    def close(self) -> None:
        """Close the log."""
        self._log.close()

    def keep(self) -> None:
        """What is due after a step. The state comes last, so that it never is ahead of the log."""
        step, last = self._trainer.step, self._trainer.step == self._recipe.steps
        if step % self._options.log_every == 0 or last:
            self._write_means()
        if self._writes and _due(step, self._options.grid_every, last):
            self._write_grid()
        if self._passed(self._recipe.evaluation.every) or (last and self._recipe.evaluation.every):
            self._measure()
        for images in self._snapshots():
            self._write_snapshot(images)
        if _due(step, self._options.checkpoint_every, False):
            self.checkpoint()

    def checkpoint(self) -> None:
        """Write networks and state; nothing is written where a loss or a weight is not finite."""
        trainer = self._trainer
        trainer.check()
        if not self._writes:
            return
        self._export(self._folder.generator)
        save_network(self._folder.discriminator, trainer.discriminator, role="discriminator", training=self._about())
        for name, network in trainer.heads.items():
            self._write_head(name, network)
        trainer.save()

    def _write_means(self) -> None:
        trainer = self._trainer
        trainer.meters.check(trainer.last_good)
        now = time.monotonic()
        shown = (trainer.step - self._rated_step) * self._recipe.images_per_step
        rate = shown / max(now - self._rated_at, 1e-9)
        self._rated_at, self._rated_step = now, trainer.step
        facts = {"step": trainer.step, "images": trainer.images, "lod": trainer.lod}
        means = trainer.meters.take()
        self._log.write({**facts, **means, "images_per_second": rate, "seconds": trainer.seconds})

    def _measure(self) -> None:
        """A row of metrics of the averaged generator; the best by the recipe's metric is kept."""
        trainer, evaluation = self._trainer, self._recipe.evaluation
        if self._evaluate is None:
            raise TrainingError("the recipe evaluates, and nothing that evaluates was handed in; leave evaluation out")
        if not self._writes:
            return
        trainer.check()
        started, generator = time.monotonic(), self._finished()
        values = {name: float(value) for name, value in self._evaluate(generator).items()}
        best = evaluation.best or evaluation.metrics[0]
        found = values.get(best, math.nan)
        if math.isfinite(found) and is_best(self._log.rows, best, found, self._evaluate.better(best)):
            save_network(self._folder.best, generator, role="generator", training={**self._about(), best: found})
        finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
        self._log.write({"step": trainer.step, "images": trainer.images, **finite})
        write_curve(self._folder.curve, self._log.rows, evaluation.metrics)
        self._rated_at += time.monotonic() - started

    def _write_grid(self) -> None:
        generator, trainer, seed = self._finished(), self._trainer, self._recipe.seed
        z, labels = grid_latents(seed, GRID_IMAGES, generator.spec.spaces["z"][0], generator.spec.num_classes)
        labels = None if labels is None else labels.to(trainer.device)
        with torch.no_grad():
            images = sample(generator, z.to(trainer.device), labels, lod=trainer.lod, seed=seed)
        write_grid(self._folder.grid(trainer.images), images, columns=GRID_COLUMNS)

    def _snapshots(self) -> list[int]:
        """The numbers of images, at which the networks are kept, that the last step has passed."""
        trainer, every = self._trainer, self._recipe.snapshot_every
        before = trainer.images - self._recipe.images_per_step
        regular = [trainer.images // every * every] if self._passed(every) else []
        return sorted({*regular, *(n for n in self._recipe.snapshots if before < n <= trainer.images)})

    def _passed(self, every: int) -> bool:
        images, shown = self._trainer.images, self._recipe.images_per_step
        return bool(every) and images // every > (images - shown) // every

    def _write_snapshot(self, images: int) -> None:
        trainer = self._trainer
        trainer.check()
        if not self._writes:
            return
        self._export(self._folder.snapshot("G", images))
        path = self._folder.snapshot("D", images)
        save_network(path, trainer.discriminator, role="discriminator", training=self._about())

    def _export(self, path: Any) -> None:
        save_network(path, self._finished(), role="generator", training=self._about())

    def _write_head(self, name: str, network: nn.Module) -> None:
        """The weights of a task, with what they belong to."""
        tensors = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
        settings = json.dumps(plain(self._recipe.tasks[name]), sort_keys=True)
        about = {"task": name, "settings": settings, "steps": str(self._trainer.step)}
        write_bytes(self._folder.task(name), save(tensors, metadata=about))

    def _finished(self) -> Generator:
        recipe, average = self._recipe, self._trainer.average
        return finished(average, seed=recipe.seed, batch=recipe.batch, averaged=recipe.average.halflife > 0)

    def _about(self) -> dict[str, Any]:
        trainer = self._trainer
        return {
            "seed": self._recipe.seed,
            "steps": trainer.step,
            "images": trainer.images,
            "hours": round(trainer.seconds / 3600, 6),
            "lod": trainer.lod,
            "data": {"images": self._facts.images, "fingerprint": self._facts.fingerprint},
            "recipe": plain(self._recipe),
            "torch": torch.__version__,
            "device": trainer.device.type,
        }


def _due(step: int, every: int, last: bool) -> bool:
    return last or (every > 0 and step % every == 0)
