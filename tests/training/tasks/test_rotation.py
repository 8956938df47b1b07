"""Rotation: which images are turned, what they are called, and the loss by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scenes import judged, updates_of, viewed


def test_the_last_quarter_is_turned_three_times() -> None:
    updates, scene = updates_of("sndcgan", "rotation")
    images = torch.randn(8, 3, 16, 16)
    looked = viewed(scene("discriminator"), real=images)
    views = updates.tasks[0].views(looked)
    (turned,) = (view.images for view in views.values())
    assert list(views) == ["rotation.real"]
    expected = [torch.rot90(image, turns, (1, 2)) for turns in (1, 2, 3) for image in images[6:]]
    assert torch.equal(turned, torch.stack(expected))


def test_generated_images_are_turned_in_the_generators_update() -> None:
    updates, scene = updates_of("sndcgan", "rotation")
    looked = viewed(scene("generator"), fake=torch.randn(8, 3, 16, 16))
    assert list(updates.tasks[0].views(looked)) == ["rotation.fake"]


@pytest.mark.parametrize(("who", "name", "weight"), [("discriminator", "real", 1.0), ("generator", "fake", 0.2)])
def test_the_loss_is_a_cross_entropy_over_turns(who: str, name: str, weight: float) -> None:
    updates, scene = updates_of("sndcgan", "rotation")
    (task,) = updates.tasks
    entering = updates.discriminator.layers["features"][0]
    straight, turned = torch.randn(8, entering), torch.randn(6, entering)
    features = {name: {"features": straight}, f"rotation_{name}": {"features": turned}}
    looked = judged(scene(who), {name: torch.zeros(8), f"rotation.{name}": torch.zeros(6)}, **features)
    assert task.network is not None
    task.network.eval()
    found = task.terms(looked)
    rows = torch.cat([straight[6:], turned])
    with torch.no_grad():
        logits = task.network(rows).double().numpy()
    labels = [0, 0, 1, 1, 2, 2, 3, 3]
    expected = np.mean([np.log(np.exp(row).sum()) - row[turn] for row, turn in zip(logits, labels, strict=True)])
    assert float(found[name].value.detach()) == pytest.approx(expected, rel=1e-5)
    assert found[name].weight == weight
    assert float(found[f"{name}_accuracy"].value) == np.mean(logits.argmax(1) == labels)


def test_turned_images_are_no_part_of_the_adversarial_loss() -> None:
    _, scene = updates_of("sndcgan", "rotation")
    assert scene("generator").fakes == ["fake"]


def test_classes_go_with_the_turned_images() -> None:
    updates, scene = updates_of("biggan", "rotation")
    looked = scene("generator")
    updates._generate(looked, track=False)
    (view,) = updates.tasks[0].views(looked).values()
    labels = looked.groups["fake"].latents.labels
    assert labels is not None
    assert view.labels is not None
    assert view.labels.tolist() == labels[-1:].repeat(3).tolist()
