"""Scenes of small runs, to look at what a task makes of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from small_trainings import SIDES, small_recipe, small_source
from torch import Tensor

from ganprobe.generators.base import Judgement
from ganprobe.training import run
from ganprobe.training.data.real_images import RealImages
from ganprobe.training.data.source import examine
from ganprobe.training.draws.draws import Draws
from ganprobe.training.draws.requests import Host
from ganprobe.training.draws.tables import Immediate
from ganprobe.training.parallel.processes import Processes
from ganprobe.training.step.scene import Scene, View
from ganprobe.training.step.updates import Updates

CPU = torch.device("cpu")


def updates_of(architecture: str, *tasks: str, **changes: Any) -> tuple[Updates, Callable[..., Scene]]:
    """The updates of a small run, and what begins a scene of it."""
    recipe = small_recipe(architecture, tasks, **changes)
    source = small_source(architecture)
    pair = run._built(recipe, examine(source))
    updates = run._updates(recipe, pair, batch=recipe.batch, compiled=False)
    real = RealImages(source, seed=0, flips=False, resolution=SIDES[architecture])
    table = Immediate(Host(0, real, 1, Processes()), CPU)

    def scene(who: Any, step: int = 0) -> Scene:
        table.begin(step)
        return updates._scene(Draws(table, who), 0.0, updates.tasks)

    return updates, scene


def viewed(scene: Scene, **images: Tensor) -> Scene:
    """The scene with these images as its views."""
    scene.views.update({name: View(each) for name, each in images.items()})
    return scene


def judged(scene: Scene, logits: Mapping[str, Tensor], **features: Mapping[str, Tensor]) -> Scene:
    """The scene with a discriminator's words on its views."""
    scene.judged = {name: Judgement(each, features.get(name.replace(".", "_"), {})) for name, each in logits.items()}
    return scene
