"""StudioGAN's `resnet` and `big_resnet_deep_*` backbones against the images of the original networks
(fixtures/studiogan-residual.npz; from 64 pixels on every fourth pixel)."""

from __future__ import annotations

from itertools import pairwise
from math import prod, sqrt
from pathlib import Path

import pytest
import torch
from foreign_files import fixture, relative_error, tensor_by_name
from test_studiogan_layouts import Shapes, attention, directions, saved, statistics, weighted
from test_studiogan_layouts import biggan as big_resnet
from torch import Tensor

from ganprobe.checkpoints import Overrides, open_checkpoint
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.core.errors import CheckpointError

SHARED = 4


def norm(name: str, width: int, condition: int, *, normalised: bool) -> Shapes:
    if not condition:
        return {**statistics(name, width), f"{name}.weight": (width,), f"{name}.bias": (width,)}
    shapes = statistics(f"{name}.bn", width)
    for part in ("gain", "bias"):
        shapes |= weighted(f"{name}.{part}", (width, condition), bias=False, normalised=normalised)
    return shapes


def resnet(widths: tuple[int, ...], *, classes: int = 0, attended: int = -1, sn: bool = False) -> dict[str, Tensor]:
    """A generator with z of 6 numbers. attended: the block that self-attention follows."""
    shapes = weighted("linear0", (16 * widths[0], 6), bias=True, normalised=sn)
    for number, index, (entering, leaving) in numbered(widths, attended):
        block = f"blocks.{number}.0"
        shapes |= norm(f"{block}.bn1", entering, classes, normalised=sn)
        shapes |= norm(f"{block}.bn2", leaving, classes, normalised=sn)
        for conv, shape in (("0", (leaving, entering, 1, 1)), ("1", (leaving, entering, 3, 3))):
            shapes |= weighted(f"{block}.conv2d{conv}", shape, bias=True, normalised=sn)
        shapes |= weighted(f"{block}.conv2d2", (leaving, leaving, 3, 3), bias=True, normalised=sn)
        shapes |= attention(f"blocks.{number + 1}.0", leaving) if index == attended else {}
    return finished(shapes, widths[-1], normalised=sn)


def deep(widths: tuple[int, ...], *, projected: bool, attended: int = -1, sn: bool = False) -> dict[str, Tensor]:
    """A generator with z of 6 numbers, an embedding of 4, 3 classes."""
    condition = 6 + SHARED
    shapes: Shapes = {"shared.weight": (3, SHARED)}
    shapes |= weighted("linear0", (16 * widths[0], condition), bias=True, normalised=sn)
    for number, index, (entering, leaving) in numbered(widths, attended):
        block, inner = f"blocks.{number}.0", entering // 4
        for place, width in enumerate((entering, inner, inner, inner), 1):
            shapes |= norm(f"{block}.bn{place}", width, condition, normalised=sn)
        convs = {"1": (inner, entering, 1, 1), "2": (inner, inner, 3, 3), "3": (inner, inner, 3, 3)}
        convs |= {"4": (leaving, inner, 1, 1)} | ({"0": (leaving, entering, 1, 1)} if projected else {})
        for conv, shape in convs.items():
            shapes |= weighted(f"{block}.conv2d{conv}", shape, bias=True, normalised=sn)
        shapes |= attention(f"blocks.{number + 1}.0", leaving) if index == attended else {}
    return finished(shapes, widths[-1], normalised=sn)


def numbered(widths: tuple[int, ...], attended: int) -> list[tuple[int, int, tuple[int, int]]]:
    """Each block's number in the list, in which self-attention has one too, and among blocks, and its widths."""
    pairs = enumerate(pairwise(widths))
    return [(index + (0 <= attended < index), index, pair) for index, pair in pairs]


def finished(shapes: Shapes, width: int, *, normalised: bool) -> dict[str, Tensor]:
    shapes = shapes | norm("bn4", width, 0, normalised=normalised)
    shapes |= weighted("conv2d5", (3, width, 3, 3), bias=True, normalised=normalised)
    tensors = {name: value(name, shape) for name, shape in shapes.items()}
    return tensors | directions(tensors)


def value(name: str, shape: tuple[int, ...]) -> Tensor:
    """The weight that the fixtures' images were made with."""
    drawn = tensor_by_name(name, shape)
    if name.endswith("num_batches_tracked"):
        return torch.tensor(7)
    if name.endswith("running_var"):
        return 0.5 + drawn.abs()
    if name.endswith(("sigma", "shared.weight")):
        return drawn
    if len(shape) > 1:
        return drawn / sqrt(prod(shape[1:]))
    return 1 + 0.1 * drawn if name.endswith("weight") else 0.1 * drawn


