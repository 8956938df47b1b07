"""LT by hand: which rows share an epsilon, which are paired, what is told the auxiliary network, and what it learns."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scenes import updates_of
from torch import Tensor, nn
from torch.nn import functional as F

from ganprobe.generators.base import Judgement
from ganprobe.training.tasks import lt


@pytest.mark.parametrize("step", range(3))
def test_two_epsilons_each_for_half_of_the_batch(step: int) -> None:
    _, scene = updates_of("sndcgan", "lt", lt__sigma=0.25)
    groups = scene("generator", step).groups
    assert list(groups) == ["fake", "lt.fake"]
    moved = groups["lt.fake"].latents
    assert moved.shift is not None
    assert torch.equal(moved.z, groups["fake"].latents.z)
    rows, counts = np.unique(moved.shift.first.numpy(), axis=0, return_counts=True)
    assert rows.shape == (2, 6)
    assert counts.tolist() == [4, 4]


def test_epsilons_have_the_deviation_sigma() -> None:
    _, scene = updates_of("sndcgan", "lt", lt__sigma=0.25)
    shifts = [scene("generator", step).groups["lt.fake"].latents.shift for step in range(200)]
    assert torch.stack([each.first for each in shifts if each]).std().item() == pytest.approx(0.25, rel=0.05)


def test_the_discriminator_sees_as_many_generated_images_as_ever_half_of_them_transformed() -> None:
    _, scene = updates_of("sndcgan", "lt")
    looked = scene("discriminator")
    assert [len(group.latents) for group in looked.groups.values()] == [4, 4]
    assert looked.fakes == ["fake", "lt.fake"]
    assert looked.groups["fake"].latents.shift is None
    assert looked.groups["lt.fake"].latents.shift is not None


def slow_reference(plain: Tensor, moved: Tensor, sides: list[int], order: list[int], auxiliary: nn.Module) -> float:
    """Row by row, pair by pair, as the equations say."""
    total = 0.0
    for row in range(len(sides)):
        partner = order[row]
        f = [F.adaptive_avg_pool2d(moved[i] - plain[i], 2).flatten() for i in (row, partner)]
        logit = auxiliary.body[3](torch.relu(auxiliary.body[1](torch.cat(f)))).detach()  # type: ignore[index, operator]
        probability = torch.sigmoid(logit.double())
        target = 1.0 if sides[row] == sides[partner] else 0.0
        total -= float(target * torch.log(probability) + (1 - target) * torch.log(1 - probability))
    return total / len(sides)


@pytest.mark.parametrize("step", range(3))
def test_the_loss_is_that_of_a_slow_reference(step: int) -> None:
    updates, scene = updates_of("sndcgan", "lt")
    (task,) = updates.tasks
    looked = scene("generator", step)
    shift = looked.groups["lt.fake"].latents.shift
    assert shift is not None
    sides = [int(torch.equal(row, shift.first[0])) for row in shift.first]
    generator = torch.Generator().manual_seed(step)
    plain, moved = (torch.randn(8, 8, 4, 4, generator=generator) for _ in range(2))
    looked.judged = {
        name: Judgement(torch.zeros(8), {"conv5": maps}) for name, maps in (("fake", plain), ("lt.fake", moved))
    }
    order = looked.draws.permutation("lt.pairs", 8).tolist()
    assert sorted(order) == list(range(8))
    found = task.terms(looked)
    expected = slow_reference(plain, moved, sides, order, task.network)  # type: ignore[arg-type]
    assert float(found["loss"].value.detach()) == pytest.approx(expected, rel=1e-5)
    assert found["loss"].weight == task.settings.weight


def test_orders_and_sides_differ_from_step_to_step() -> None:
    _, scene = updates_of("sndcgan", "lt")
    orders = {tuple(scene("generator", step).draws.permutation("lt.pairs", 8).tolist()) for step in range(5)}
    sides = {tuple(scene("generator", step).draws.permutation("lt.sides", 8).tolist()) for step in range(5)}
    assert len(orders) == len(sides) == 5


def test_a_concatenation_holds_both_rows_of_features() -> None:
    plain, moved = torch.randn(3, 4, 4, 4), torch.randn(3, 4, 4, 4)
    both = lt.transformation_features(plain, moved, grid=2, difference=False)
    assert torch.equal(both[:, :4], F.avg_pool2d(plain, 2))
    assert torch.equal(both[:, 4:], F.avg_pool2d(moved, 2))
    assert torch.allclose(
        lt.transformation_features(plain, moved, grid=2, difference=True), F.avg_pool2d(moved - plain, 2), atol=1e-6
    )


@pytest.mark.parametrize("auxiliary", ["mlp", "conv", "linear"])
def test_every_auxiliary_network_takes_pairs(auxiliary: Any) -> None:
    settings = lt.Settings(layer="conv5", auxiliary=auxiliary, hidden=5)
    network = lt.auxiliary_network((4, 2, 2), settings, seed=0)
    assert network(torch.randn(6, 4, 2, 2), torch.randn(6, 4, 2, 2)).shape == (6, 1)


def test_styles_of_a_transformation_follow_its_crossover() -> None:
    updates, scene = updates_of("stylegan", "lt", growing=None, lt__mixing=1.0)
    looked = scene("generator")
    plain, moved = looked.groups["fake"].latents, looked.groups["lt.fake"].latents
    shift = moved.shift
    assert shift is not None
    assert shift.second is not None
    assert shift.crossover is not None
    assert plain.crossover is not None
    assert plain.mixed is not None
    assert all(torch.equal(a, b) for a, b in zip(plain.noise, moved.noise, strict=True))
    generation: Any = updates.generation
    styles, generator = generation._styles(moved), generation._generator
    for row in range(len(plain)):
        for layer in range(generator.config.num_layers):
            z = plain.z if layer < plain.crossover[row] else plain.mixed
            epsilon = shift.first if layer < shift.crossover[row] else shift.second
            expected = generator.map(z[row : row + 1] + epsilon[row : row + 1])[0]
            torch.testing.assert_close(styles[row, layer], expected)
    sides = {tuple(row.tolist()) for row in shift.first}
    assert len(sides) == 2
    assert len({(tuple(a.tolist()), int(c)) for a, c in zip(shift.first, shift.crossover, strict=True)}) == 2


def test_it_waits_for_the_start_and_for_the_last_fade() -> None:
    updates, _ = updates_of("stylegan", "lt", lt__start=100)
    (task,) = updates.tasks
    assert [task.works(99, 0.0), task.works(100, 0.5), task.works(100, 0.0)] == [False, False, True]


def test_a_pure_translation_is_learnt() -> None:
    """Where epsilon moves the features of every image alike, the auxiliary network tells the pairs apart in seconds."""
    updates, scene = updates_of("sndcgan", "lt", lt__hidden=64, batch=64)
    (task,) = updates.tasks
    assert task.network is not None
    translation = torch.randn(6, 8 * 4 * 4, generator=torch.Generator().manual_seed(0))
    adam = torch.optim.Adam(task.network.parameters(), lr=task.settings.optimiser.rate)
    accuracy = []
    for step in range(400):
        looked = scene("generator", step)
        maps = {name: (group.latents.moved_z @ translation).view(-1, 8, 4, 4) for name, group in looked.groups.items()}
        looked.judged = {name: Judgement(torch.zeros(64), {"conv5": features}) for name, features in maps.items()}
        terms = task.terms(looked)
        adam.zero_grad()
        torch.autograd.backward(terms["loss"].value)
        adam.step()
        accuracy.append(float(terms["accuracy"].value))
    assert np.mean(accuracy[:5]) < 0.75
    assert np.mean(accuracy[-50:]) > 0.95
