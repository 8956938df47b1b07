"""The two updates of a step: what is generated, seen and judged once, and the terms that all its parts draw from it.

The adversarial loss and the tasks read one scene. Tasks come in the order of their names, whatever order they were
given in, so that sums are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from ganprobe.generators.base import Discriminator
from ganprobe.training.data.batches import RealBatch
from ganprobe.training.draws.draws import Draws
from ganprobe.training.losses.adversarial import Adversarial
from ganprobe.training.losses.penalties import drift_penalty, gradient_penalty, r1_penalty
from ganprobe.training.recipe.records import Regulariser
from ganprobe.training.step.generation import Generation
from ganprobe.training.step.growing import images_at
from ganprobe.training.step.judging import Judge, judge_views
from ganprobe.training.step.scene import Group, Scene, Term, View
from ganprobe.training.step.task import Task


@dataclass(frozen=True, slots=True)
class Terms:
    """A loss to descend, and scalars to log (detached, on the device: nothing waits for them)."""

    loss: Tensor
    scalars: Mapping[str, Tensor]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Updates:
    """The terms of both networks' losses for a batch of `batch` images of this process.

    The discriminator sees all images of an update in one pass, or, where images of a batch bear on one another, view
    by view. judge: its `judge`, or what that was compiled to; penalties, which are differentiated twice, take the
    plain one.
    """

    generation: Generation
    discriminator: Discriminator
    judge: Judge
    adversarial: Adversarial
    regulariser: Regulariser
    tasks: Sequence[Task]
    batch: int

    def discriminator_terms(self, real: RealBatch, draws: Draws, lod: float, tasks: Sequence[Task]) -> Terms:
        """Of the discriminator's loss; nothing of it reaches the generator."""
        scene = self._scene(draws, lod, tasks)
        with torch.no_grad():
            self._generate(scene, track=False)
        scene.views["real"] = View(images_at(real.images, lod), real.labels)
        self._judge(scene, tasks)
        logits = scene.judged["real"].logits
        fakes = torch.cat([scene.judged[name].logits for name in scene.fakes])
        loss = self.adversarial.discriminator(logits, fakes)
        means = {"real_logits": Term(logits.float().mean()), "fake_logits": Term(fakes.float().mean())}
        return _summed({"loss_d": Term(loss, 1.0), **means, **self._drift(logits), **_of_tasks(tasks, scene)})

    def generator_terms(self, draws: Draws, lod: float, tasks: Sequence[Task]) -> Terms:
        """Of the generator's loss, and of those tasks whose weights learn with it."""
        scene = self._scene(draws, lod, tasks)
        self._generate(scene, track=True)
        self._judge(scene, tasks)
        fakes = torch.cat([scene.judged[name].logits for name in scene.fakes])
        return _summed({"loss_g": Term(self.adversarial.generator(fakes), 1.0), **_of_tasks(tasks, scene)})

    def penalty(self, real: RealBatch, draws: Draws, lod: float) -> Terms:
        """The regulariser of the discriminator, to be computed in float32."""
        images, weight = images_at(real.images, lod), self.regulariser.weight * self.regulariser.every

        def discriminate(x: Tensor) -> Tensor:
            return self.discriminator.judge(x, real.labels, lod=lod).logits

        if self.regulariser.kind == "r1":
            return _summed({"r1": Term(r1_penalty(discriminate, images), weight / 2)})
        with torch.no_grad():
            fakes = self.generation.images([self.generation.draw(draws, self.batch, lod)], lod)
        share = draws.uniform("gradient_penalty", self.batch)
        penalty = gradient_penalty(discriminate, images, fakes.float(), share)
        return _summed({"gradient_penalty": Term(penalty, weight)})

    def penalty_due(self, update: int) -> bool:
        """Whether the discriminator's update of this number has a penalty."""
        regulariser = self.regulariser
        return regulariser.kind != "none" and regulariser.weight > 0 and update % regulariser.every == 0

    def _drift(self, real: Tensor) -> dict[str, Term]:
        weight = self.regulariser.drift
        return {"drift": Term(drift_penalty(real), weight)} if weight else {}

    def _scene(self, draws: Draws, lod: float, tasks: Sequence[Task]) -> Scene:
        scene = Scene(draws.who, draws, lod)
        scene.groups["fake"] = Group(self.generation.draw(draws, self.batch, lod))
        for task in tasks:
            scene.groups.update(task.groups(scene))
        return scene

    def _generate(self, scene: Scene, *, track: bool) -> None:
        groups = scene.groups
        images = self.generation.images(
            [group.latents for group in groups.values()], scene.lod, track=scene.draws if track else None
        )
        parts = torch.split(images, [len(group.latents) for group in groups.values()])
        scene.generated.update(zip(groups, parts, strict=True))
        for name, group in groups.items():
            if group.judged:
                scene.views[name] = View(scene.generated[name], group.latents.labels)

    def _judge(self, scene: Scene, tasks: Sequence[Task]) -> None:
        for task in tasks:
            scene.views.update(task.views(scene))
        for task in tasks:
            for name, view in scene.views.items():
                scene.views[name] = View(task.seen(name, view.images, scene), view.labels)
        layers = frozenset[str]().union(*(task.layers for task in tasks))
        scene.judged = judge_views(
            self.judge, scene.views, features=layers, lod=scene.lod, together=not self.discriminator.couples_batch
        )


def _of_tasks(tasks: Sequence[Task], scene: Scene) -> dict[str, Term]:
    return {f"{task.name}.{name}": term for task in tasks for name, term in task.terms(scene).items()}


def _summed(terms: Mapping[str, Term]) -> Terms:
    descended = [term.value * term.weight for term in terms.values() if term.weight]
    scalars = {name: term.value.detach().float() for name, term in terms.items()}
    loss = descended[0]
    for term in descended[1:]:
        loss = loss + term
    return Terms(loss, scalars)
