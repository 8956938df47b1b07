"""The discriminators of BigGAN-PyTorch against the original's logits."""

from __future__ import annotations

from math import prod, sqrt
from pathlib import Path

import pytest
import torch
from foreign_files import ajbrock_like, fixture, relative_error, tensor_by_name
from torch import Tensor

from ganprobe.checkpoints import Overrides, open_checkpoint, open_discriminator
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.biggan.discriminator import BigGANDiscriminator, BigGANDiscriminatorConfig

CONFIGS = {
    "64": BigGANDiscriminatorConfig(resolution=64, num_classes=3, channels=8, attention=(32,), sn_epsilon=1e-6),
    "32": BigGANDiscriminatorConfig(resolution=32, num_classes=3, channels=2, sn_epsilon=1e-8),
}
PARTS = {"skip": "conv_sc", "embedding": "embed"}


def discriminator_like(config: BigGANDiscriminatorConfig) -> dict[str, Tensor]:
    """The weights that the fixture's logits were made with."""
    foreign: dict[str, Tensor] = {}
    for name, tensor in BigGANDiscriminator(config, seed=0).state_dict().items():
        words = [PARTS.get(word, word) for word in name.split(".")]
        if words[0] == "attention":
            words = ["blocks", str(config.resolutions.index(int(words[1]))), "1", *words[2:]]
        elif words[0] == "blocks":
            words.insert(2, "0")
        shape = tuple(tensor.shape) or (1,) * (words[-1] == "gamma")
        if words[-1] == "u":
            words[-2:], shape = ["u0"], (1, *shape)
            foreign[".".join([*words[:-1], "sv0"])] = torch.ones(1)
        foreign[".".join(words)] = value(".".join(words), shape)
    return foreign


def value(name: str, shape: tuple[int, ...]) -> Tensor:
    drawn = tensor_by_name(name, shape)
    if name.endswith((".u0", "gamma")):
        return drawn
    return drawn / sqrt(prod(shape[1:])) if len(shape) > 1 else 0.1 * drawn


@torch.no_grad()
@pytest.mark.parametrize("kind", CONFIGS)
def test_logits_are_those_of_the_original(tmp_path: Path, kind: str) -> None:
    path, expected, config = tmp_path / "D.pth", fixture("ajbrock-discriminator")[f"logits_{kind}"], CONFIGS[kind]
    torch.save(discriminator_like(config), path)
    images = tensor_by_name("images", (2, 3, config.resolution, config.resolution)).tanh()
    labels = torch.tensor([2, 0])
    network = open_discriminator(path)
    assert network.config == config
    assert relative_error(network(images, labels), expected) < 1e-5
    found = describe(path)
    assert (found.layout, found.role, found.num_classes) == ("ajbrock-biggan-discriminator", "discriminator", 3)
    assert describe(path, overrides=Overrides(sn_epsilon=1e-3)).config["sn_epsilon"] == 1e-3
    convert_checkpoint(path, tmp_path / "D.safetensors")
    assert relative_error(open_discriminator(tmp_path / "D.safetensors")(images, labels), expected) < 1e-5
    assert describe(tmp_path / "D.safetensors").role == "discriminator"


def test_generators_and_discriminators_are_not_taken_for_each_other(tmp_path: Path) -> None:
    torch.save(discriminator_like(CONFIGS["32"]), tmp_path / "D.pth")
    torch.save(ajbrock_like(), tmp_path / "G.pth")
    for name in ("D", "G"):
        convert_checkpoint(tmp_path / f"{name}.pth", tmp_path / f"{name}.safetensors")
    for ending in ("pth", "safetensors"):
        with pytest.raises(CheckpointError, match="holds a discriminator; give the generator's file"):
            open_checkpoint(tmp_path / f"D.{ending}")
        with pytest.raises(CheckpointError, match="holds a generator; give the discriminator's file"):
            open_discriminator(tmp_path / f"G.{ending}")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"linear.u0": None}, "not spectrally normalised"),
        ({"blocks.1.0.conv2.weight": torch.zeros(9, 8, 3, 3)}, "of no discriminator of the BigGAN paper"),
        ({"blocks.1.0.conv1.weight": torch.zeros(4, 8, 3, 3)}, "its configuration says"),
        ({"blocks.3.1.gamma": torch.zeros(1)}, "has unexpected blocks.3.1.gamma|lacks attention"),
        ({"embed.u0": None}, "lacks embedding.norm.u"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, change: dict[str, Tensor | None], reason: str) -> None:
    tensors = discriminator_like(CONFIGS["32"]) | change
    torch.save({name: value for name, value in tensors.items() if value is not None}, tmp_path / "D.pth")
    with pytest.raises(CheckpointError, match=reason) as caught:
        open_discriminator(tmp_path / "D.pth")
    assert "\n" not in str(caught.value)
