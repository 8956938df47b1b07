"""Pairs of networks for data: mirrored fields, named layers, and what does not fit."""

from __future__ import annotations

from dataclasses import asdict

import pytest
import torch
from small_pairs import SMALL

from ganprobe.core.errors import GanprobeError, InputError
from ganprobe.generators import build_pair, trainable


@pytest.mark.parametrize("name", trainable())
def test_every_discriminator_judges_and_names_its_layers(name: str) -> None:
    pair = build_pair(name, resolution=32, num_classes=3, network=SMALL[name], seed=0)
    images, labels = torch.zeros(4, 3, 32, 32), torch.tensor([0, 1, 2, 0])
    judge = pair.discriminator.eval()
    judged = judge.judge(images, labels, features=list(judge.layers))
    torch.testing.assert_close(judged.logits, judge(images, labels))
    assert judged.logits.shape == (4,)
    shapes = {layer: tuple(found.shape[1:]) for layer, found in judged.features.items()}
    assert shapes == dict(judge.layers)
    assert list(shapes)[-1] == "features"
    assert judge.judge(images, labels, features=["features"]).features.keys() == {"features"}
    with pytest.raises(InputError, match=r"no layer 'conv99'; it has: .*features"):
        judge.judge(images, labels, features=["conv99"])


@pytest.mark.parametrize("name", trainable())
def test_the_discriminator_mirrors_the_generator(name: str) -> None:
    pair = build_pair(name, resolution=32, num_classes=3, network=SMALL[name], seed=0)
    theirs = asdict(pair.discriminator.config)
    shared = SMALL[name].keys() & theirs.keys()
    assert shared
    assert {field: theirs[field] for field in shared} == {field: SMALL[name][field] for field in shared}


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("stylegan3", {}, "unknown architecture to train 'stylegan3'"),
        ("biggan", {"num_classes": 0}, "class-conditional and needs labels"),
        ("sndcgan", {"progressive": True}, "sndcgan does not grow; .* stylegan"),
        ("sndcgan", {"network": {"chanels": 4}}, "unknown field of SNDCGANConfig 'chanels'.*channels"),
        ("sndcgan", {"network": {"channels": 4.5}}, "channels must be of the kind int, got 4.5"),
        ("biggan", {"network": {"resolution": 64}}, "resolution 64 was asked for and the images have 32"),
        ("stylegan", {"network": {"num_classes": 7}}, "7 classes were asked for and the data has 3"),
        ("sndcgan", {"discriminator_network": {"channels": True}}, "channels must be of the kind int, got True"),
    ],
)
def test_what_does_not_fit_is_one_line(name: str, options: dict[str, object], message: str) -> None:
    given = {"resolution": 32, "num_classes": 3, "seed": 0, **options}
    with pytest.raises(GanprobeError, match=message) as caught:
        build_pair(name, **given)  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)
