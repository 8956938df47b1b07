"""StudioGAN's BigGAN and StyleGAN2 against the images of the original implementation."""

from __future__ import annotations

from itertools import pairwise
from math import prod, sqrt
from pathlib import Path

import pytest
import torch
from foreign_files import fixture, relative_error, tensor_by_name
from test_stylegan2_layouts import ada_like
from torch import Tensor

from ganprobe.checkpoints import Overrides, open_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.base import Generator

Shapes = dict[str, tuple[int, ...]]
NAME = "model=G_ema-best-weights-step=100.pth"


def weighted(prefix: str, shape: tuple[int, ...], *, bias: bool, normalised: bool) -> Shapes:
    """The tensors of one layer: a weight, or what PyTorch's spectral normalisation keeps of it."""
    shapes: Shapes = {f"{prefix}.bias": (shape[0],)} if bias else {}
    if not normalised:
        return shapes | {f"{prefix}.weight": shape}
    return shapes | {
        f"{prefix}.weight_orig": shape,
        f"{prefix}.weight_u": (shape[0],),
        f"{prefix}.weight_v": (prod(shape[1:]),),
    }


def statistics(prefix: str, width: int) -> Shapes:
    return {f"{prefix}.running_mean": (width,), f"{prefix}.running_var": (width,), f"{prefix}.num_batches_tracked": ()}


def residual(block: str, inside: int, outside: int, condition: int, *, normalised: bool) -> Shapes:
    shapes: Shapes = {}
    for norm, width in (("bn1", inside), ("bn2", outside)):
        shapes |= statistics(f"{block}.{norm}.bn", width)
        for part in ("gain", "bias"):
            shapes |= weighted(f"{block}.{norm}.{part}", (width, condition), bias=False, normalised=normalised)
    for conv, shape in (
        ("conv2d0", (outside, inside, 1, 1)),
        ("conv2d1", (outside, inside, 3, 3)),
        ("conv2d2", (outside, outside, 3, 3)),
    ):
        shapes |= weighted(f"{block}.{conv}", shape, bias=True, normalised=normalised)
    return shapes


