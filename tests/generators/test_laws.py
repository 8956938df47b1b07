"""What every pair of networks that can be trained keeps to, small and at 32 pixels."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch
from planted import latents, pictures
from small_pairs import SMALL
from torch import Tensor

import ganprobe
from ganprobe.checkpoints.native import load_network, save_network
from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.generators import ARCHITECTURES, Generator, Pair, build_pair, trainable
from ganprobe.samplers.generator import GeneratorSampler

LABELS = torch.tensor([0, 1, 2, 0, 1])
CASES = [(name, 3) for name in trainable()] + [
    (name, 0) for name, known in trainable().items() if known.labels == "optional"
]


@pytest.fixture(params=CASES, ids=lambda case: f"{case[0]}-{case[1]}")
def pair(request: pytest.FixtureRequest) -> Pair:
    name, classes = request.param
    return built(name, classes)


def built(name: str, classes: int, seed: int = 0) -> Pair:
    return build_pair(name, resolution=32, num_classes=classes, network=SMALL[name], seed=seed)


def drawn(generator: Generator) -> tuple[Tensor, Tensor | None]:
    return latents(5, generator.config.z_dim), LABELS if generator.spec.num_classes else None


def fakes(generator: Generator) -> Tensor:
    z, labels = drawn(generator)
    return generator.synthesize(z, space="z", labels=labels)


def test_images_are_of_the_spec(pair: Pair) -> None:
    assert pair.generator.spec.image_shape == (3, 32, 32)
    assert pair.generator.spec.num_classes in (0, 3)
    images = fakes(pair.generator)
    assert images.shape == (5, 3, 32, 32)
    assert images.dtype == torch.float32
    assert ("w" in pair.generator.spec.spaces) == (pair.generator.architecture == "stylegan")


@torch.no_grad()
def test_a_sample_is_its_own_in_evaluation(pair: Pair) -> None:
    generator = pair.generator.train()
    z, labels = drawn(generator)
    for _ in range(3):
        fakes(generator)
    whole = fakes(generator.eval())
    torch.testing.assert_close(fakes(generator), whole, rtol=0, atol=0)
    one = generator.synthesize(z[2:3], space="z", labels=None if labels is None else labels[2:3])
    torch.testing.assert_close(one, whole[2:3], rtol=1e-4, atol=1e-4)
    judge, images = pair.discriminator.eval(), pictures(5, 32)
    torch.testing.assert_close(judge.features(images[1:2]), judge.features(images)[1:2], rtol=1e-4, atol=1e-5)


def test_gradients_reach_every_weight(pair: Pair) -> None:
    """But for what starts at zero and hides others behind it: self-attention's gamma."""
    with torch.no_grad():
        for network in (pair.generator, pair.discriminator):
            for name, weight in network.named_parameters():
                if name.endswith("gamma"):
                    weight.fill_(0.5)
    _, labels = drawn(pair.generator)
    pair.discriminator(fakes(pair.generator), LABELS if labels is None else labels).square().sum().backward()
    for network in (pair.generator, pair.discriminator):
        still = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
        assert not still


def test_mixed_precision_keeps_what_must_be_exact(pair: Pair) -> None:
    """Images, logits and the statistics of norms stay float32 under autocast, and are near what they are without."""
    z, labels = drawn(pair.generator)
    with torch.no_grad():
        exact = pair.generator.eval()(z, labels)
        judged = pair.discriminator.eval()(exact, LABELS)
    with torch.autocast("cpu", torch.bfloat16):
        images = pair.generator(z, labels)
        logits = pair.discriminator(images, LABELS)
        pair.generator.train()(z, labels)
    assert images.dtype == logits.dtype == torch.float32
    assert float((images.detach() - exact).square().mean()) < 0.01 * float(exact.var()) + 1e-6
    assert torch.allclose(logits, judged, atol=0.1 * float(judged.abs().max()) + 0.05)
    logits.sum().backward()
    for network in (pair.generator, pair.discriminator):
        assert all(value.dtype == torch.float32 for value in network.state_dict().values())
        assert all(weight.grad is None or torch.isfinite(weight.grad).all() for weight in network.parameters())


def test_the_classes_tell(pair: Pair) -> None:
    """Labels change what is judged where there are classes, and nothing elsewhere."""
    judge, images = pair.discriminator.eval(), pictures(5, 32)
    told = not torch.allclose(judge(images, LABELS), judge(images, (LABELS + 1) % 3))
    assert told == bool(getattr(judge.config, "num_classes", 0))


