"""A step touches nothing but the device: no value comes to the host, no number of the host enters, so that a graph can
hold it. The device is "meta", which computes nothing and has everything else."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
import torch
from small_trainings import TASKS, small_recipe, small_source
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from ganprobe.training import run
from ganprobe.training.data.batches import RealBatches
from ganprobe.training.data.real_images import RealImages
from ganprobe.training.data.source import examine
from ganprobe.training.draws.requests import Host, Request
from ganprobe.training.draws.tables import Shapes
from ganprobe.training.loop.folder import Folder
from ganprobe.training.loop.optimisers import Group, Optimisers
from ganprobe.training.loop.trainer import Trainer
from ganprobe.training.parallel.processes import Processes
from ganprobe.training.recipe.records import Recipe, RunOptions

META = torch.device("meta")
KINDS = {
    "normal": torch.float32,
    "uniform": torch.float32,
    "mirrored": torch.bool,
    "pixels": torch.uint8,
}


class MetaTable:
    """Numbers that lie on the device already."""

    processes = Processes()
    device = META

    def get(self, request: Request) -> torch.Tensor:
        return torch.empty(request.shape, dtype=KINDS.get(request.kind, torch.int64), device=META)

    def noise(self, who: str, number: int, shapes: Shapes) -> list[torch.Tensor]:
        return [torch.empty(shape, device=META) for shape in shapes]


class Spy(TorchDispatchMode):
    """Notes every operation that reads or makes a tensor of the host."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: set[str] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        tensors = [each for each in tree_leaves((args, kwargs, out)) if isinstance(each, torch.Tensor)]
        if any(each.device != META for each in tensors):
            self.seen.add(str(func))
        return out


def trainer_on_meta(recipe: Recipe, monkeypatch: pytest.MonkeyPatch) -> Trainer:
    # There is no autocast of "meta", and no fused Adam; the step count of a plain one lies on the host.
    monkeypatch.setattr(torch, "autocast", lambda *args, **options: contextlib.nullcontext())
    monkeypatch.setattr(Optimisers, "_adam", lambda self, group, device: _Descent(group))
    source = small_source(recipe.architecture)
    facts = examine(source)
    pair = run._built(recipe, facts)
    updates = run._updates(recipe, pair, batch=recipe.batch, compiled=False)
    run._place([pair.generator, pair.discriminator, *(t.network for t in updates.tasks)], META, False)
    real = RealImages(source, seed=0, flips=recipe.data.flips, resolution=facts.resolution)
    batches = RealBatches(real, device=META, channels_last=True, labelled=pair.generator.spec.num_classes > 0)
    return Trainer(
        pair.generator,
        pair.discriminator,
        updates,
        batches,
        Host(0, real, recipe.discriminator_steps, Processes()),
        recipe=recipe,
        options=RunOptions(device="meta"),
        folder=Folder(Path("nowhere")),
        resolution=facts.resolution,
    )


class _Descent:
    """Plain gradient descent, in the place of Adam."""

    def __init__(self, group: Group) -> None:
        self.group = group

    def zero_grad(self, *, set_to_none: bool) -> None:
        for weight in self.group.network.parameters():
            weight.grad = None

    def step(self) -> None:
        with torch.no_grad():
            for weight in self.group.network.parameters():
                if weight.grad is not None:
                    weight.sub_(weight.grad)


@pytest.mark.parametrize(
    ("architecture", "task"),
    [
        ("infogan", "info"),
        *((name, task) for name in ("sndcgan", "stylegan", "biggan") for task in ("", *TASKS) if task != "info"),
    ],
)
def test_a_step_stays_on_the_device(architecture: str, task: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Trainer, "_apply", lambda self, who, adams: [adam.step() for adam in adams.values()])
    recipe = small_recipe(architecture, [task] if task else [], growing=None)
    trainer = trainer_on_meta(recipe, monkeypatch)
    with Spy() as spy:
        names, values = trainer._body(trainer._phase(), MetaTable())  # type: ignore[arg-type]
    assert values.device == META
    assert "loss_g" in names
    assert len(names) == len(values)
    assert spy.seen == set()
