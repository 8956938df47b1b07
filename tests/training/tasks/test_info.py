"""InfoGAN's codes: the bound by hand, and that it rises when codes show."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch
from scenes import judged, updates_of
from small_trainings import log_of, small_recipe, train

from ganprobe.core.errors import InputError
from ganprobe.training.data.source import ArraySource


def small(**changes: object) -> dict[str, object]:
    return {
        "network": {"channels": 2, "noise": 3, "categorical": [3, 4], "continuous": 2},
        "discriminator_network__channels": 2,
        "batch": 8,
        "steps": 4,
        **changes,
    }


@pytest.fixture
def source() -> ArraySource:
    return ArraySource(np.random.default_rng(0).integers(0, 256, (20, 3, 32, 32), dtype=np.uint8))


def test_the_terms_are_negative_log_likelihoods(monkeypatch: pytest.MonkeyPatch) -> None:
    updates, scene = updates_of("infogan", "info", **small())
    (task,) = updates.tasks
    assert task.network is not None
    entering = updates.discriminator.layers["features"][0]
    features = torch.randn(8, entering)
    looked = judged(scene("discriminator"), {"fake": torch.zeros(8)}, fake={"features": features})
    found = task.terms(looked)
    codes = updates.generation._forward.codes.read(looked.groups["fake"].latents.z)  # type: ignore[attr-defined]
    with torch.no_grad():
        blocks, means = task.network(features)
    categorical = sum(
        -torch.log_softmax(block, 1)[range(8), codes.categorical[:, number]].mean()
        for number, block in enumerate(blocks)
    )
    continuous = -torch.distributions.Normal(means, 1).log_prob(codes.continuous).sum(1).mean()
    torch.testing.assert_close(found["categorical"].value.detach(), categorical)
    torch.testing.assert_close(found["continuous"].value.detach(), continuous)
    entropy = math.log(3) + math.log(4) + 2 * math.log(2)
    assert float(found["bound"].value) == pytest.approx(entropy - float(categorical) - float(continuous), rel=1e-4)
    assert found["bound"].weight is None


def test_training_makes_a_code_show(source: ArraySource, tmp_path: Path) -> None:
    network = {"channels": 4, "noise": 1, "categorical": [2], "continuous": 0}
    rates = {"generator__rate": 0.005, "discriminator__rate": 0.005}
    recipe = small_recipe("infogan", ["info"], **{**small(network=network, batch=16, steps=30), **rates})
    train(recipe, tmp_path, source=source, log_every=10)
    bounds = [row["info.bound"] for row in log_of(tmp_path)]
    assert bounds[0] < 0.4 < bounds[-1] <= math.log(2)
    assert (tmp_path / "tasks/info.safetensors").is_file()


def test_a_generator_without_codes_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="info needs a generator with codes, sndcgan has none"):
        train(small_recipe("sndcgan", ["info"]), tmp_path)