def test_native_files_come_back(pair: Pair, tmp_path: Path) -> None:
    fakes(pair.generator.train())
    save_network(tmp_path / "G.safetensors", pair.generator, role="generator")
    sampler = ganprobe.load(tmp_path / "G.safetensors")
    latent = sampler.draw(range(3), seed=0)
    held = GeneratorSampler(pair.generator, name="held", fingerprint="")
    torch.testing.assert_close(
        sampler.synthesize(latent.z, space="z", labels=latent.labels),
        held.synthesize(latent.z, space="z", labels=latent.labels),
    )
    save_network(tmp_path / "D.safetensors", pair.discriminator, role="discriminator")
    again, images = load_network(tmp_path / "D.safetensors"), pictures(5, 32)
    assert again.config == pair.discriminator.config
    torch.testing.assert_close(again(images, LABELS), pair.discriminator.eval()(images, LABELS))


@torch.no_grad()
def test_what_couples_a_batch_says_so(pair: Pair) -> None:
    """In training mode an image's logit depends on its companions just where the discriminator says so."""
    judge, images = pair.discriminator.train(), pictures(4, 32)
    state = {name: value.clone() for name, value in judge.state_dict().items()}
    first = judge(images, LABELS[:4])
    judge.load_state_dict(state)
    again = judge(torch.cat([images[:2], -images[2:].flip(3)]), LABELS[:4])
    assert torch.allclose(first[:2], again[:2], rtol=1e-5, atol=1e-6) != judge.couples_batch


@pytest.mark.parametrize("name", [name for name, known in trainable().items() if known.grows])
@torch.no_grad()
def test_what_grows_takes_the_level_of_detail(name: str) -> None:
    pair = build_pair(name, resolution=32, num_classes=0, network=SMALL[name], seed=0, progressive=True)
    for lod, side in ((0.0, 32), (0.25, 32), (1.0, 16), (2.5, 8)):
        judged = pair.discriminator.judge(pictures(2, side), features=["features"], lod=lod)
        assert judged.logits.shape == (2,)
        with pytest.raises(InputError, match=f"{side} x {side} at lod"):
            pair.discriminator(pictures(2, 2 * side), lod=lod)


@pytest.mark.parametrize("name", trainable())
def test_seeds_decide_and_nothing_else_is_drawn(name: str) -> None:
    before = torch.get_rng_state()
    first, same, other = (built(name, 3, seed) for seed in (0, 0, 1))
    assert torch.equal(torch.get_rng_state(), before)
    for role in ("generator", "discriminator"):
        a, b, c = (getattr(each, role).state_dict() for each in (first, same, other))
        assert all(torch.equal(a[key], b[key]) for key in a)
        weights = [key for key in a if key.endswith("weight") and a[key].any()]
        assert weights
        assert not any(torch.equal(a[key], c[key]) for key in weights)


@pytest.mark.parametrize("name", trainable())
def test_configurations_survive_json(name: str) -> None:
    pair = built(name, 3)
    for network in (pair.generator, pair.discriminator):
        fields: dict[str, Any] = json.loads(json.dumps(asdict(network.config)))
        assert type(network.config)(**fields) == network.config


@pytest.mark.parametrize("name", trainable())
def test_what_is_given_wrongly_is_one_line(name: str) -> None:
    pair = built(name, 3)
    z, labels = drawn(pair.generator)
    with pytest.raises(InputError):
        pair.generator.synthesize(z[:, :-1], space="z", labels=labels)
    with pytest.raises(InputError, match="N x 3 x 32 x 32"):
        pair.discriminator(torch.zeros(2, 3, 16, 16), LABELS[:2])
    if pair.generator.spec.num_classes:
        with pytest.raises(InputError, match="labels"):
            pair.generator.synthesize(z, space="z")
        with pytest.raises(InputError, match="labels"):
            pair.discriminator(torch.zeros(2, 3, 32, 32))
    if "w" not in pair.generator.spec.spaces:
        with pytest.raises(CapabilityError, match="w"):
            pair.generator.synthesize(z, space="w", labels=labels)
        with pytest.raises(CapabilityError, match="W"):
            pair.generator.map(z, labels)
        with pytest.raises(CapabilityError, match="truncat"):
            pair.generator.synthesize(z, space="z", labels=labels, truncation=0.5)


def test_every_pair_is_here() -> None:
    assert set(SMALL) == set(trainable())
    assert all(known.generator.architecture == name for name, known in ARCHITECTURES.items())


def test_the_page_lists_every_pair() -> None:
    page = (Path(__file__).parents[2] / "docs" / "contributing" / "generator.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([a-z]+)` \| [^|]* \| (\w+) \|", page, flags=re.MULTILINE))
    assert rows == {name: known.labels for name, known in trainable().items()}
