"""Training and measuring that give planted results at once: what is planned, kept and reported can be tested."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ganprobe.checkpoints.native import save_network
from ganprobe.core.errors import TrainingError
from ganprobe.core.results import Estimate, Record, Result, Subject, normal_estimate
from ganprobe.core.tables import detail_table
from ganprobe.generators.stylegan.generator import StyleGANConfig, StyleGANGenerator
from ganprobe.report import RunPictures, write_run
from ganprobe.reproduce.rows import measuring, tasks
from ganprobe.reproduce.rows.measuring import Look
from ganprobe.reproduce.rows.measuring import Subject as Trained
from ganprobe.reproduce.rows.training import Progress, progress_of

ATTRIBUTES = ("age", "eyeglasses", "smile")


@dataclass
class MadeUp:
    """What was done, and what comes of it. fd: by run, else 40. fails: runs whose training fails. rates: steps a second
    by recipe, for a limited time; None where all steps are done at once."""

    fd: dict[str, float] = field(default_factory=dict)
    fails: dict[str, str] = field(default_factory=dict)
    rates: dict[str, float] | None = None
    trained: list[tuple[str, int]] = field(default_factory=list)
    looked: list[tuple[str, str]] = field(default_factory=list)

    def install(self, monkeypatch: pytest.MonkeyPatch) -> MadeUp:
        monkeypatch.setattr(tasks, "train_row", self.train)
        monkeypatch.setattr(measuring.KINDS, "_items", {"auxiliary": self.look, "evaluate": self.look})
        return self

    def train(self, recipe: Any, data: str, folder: Path, **more: Any) -> Progress:
        done = progress_of(folder)
        if done is not None and done.steps >= recipe.steps:
            return done
        if said := self.fails.get(folder.name):
            raise TrainingError(said)
        steps = recipe.steps
        if self.rates is not None and len([name for name, _ in self.trained if name == folder.name]) == 0:
            steps = min(steps, int(self.rates[folder.name] * 10))
        self.trained.append((folder.name, steps))
        network = StyleGANGenerator(
            StyleGANConfig(resolution=16, z_dim=4, w_dim=4, channel_base=64, channel_max=4), seed=recipe.seed
        )
        about = {"steps": steps, "images": 64 * steps, "hours": 0.5, "seed": recipe.seed, "device": "cpu"}
        save_network(folder / "G.safetensors", network, role="generator", training=about)
        rate = 0.0 if self.rates is None else self.rates[folder.name]
        return Progress(steps, 64 * steps, 1800.0, rate)

    def look(self, subject: Trained, look: Look, out: Path) -> None:
        self.looked.append((subject.name, look.measure.name))
        if look.measure.name in ("auxiliary", "detection"):
            self._curve(subject, look.metrics[0], out)
            return
        results = {"images": self._images, "attributes": self._attributes}.get(look.measure.name, self._paths)(subject)
        pictures = RunPictures(samples=np.zeros((4, 3, 8, 8), np.uint8))
        write_run(Record(Subject(subject.name, "ab"), None, tuple(results)), pictures, out)

    @staticmethod
    def _curve(subject: Trained, metric: str, out: Path) -> None:
        rows = {f"{x / 10:g}": [Estimate(0.5 + x / 20, (0.4, 1.0), 100)] for x in range(1, 6)}
        table = detail_table("sigma", "Accuracy over sigma", rows, columns=("accuracy",), over="sigma")
        estimate = Estimate(0.75, (0.7, 0.8), 100, tables=(table,))
        result = Result(metric, estimate, "higher", "none", {"trained_at": 0.5}, 1.0)
        write_run(Record(Subject(subject.name, "ab"), None, (result,)), RunPictures(), out)

    def _images(self, subject: Trained) -> list[Result]:
        fd = normal_estimate(self.fd.get(subject.name, 40.0), 100, 0.01)
        return [
            Result("fd", fd, "lower", "embedded", {}, 1.0),
            Result("cs", normal_estimate(5.0, 100, 0.01), "higher", "embedded", {}, 1.0),
        ]

    @staticmethod
    def _attributes(subject: Trained) -> list[Result]:
        accuracy = detail_table(
            "accuracy_z",
            "Boundaries",
            {name: [Estimate(0.8, (0.79, 0.81), 100)] for name in ATTRIBUTES},
            columns=("remaining (midrange)",),
        )
        correlation = detail_table(
            "correlation",
            "Correlation",
            {name: [_correlation(name == other) for other in ATTRIBUTES] for name in ATTRIBUTES},
            columns=ATTRIBUTES,
            kind="matrix",
        )  # fmt: skip
        return [
            Result("boundary_accuracy", Estimate(0.8, (0.7, 0.9), 9, tables=(accuracy,)), "higher", "scores", {}, 1.0),
            Result("attribute_correlation", Estimate(0.3, None, 9, tables=(correlation,)), "lower", "scores", {}, 1.0),
        ]

    @staticmethod
    def _paths(subject: Trained) -> list[Result]:
        return [
            Result(name, normal_estimate(100.0, 100, 1.0), "lower", "embedded", {}, 1.0)
            for name in ("ppl_z_full", "ppl_w_full")
        ]


def _correlation(own: bool) -> Estimate | float:
    return 1.0 if own else Estimate(-0.3, (-0.31, -0.29), 100)