def attention(block: str, width: int) -> Shapes:
    shapes: Shapes = {f"{block}.sigma": (1,)}
    for name, outside, inside in (("theta", 8, 1), ("phi", 8, 1), ("g", 2, 1), ("attn", 1, 2)):
        shape = (width // outside, width // inside, 1, 1)
        shapes |= weighted(f"{block}.conv1x1_{name}", shape, bias=False, normalised=True)
    return shapes


def biggan(
    widths: tuple[int, ...], *, classes: int, attended: int | None = None, normalised: bool = True
) -> dict[str, Tensor]:
    """A generator of 3 or 4 blocks, chunks of 2 numbers, an embedding of 6 where there are classes."""
    shapes: Shapes = {"shared.weight": (classes, 6)} if classes else {}
    shapes |= weighted("linear0", (16 * widths[0], 2), bias=True, normalised=normalised)
    number = 0
    for index, (inside, outside) in enumerate(pairwise(widths)):
        condition = 8 if classes else 2
        shapes |= residual(f"blocks.{number}.0", inside, outside, condition, normalised=normalised)
        if index == attended:
            number += 1
            shapes |= attention(f"blocks.{number}.0", outside)
        number += 1
    shapes |= {"bn4.weight": (widths[-1],), "bn4.bias": (widths[-1],), **statistics("bn4", widths[-1])}
    shapes |= weighted("conv2d5", (3, widths[-1], 3, 3), bias=True, normalised=normalised)
    tensors = {name: value(name, shape) for name, shape in shapes.items()}
    return tensors | directions(tensors)


def value(name: str, shape: tuple[int, ...]) -> Tensor:
    """The weight that the fixtures' images were made with."""
    drawn = tensor_by_name(name, shape)
    if name.endswith("num_batches_tracked"):
        return torch.tensor(7)
    if name.endswith("running_var"):
        return 0.5 + drawn.abs()
    if name == "bn4.weight":
        return 0.3 + 0.1 * drawn
    if name.endswith(("sigma", "shared.weight")):
        return drawn
    return drawn / sqrt(prod(shape[1:])) if len(shape) > 1 else 0.1 * drawn


def directions(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """u and v that a further step of power iteration would change a lot."""
    found = {}
    for name in [name for name in tensors if name.endswith("weight_orig")]:
        u, v = name.replace("_orig", "_u"), name.replace("_orig", "_v")
        found[u] = torch.nn.functional.normalize(tensor_by_name(u, tuple(tensors[u].shape)), dim=0)
        found[v] = torch.nn.functional.normalize(tensors[name].flatten(1).T @ found[u], dim=0)
    return found


NETWORKS = {
    "conditional": lambda: biggan((64, 32, 16, 8, 4), classes=3, attended=2),
    "unconditional": lambda: biggan((32, 32, 32, 32), classes=0, attended=1),
    "plain": lambda: biggan((32, 32, 32, 32), classes=3, normalised=False),
}


def saved(folder: Path, tensors: dict[str, Tensor]) -> Path:
    torch.save({"state_dict": tensors, "optimizer": {"state": {}, "param_groups": []}}, folder / NAME)
    return folder / NAME


def images_of(generator: Generator, n: int) -> Tensor:
    z = tensor_by_name("z", (2, generator.config.z_dim))
    labels = torch.tensor([2, 0]) if generator.config.num_classes > 1 else torch.zeros(2, dtype=torch.int64)
    return generator.synthesize(z, space="z", labels=labels)[:n]


@torch.no_grad()
@pytest.mark.parametrize("kind", NETWORKS)
def test_biggan_images_are_those_of_the_original(tmp_path: Path, kind: str) -> None:
    path, expected = saved(tmp_path, NETWORKS[kind]()), fixture("studiogan-biggan")[f"images_{kind}"]
    generator = open_checkpoint(path)
    assert relative_error(images_of(generator, len(expected)), expected) < 1e-5
    other = images_of(open_checkpoint(path, overrides=Overrides(bn_epsilon=1e-1)), len(expected))
    assert relative_error(other, expected) > 1e-3
    found = describe(path)
    assert (found.layout, found.num_classes) == ("studiogan-biggan", 1 if kind == "unconditional" else 3)
    assert "bn_epsilon" in found.assumed


@torch.no_grad()
def test_stylegan2_images_are_those_of_the_original(tmp_path: Path) -> None:
    tensors = {name: value for name, value in ada_like().items() if not name.startswith("mapping.fc2")}
    path, expected = saved(tmp_path, tensors), fixture("studiogan-stylegan2")
    generator, z, labels = open_checkpoint(path), tensor_by_name("z", (2, 12)), torch.tensor([2, 0])
    assert relative_error(generator.synthesize(z, space="z", labels=labels), expected["images"]) < 1e-5
    truncated = generator.synthesize(z, space="z", labels=labels, truncation=(0.6, 3), noise="zero")
    assert relative_error(truncated, expected["truncated"]) < 1e-5
    assert describe(path).layout == "studiogan-stylegan2"
    torch.save(tensors, tmp_path / "bare.pt")
    assert describe(tmp_path / "bare.pt").layout == "nvlabs-stylegan2-ada"
    assert describe(path, overrides=Overrides(conv_clamp=256)).config["conv_clamp"] == 256


def test_the_configuration_beside_a_file_tells_what_no_tensor_does(tmp_path: Path) -> None:
    path, settings = saved(tmp_path, NETWORKS["plain"]()), tmp_path / "BigGAN.yaml"
    assert "activation" in describe(path).assumed
    settings.write_text('DATA:\n  name: "x"\nMODEL:\n  backbone: "big_resnet"  # ours\n  z_dim: 8\n')
    assert "activation" in describe(path).inferred
    for text, reason in (
        ('  backbone: "big_resnet"\n  g_act_fn: "ELU"', "MODEL.g_act_fn to 'ELU'; only 'ReLU'"),
        ("  backbone: big_resnet\n  z_prior: 'uniform'", "MODEL.z_prior to 'uniform'"),
        ('  backbone: "stylegan2"', "backbone 'stylegan2'"),
    ):
        settings.write_text(f"MODEL:\n{text}\n")
        with pytest.raises(CheckpointError, match=reason):
            open_checkpoint(path)
    settings.write_text("title: notes\nMODEL:\n  g_act_fn: ELU\n")
    assert "activation" in describe(path).assumed


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"info_mix_linear.weight": torch.zeros(8, 9)}, "InfoGAN"),
        ({"blocks.0.0.conv2d1.weight": torch.zeros(16, 32, 3, 3)}, "proportions"),
        ({"blocks.0.0.bn1.gain.weight": torch.zeros(32, 9)}, "chunk of 2"),
        ({"conv2d5.bias": torch.zeros(4)}, "its configuration says"),
        ({"bn4.running_mean": None}, "lacks output_norm.statistics.running_mean"),
        ({"blocks.1.0.conv2d0.weight": None}, "128 at 16|got|expected"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, change: dict[str, Tensor | None], reason: str) -> None:
    tensors = {name: value for name, value in (NETWORKS["plain"]() | change).items() if value is not None}
    with pytest.raises(CheckpointError, match=reason) as caught:
        open_checkpoint(saved(tmp_path, tensors))
    assert "\n" not in str(caught.value)
