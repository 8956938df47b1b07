"""torch-mimicry's residual generators against the images of the original networks (fixtures/mimicry-residual.npz; from
64 pixels on every fourth pixel)."""

from __future__ import annotations

from itertools import pairwise
from math import prod, sqrt
from pathlib import Path

import pytest
import torch
from foreign_files import fixture, relative_error, tensor_by_name
from torch import Tensor

from ganprobe.checkpoints import Overrides, open_checkpoint
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.core.errors import CheckpointError

Shapes = dict[str, tuple[int, ...]]


def layer(name: str, shape: tuple[int, ...], *, bias: bool = True, normalised: bool = False) -> Shapes:
    shapes: Shapes = {f"{name}.bias": shape[:1]} if bias else {}
    if not normalised:
        return shapes | {f"{name}.weight": shape}
    parts = {"orig": shape, "u": shape[:1], "v": (prod(shape[1:]),)}
    return shapes | {f"{name}.weight_{part}": size for part, size in parts.items()}


def norm(name: str, width: int, classes: int) -> Shapes:
    statistics: Shapes = {"running_mean": (width,), "running_var": (width,), "num_batches_tracked": ()}
    if classes:
        inner = {f"{name}.bn.{part}": shape for part, shape in statistics.items()}
        return inner | {f"{name}.embed.weight": (classes, 2 * width)}
    return {f"{name}.{part}": shape for part, shape in statistics.items()} | layer(name, (width,))


