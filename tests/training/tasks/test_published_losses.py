"""The losses of tasks beside published code on the same networks, weights, images and augmentations.

expected/published-losses.npz: on SNGAN networks of torch-mimicry 0.1.16 with planted weights, mapped by name, its hinge
losses, its rotation losses (of the last quarter, four times) and gradients of one weight; of PyTorch-StudioGAN
(947b35e) the augmented images and what the lines of its worker for CR, bCR and zCR give of the same discriminator, and
for InfoGAN of our head's words.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from planted import excerpt, latents, pictures, plant, settle
from torch import Tensor

from ganprobe.generators.base import Discriminator, Generator
from ganprobe.generators.building import Pair, build_pair
from ganprobe.generators.layers.spectral import SpectralLinear
from ganprobe.training.losses.adversarial import ADVERSARIAL
from ganprobe.training.step.augmentation import moved
from ganprobe.training.step.generation import generation_of
from ganprobe.training.step.judging import judge_views
from ganprobe.training.step.latents import Latents
from ganprobe.training.step.scene import Group, Scene, View
from ganprobe.training.step.task import Company, Task
from ganprobe.training.tasks import TASKS

N = 8
FOUND: Mapping[str, Any] = dict(np.load(Path(__file__).parent / "expected" / "published-losses.npz"))


def sngan() -> Pair:
    """The variant that torch-mimicry has: bilinear enlargement, and ReLUs that overwrite what a skip takes."""
    shape = {"channels": 2}
    made = build_pair(
        "sngan",
        resolution=32,
        num_classes=0,
        network={**shape, "interpolation": "bilinear"},
        discriminator_network={**shape, "rectified_skip": True},
        seed=0,
    )
    plant(made.generator)
    settle(plant(made.discriminator))
    return made


def task_of(name: str, pair: Pair) -> Task:
    company = Company(
        generator=pair.generator,
        discriminator=pair.discriminator,
        generation=generation_of(pair.generator, style_mixing=0),
        batch=N,
        seed=0,
        head_optimiser=None,  # type: ignore[arg-type]
    )
    made: Task = TASKS.task(name)(TASKS.settings(name)(), company)
    return made


def scene_of(who: Any, task: Task, discriminator: Discriminator, z: Tensor, **views: Tensor) -> Scene:
    """A scene with these views and those of the task, judged in one pass."""
    made = Scene(who, None, 0.0)  # type: ignore[arg-type]
    made.groups["fake"] = Group(Latents(z=z))
    made.views.update({name.replace("_", "."): View(images) for name, images in views.items()})
    if task.name == "rotation":
        made.views.update(task.views(made))
    features = {layer for layer in task.layers if layer in discriminator.layers}
    if made.views:
        made.judged = judge_views(discriminator.judge, made.views, features=features, lod=0.0, together=True)
    return made


def weighed(task: Task, scene: Scene) -> Tensor:
    return torch.stack([term.value * term.weight for term in task.terms(scene).values() if term.weight]).sum()


@pytest.mark.parametrize("who", ["discriminator", "generator"])
def test_the_losses_of_ssgan_and_their_gradients_are_torch_mimicrys(who: str) -> None:
    pair, z = sngan(), latents(N, 128)
    rotation = task_of("rotation", pair)
    assert isinstance(rotation.network, SpectralLinear)
    settle(plant(rotation.network))
    fake, hinge = pair.generator(z), ADVERSARIAL["hinge"]
    if who == "discriminator":
        scene = scene_of(who, rotation, pair.discriminator, z, real=pictures(N, 32), fake=fake.detach())
        adversarial = hinge.discriminator(scene.judged["real"].logits, scene.judged["fake"].logits)
        network: Discriminator | Generator = pair.discriminator
    else:
        scene = scene_of(who, rotation, pair.discriminator, z, fake=fake)
        adversarial, network = hinge.generator(scene.judged["fake"].logits), pair.generator
    turned, key = weighed(rotation, scene), f"ssgan.{who[0]}"
    assert adversarial.item() == pytest.approx(float(FOUND[f"{key}.adversarial"]), rel=1e-6)
    assert turned.item() == pytest.approx(float(FOUND[f"{key}.rotation"]), rel=1e-6)
    (adversarial + turned).backward()
    gradient = dict(network.named_parameters())["trunk.blocks.1.conv1.weight"].grad
    assert gradient is not None
    expected = FOUND[f"{key}.gradient"]
    assert np.abs(gradient.flatten()[::7].numpy() - expected).max() < 1e-4 * np.abs(expected).max()


def shifted(images: Tensor, key: str) -> Tensor:
    down, right, mirrored = torch.from_numpy(FOUND[key])
    return moved(images, down, right, mirrored > 0, reach=4, mode="reflect")


def test_images_are_shifted_and_mirrored_as_studiogan_has_it() -> None:
    assert np.array_equal(excerpt(shifted(pictures(N, 32), "cr.moves")), FOUND["cr.images"])


@torch.no_grad()
def test_the_consistency_losses_are_studiogans() -> None:
    pair, z, real = sngan(), latents(N, 128), pictures(N, 32)
    fake, beside = pair.generator(z), pair.generator(z + 0.03 * latents(N, 128).flip(0))
    views = {"real": real, "cr_real": shifted(real, "cr.moves"), "bcr_real": shifted(real, "cr.moves")}
    views |= {"fake": fake, "bcr_fake": shifted(fake, "cr.fake_moves"), "zcr_fake": beside}
    for name, key in (("cr", "cr.loss"), ("bcr", "bcr.loss"), ("zcr", "zcr.discriminator")):
        task = task_of(name, pair)
        loss = weighed(task, scene_of("discriminator", task, pair.discriminator, z, **views))
        assert loss.item() == pytest.approx(float(FOUND[key]), rel=1e-4), name
    zcr = task_of("zcr", pair)
    scene = scene_of("generator", zcr, pair.discriminator, z)
    scene.generated.update({"fake": fake, "zcr.fake": beside})
    # The paper's square of a norm is a sum over pixels; StudioGAN takes their mean.
    assert weighed(zcr, scene).item() == pytest.approx(float(FOUND["zcr.generator"]) * 3 * 32 * 32, rel=1e-4)


@torch.no_grad()
def test_the_losses_of_infogan_are_studiogans() -> None:
    network = {"channels": 2, "noise": 3, "categorical": [4, 4, 4], "continuous": 2}
    pair = build_pair("infogan", resolution=32, num_classes=0, network=network, seed=0)
    plant(pair.generator)
    plant(pair.discriminator)
    info, z = task_of("info", pair), latents(N, 17)
    assert info.network is not None
    plant(info.network)
    terms = info.terms(scene_of("generator", info, pair.discriminator, z, fake=pair.generator(z)))
    for kind in ("categorical", "continuous"):
        assert terms[kind].value.item() == pytest.approx(float(FOUND[f"info.{kind}"]), rel=1e-5), kind
