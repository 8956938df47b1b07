"""The ajbrock-biggan layout with statistics of `--mybn` networks, against the original implementation's image."""

from __future__ import annotations

from math import prod, sqrt
from pathlib import Path

import pytest
import torch
from foreign_files import ajbrock_like, fixture, oracle, relative_error, tensor_by_name
from torch import Tensor

from ganprobe.checkpoints import open_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.generators.biggan.generator import BigGANConfig

MYBN = BigGANConfig(
    resolution=64,
    num_classes=4,
    channels=8,
    z_dim=20,
    shared_embedding=True,
    shared_dim=6,
    hierarchical=True,
    attention=(32,),
    sn_epsilon=1e-6,
)


def value(name: str, shape: tuple[int, ...]) -> Tensor:
    """The weight that the fixture's image was made with."""
    drawn = tensor_by_name(name, shape)
    if "stored_var" in name:
        return 0.5 + drawn.abs()
    if name.endswith("gain"):
        return 1 + 0.1 * drawn
    if name.endswith((".u0", "gamma")):
        return drawn
    return drawn / sqrt(prod(shape[1:])) if len(shape) > 1 else 0.1 * drawn


def mybn_like() -> dict[str, Tensor]:
    tensors = {}
    for plain, tensor in ajbrock_like(MYBN).items():
        name = plain.replace(".stored_", ".bn.stored_")
        tensors[name] = value(name, tuple(tensor.shape))
        if name.endswith("stored_mean"):
            tensors[name.replace("stored_mean", "accumulation_counter")] = torch.zeros(1)
    return tensors


@torch.no_grad()
def test_mybn_statistics(tmp_path: Path) -> None:
    path, expected = tmp_path / "G_ema.pth", fixture("ajbrock-biggan-64-mybn")
    torch.save(mybn_like(), path)
    generator = open_checkpoint(path)
    assert generator.config == MYBN
    images = generator.synthesize(expected["z"], space="z", labels=expected["labels"])
    assert relative_error(images, expected["images"]) < 1e-5


@torch.no_grad()
@pytest.mark.parametrize("name", ["ajbrock-biggan-128", "ajbrock-biggan-cifar"])
def test_oracles_through_a_file(tmp_path: Path, name: str) -> None:
    tensors, expected = oracle(name)
    torch.save(tensors, tmp_path / "G_ema.pth")
    generator = open_checkpoint(tmp_path / "G_ema.pth")
    images = generator.synthesize(expected["z"], space="z", labels=expected["labels"])
    assert relative_error(images, expected["images"]) < 1e-5


@torch.no_grad()
def test_synchronised_statistics_multiply_as_in_training(tmp_path: Path) -> None:
    """The same statistics under the names of --cross_replica make the same images, and inspect says what is assumed."""
    tensors = mybn_like()
    renamed = {name.replace(".bn.stored_", ".bn.running_"): tensor for name, tensor in tensors.items()}
    counts = {
        name.replace("running_mean", "num_batches_tracked"): torch.tensor(7) for name in renamed if "_mean" in name
    }
    torch.save(renamed | counts, tmp_path / "G.pth")
    generator, expected = open_checkpoint(tmp_path / "G.pth"), fixture("ajbrock-biggan-64-mybn")
    images = generator.synthesize(expected["z"], space="z", labels=expected["labels"])
    assert relative_error(images, expected["images"]) < 1e-5
    assert "multiplies" in describe(tmp_path / "G.pth").assumed["gain"]
