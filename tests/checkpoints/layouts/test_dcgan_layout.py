"""The DCGAN of PyTorch's examples against the images of the original network (fixtures/pytorch-dcgan.npz), in colour
and grey."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
import torch
from foreign_files import fixture, relative_error, tensor_by_name
from test_mimicry_layout import norm, value
from torch import Tensor

from ganprobe.checkpoints import open_checkpoint
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.core.errors import CheckpointError


def generator(colours: int = 3, widths: tuple[int, ...] = (32, 16, 8, 4)) -> dict[str, Tensor]:
    """z of 10 numbers, 64 pixels."""
    shapes: dict[str, tuple[int, ...]] = {}
    for index, pair in enumerate(pairwise((10, *widths, colours))):
        shapes[f"main.{3 * index}.weight"] = (*pair, 4, 4)
        if index < len(widths):
            shapes |= norm(f"main.{3 * index + 1}", pair[1], 0)
    return {name: value(name, shape) for name, shape in shapes.items()}


def discriminator() -> dict[str, Tensor]:
    """Of the same project, whose first convolution has no batch normalisation."""
    shapes: dict[str, tuple[int, ...]] = {"main.0.weight": (4, 3, 4, 4), "main.11.weight": (1, 32, 4, 4)}
    for place, (entering, leaving) in ((2, (4, 8)), (5, (8, 16)), (8, (16, 32))):
        shapes |= {f"main.{place}.weight": (leaving, entering, 4, 4), **norm(f"main.{place + 1}", leaving, 0)}
    return {name: value(name, shape) for name, shape in shapes.items()}


def saved(folder: Path, tensors: dict[str, Tensor]) -> Path:
    torch.save(tensors, folder / "netG_epoch_24.pth")
    return folder / "netG_epoch_24.pth"


@torch.no_grad()
@pytest.mark.parametrize("colours", [3, 1])
@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.module."])
def test_images_are_those_of_the_original(tmp_path: Path, colours: int, prefix: str) -> None:
    path = saved(tmp_path, {f"{prefix}{name}": kept for name, kept in generator(colours).items()})
    found, expected = describe(path), fixture("pytorch-dcgan")[f"images_{colours}"]
    assert (found.layout, found.architecture, found.resolution, found.z_dim) == ("pytorch-dcgan", "dcgan", 64, 10)
    assert ("channels" in found.assumed) == (colours == 1)
    z = tensor_by_name("z", (2, 10))[:1]
    images = open_checkpoint(path).synthesize(z, space="z")
    assert relative_error(images, expected.expand_as(images)) < 5e-6
    convert_checkpoint(path, tmp_path / "G.safetensors")
    assert torch.equal(open_checkpoint(tmp_path / "G.safetensors").synthesize(z, space="z"), images)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"main.9.weight": torch.zeros(8, 6, 4, 4)}, "halved at each doubling"),
        ({"main.9.weight": None}, "expected every third"),
        ({"main.13.weight": torch.zeros(3, 3, 4, 4)}, "expected every third"),
        ({"main.10.running_mean": None}, "lacks the tensor 'main.10.running_mean'"),
        ({"main.3.weight": torch.zeros(32, 16, 5, 5)}, "its configuration says"),
        ({"main.0.weight": torch.zeros(10, 32, 5, 5)}, "no known layout.*nearest is pytorch-dcgan"),
        ({"main.12.weight": torch.zeros(4, 4, 4, 4)}, "4 channels"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, change: dict[str, Tensor | None], reason: str) -> None:
    tensors = {name: kept for name, kept in (generator() | change).items() if kept is not None}
    with pytest.raises(CheckpointError, match=reason) as caught:
        open_checkpoint(saved(tmp_path, tensors))
    assert "\n" not in str(caught.value)


def test_its_discriminator_is_no_generator(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no known layout"):
        open_checkpoint(saved(tmp_path, discriminator()))