NETWORKS = {
    "resnet-32-plain": lambda: resnet((16, 16, 16, 16)),
    "resnet-32-classes": lambda: resnet((16, 16, 16, 16), classes=3),
    "resnet-64-attention": lambda: resnet((128, 64, 32, 16, 8), classes=3, attended=2, sn=True),
    "resnet-128-sn": lambda: resnet((32, 32, 16, 8, 4, 2), sn=True),
    "deep-legacy-32": lambda: deep((16,) * 7, projected=False, attended=3, sn=True),
    "deep-studiogan-32": lambda: deep((16,) * 7, projected=True, attended=1, sn=True),
    "deep-legacy-64": lambda: deep((64, 64, 32, 32, 16, 16, 8, 8, 4), projected=False),
}


@torch.no_grad()
@pytest.mark.parametrize("kind", NETWORKS)
def test_images_are_those_of_the_original(tmp_path: Path, kind: str) -> None:
    path, expected = saved(tmp_path, NETWORKS[kind]()), fixture("studiogan-residual")[kind]
    generator, found = open_checkpoint(path), describe(path)
    architecture = "biggan-deep" if kind.startswith("deep") else "sagan" if "attention" in kind else "sngan"
    layout = "studiogan-biggan-deep" if kind.startswith("deep") else "studiogan-residual"
    resolution = next(int(word) for word in kind.split("-") if word.isdecimal())
    assert (found.layout, found.architecture, found.resolution) == (layout, architecture, resolution)
    assert found.num_classes == (0 if kind in ("resnet-32-plain", "resnet-128-sn") else 3)
    assert {"bn_epsilon", "activation"} <= found.assumed.keys()
    z, labels = tensor_by_name("z", (2, 6))[:1], torch.tensor([2])
    images = generator.synthesize(z, space="z", labels=labels)
    assert relative_error(images if found.resolution < 64 else images[..., ::4, ::4], expected) < 2e-5
    convert_checkpoint(path, tmp_path / "G.safetensors")
    assert torch.equal(open_checkpoint(tmp_path / "G.safetensors").synthesize(z, space="z", labels=labels), images)
    other = open_checkpoint(path, overrides=Overrides(bn_epsilon=0.1)).synthesize(z, space="z", labels=labels)
    assert relative_error(other, images) > 1e-3


def test_wider_networks_are_told_by_their_blocks(tmp_path: Path) -> None:
    found = describe(saved(tmp_path, resnet((32, 32, 16, 16, 8, 4, 2), classes=3)))
    assert (found.layout, found.resolution) == ("studiogan-residual", 256)
    assert found.config["width_multiples"] == (16, 16, 8, 8, 4, 2, 1)


def test_big_resnet_and_resnet_are_not_taken_for_each_other(tmp_path: Path) -> None:
    for classes in (0, 3):
        assert describe(saved(tmp_path, big_resnet((16,) * 4, classes=classes))).layout == "studiogan-biggan"
        assert describe(saved(tmp_path, resnet((16,) * 4, classes=classes))).layout == "studiogan-residual"
    (tmp_path / "SNGAN.yaml").write_text("MODEL:\n  backbone: big_resnet\n")
    with pytest.raises(CheckpointError, match=r"backbone 'big_resnet'.*tensors are of 'resnet'"):
        describe(saved(tmp_path, resnet((16,) * 4)))


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        (resnet((16, 16, 16, 16)) | {"info_mix_linear.weight": torch.zeros(6, 9)}, "InfoGAN"),
        (resnet((16, 16, 16, 8)), "proportions"),
        (resnet((16, 16)), "expected a network of 32, 64"),
        (deep((16, 16, 8), projected=True), "no BigGAN-deep of StudioGAN has 2 blocks"),
        (deep((16,) * 7, projected=True) | {"info_proj_linear.weight": torch.zeros(6, 9)}, "InfoGAN"),
        (deep((16,) * 7, projected=False) | {"conv2d5.bias": torch.zeros(2)}, "2 channels|configuration says"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, tensors: dict[str, Tensor], reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason) as caught:
        open_checkpoint(saved(tmp_path, tensors))
    assert "\n" not in str(caught.value)