def network(widths: tuple[int, ...], *, side: int = 4, classes: int = 0, attended: int = 0) -> dict[str, Tensor]:
    """A generator with z of 6 numbers. attended: channels where self-attention is, whose network is spectrally
    normalised."""
    sn = bool(attended)
    shapes = layer("l1", (side**2 * widths[0], 6), normalised=sn)
    for number, (entering, leaving) in enumerate(pairwise(widths), 2):
        block = f"block{number}"
        shapes |= layer(f"{block}.c1", (leaving, entering, 3, 3), normalised=sn)
        shapes |= layer(f"{block}.c2", (leaving, leaving, 3, 3), normalised=sn)
        shapes |= layer(f"{block}.c_sc", (leaving, entering, 1, 1), normalised=sn)
        shapes |= norm(f"{block}.b1", entering, classes) | norm(f"{block}.b2", leaving, classes)
    last = len(widths) + 1
    shapes |= norm(f"b{last}", widths[-1], 0) | layer(f"c{last}", (3, widths[-1], 3, 3), normalised=sn)
    if attended:
        shapes["attn_block.gamma"] = ()
        for name, leaving, entering in (("theta", 8, 1), ("phi", 8, 1), ("g", 2, 1), ("o", 1, 2)):
            size = (attended // leaving, attended // entering, 1, 1)
            shapes |= layer(f"attn_block.{name}", size, bias=False, normalised=True)
    tensors = {name: value(name, shape) for name, shape in shapes.items()}
    return tensors | directions(tensors)


def value(name: str, shape: tuple[int, ...]) -> Tensor:
    """The weight that the fixture's images were made with."""
    if name.endswith(("num_batches_tracked", "gamma")):
        return torch.tensor(7 if name.endswith("tracked") else 0.7)
    drawn = tensor_by_name(name, shape)
    if name.endswith("running_var"):
        return 0.5 + drawn.abs()
    if len(shape) > 1:
        return drawn if name.endswith("embed.weight") else drawn / sqrt(prod(shape[1:]))
    return 1 + 0.1 * drawn if name.endswith("weight") else 0.1 * drawn


def directions(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """u and v that a further step of power iteration would change a lot."""
    found = {}
    for name in [name for name in tensors if name.endswith("weight_orig")]:
        u, v = name.replace("_orig", "_u"), name.replace("_orig", "_v")
        # As the fixture's u, which were drawn as vectors of weights are.
        found[u] = torch.nn.functional.normalize(0.1 * tensor_by_name(u, tuple(tensors[u].shape)), dim=0)
        found[v] = torch.nn.functional.normalize(tensors[name].flatten(1).T @ found[u], dim=0)
    return found


NETWORKS = {
    "sngan-32": lambda: network((8, 8, 8, 8)),
    "ssgan-48": lambda: network((16, 8, 4, 2), side=6),
    "infomax-64": lambda: network((64, 32, 16, 8, 4)),
    "sngan-128": lambda: network((64, 64, 32, 16, 8, 4)),
    "cgan-pd-32": lambda: network((8, 8, 8, 8), classes=3),
    "sagan-32": lambda: network((32, 32, 32, 32), classes=3, attended=32),
    "sagan-128": lambda: network((64, 64, 32, 16, 8, 4), classes=3, attended=16),
}


def saved(folder: Path, tensors: dict[str, Tensor]) -> Path:
    path = folder / "netG_5_steps.pth"
    optimizer = {"state": {0: {"exp_avg": torch.ones(3)}}, "param_groups": []}
    torch.save({"model_state_dict": tensors, "optimizer_state_dict": optimizer, "global_step": 5}, path)
    return path


@torch.no_grad()
@pytest.mark.parametrize("kind", NETWORKS)
def test_images_are_those_of_the_original(tmp_path: Path, kind: str) -> None:
    path, expected = saved(tmp_path, NETWORKS[kind]()), fixture("mimicry-residual")[kind]
    found, generator = describe(path), open_checkpoint(path)
    architecture = "sagan" if kind.startswith("sagan") else "sngan"
    assert (found.layout, found.architecture) == ("mimicry-residual", architecture)
    assert found.resolution == int(kind.rpartition("-")[2])
    assert found.num_classes == (3 if kind.startswith(("cgan", "sagan")) else 0)
    z, labels = tensor_by_name("z", (2, 6))[:1], torch.tensor([2])
    images = generator.synthesize(z, space="z", labels=labels)
    thinned = images if found.resolution < 64 else images[..., ::4, ::4]
    assert relative_error(thinned, expected) < 5e-6
    convert_checkpoint(path, tmp_path / "G.safetensors")
    assert torch.equal(open_checkpoint(tmp_path / "G.safetensors").synthesize(z, space="z", labels=labels), images)
    other = open_checkpoint(path, overrides=Overrides(bn_epsilon=0.1)).synthesize(z, space="z", labels=labels)
    assert relative_error(other, images) > 1e-3


@torch.no_grad()
def test_grey_networks_give_three_equal_channels(tmp_path: Path) -> None:
    tensors = NETWORKS["sngan-32"]()
    path = saved(tmp_path, tensors | {f"c5.{part}": tensors[f"c5.{part}"][:1] for part in ("weight", "bias")})
    assert "repeated to three" in describe(path).assumed["channels"]
    images = open_checkpoint(path).synthesize(torch.ones(1, 6), space="z")
    assert torch.equal(images, images[:, :1].expand_as(images))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"block3.c1.weight": torch.zeros(4, 8, 3, 3)}, "expected widths in the proportions"),
        (
            {"l1.weight": torch.zeros(72, 6)},
            "starts at 3 pixels and has 3 blocks: expected a network of 32, 48, 64, 128",
        ),
        ({"block4.b1.running_var": None}, "lacks the tensor 'block4.b1.running_var'"),
        ({"block5.c1.weight": torch.zeros(8, 8, 3, 3), "block4.c1.weight": None}, "without a gap"),
        (
            {"block2.b1.running_mean": None, "block2.b1.running_var": None},
            "no known layout.*nearest is mimicry-residual",
        ),
        ({"c5.bias": torch.zeros(4)}, "4 channels"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, change: dict[str, Tensor | None], reason: str) -> None:
    tensors = {name: kept for name, kept in (NETWORKS["sngan-32"]() | change).items() if kept is not None}
    with pytest.raises(CheckpointError, match=reason) as caught:
        open_checkpoint(saved(tmp_path, tensors))
    assert "\n" not in str(caught.value)
