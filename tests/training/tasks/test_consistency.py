"""The consistency tasks and the augmentation of all that is seen: losses by hand, and who sees what."""

from __future__ import annotations

import pytest
import torch
from scenes import judged, updates_of, viewed


def test_cr_is_the_mean_square_of_a_difference_of_logits() -> None:
    updates, scene = updates_of("sndcgan", "cr")
    looked = judged(scene("discriminator"), {"real": torch.tensor([1.0, 2.0]), "cr.real": torch.tensor([0.0, 4.0])})
    (term,) = updates.tasks[0].terms(looked).values()
    assert (float(term.value), term.weight) == (2.5, 10.0)
    assert updates.tasks[0].terms(scene("generator")) == {}
    assert updates.tasks[0].views(scene("generator")) == {}


def test_cr_sees_shifted_and_mirrored_copies_of_real_images() -> None:
    updates, scene = updates_of("sndcgan", "cr", cr__shift=1)
    images = torch.randn(8, 3, 16, 16)
    (view,) = updates.tasks[0].views(viewed(scene("discriminator"), real=images)).values()
    framed = torch.nn.functional.pad(images, (1, 1, 1, 1), mode="reflect")
    windows = [framed[:, :, a : a + 16, b : b + 16] for a in range(3) for b in range(3)]
    known = torch.stack([*windows, *(each.flip(3) for each in windows)], 1)
    matches = (known == view.images[:, None]).flatten(2).all(2)
    assert matches.any(1).all()
    assert len({int(row.float().argmax()) for row in matches}) > 3


def test_bcr_does_so_on_both_kinds_and_leaves_out_what_weighs_nothing() -> None:
    updates, scene = updates_of("sndcgan", "bcr", bcr__real=3)
    logits = {name: torch.tensor([float(n), 0.0]) for n, name in enumerate(("real", "bcr.real", "fake", "bcr.fake"))}
    terms = updates.tasks[0].terms(judged(scene("discriminator"), logits))
    assert {name: (float(term.value), term.weight) for name, term in terms.items()} == {
        "real": (0.5, 3.0),
        "fake": (0.5, 10.0),
    }
    updates, scene = updates_of("sndcgan", "bcr", bcr__fake=0)
    views = updates.tasks[0].views(viewed(scene("discriminator"), real=torch.randn(8, 3, 16, 16)))
    assert list(views) == ["bcr.real"]


def test_zcr_moves_each_latent_by_its_own_delta() -> None:
    _, scene = updates_of("sndcgan", "zcr", zcr__sigma=0.5)
    deltas = []
    for step in range(100):
        group = scene("discriminator", step).groups["zcr.fake"]
        assert group.latents.shift is not None
        assert not group.fake
        assert group.judged
        deltas.append(group.latents.shift.first)
    assert torch.stack(deltas).std().item() == pytest.approx(0.5, rel=0.05)
    assert not scene("generator").groups["zcr.fake"].judged
    assert scene("generator").fakes == ["fake"]


def test_zcr_draws_logits_together_and_images_apart() -> None:
    updates, scene = updates_of("sndcgan", "zcr")
    looked = judged(scene("discriminator"), {"fake": torch.tensor([1.0, 2.0]), "zcr.fake": torch.tensor([0.0, 4.0])})
    (term,) = updates.tasks[0].terms(looked).values()
    assert (float(term.value), term.weight) == (2.5, 5.0)
    looked = scene("generator")
    looked.generated.update({"fake": torch.zeros(2, 3, 2, 2), "zcr.fake": torch.full((2, 3, 2, 2), 0.5)})
    (term,) = updates.tasks[0].terms(looked).values()
    assert (float(term.value), term.weight) == (3.0, -0.5)


def test_diffaugment_changes_all_that_is_seen_and_each_view_in_its_own_way() -> None:
    updates, scene = updates_of("sndcgan", "diffaugment")
    (task,) = updates.tasks
    images = torch.randn(8, 3, 16, 16)
    looked = scene("generator")
    seen = {name: task.seen(name, images, looked) for name in ("fake", "other")}
    assert all(not torch.equal(a, b) for a, b in zip(seen["fake"], images, strict=True))
    assert not torch.equal(seen["fake"], seen["other"])
    assert torch.equal(task.seen("fake", images, looked), seen["fake"])


@pytest.mark.parametrize("policy", ["color", "translation", "cutout"])
def test_each_policy_alone(policy: str) -> None:
    updates, scene = updates_of("sndcgan", "diffaugment", diffaugment__policy=[policy])
    images = torch.rand(8, 3, 16, 16) + 1
    found = updates.tasks[0].seen("real", images, scene("discriminator"))
    assert not torch.equal(found, images)
    assert bool((found == 0).any()) == (policy != "color")
    assert (found == 0).float().mean() <= 0.26 if policy == "cutout" else True
