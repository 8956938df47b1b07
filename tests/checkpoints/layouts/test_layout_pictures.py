"""Generators of grey images, and what a layout cannot be: told by `inspect` already."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from foreign_files import ajbrock_like
from rosinality_files import rosinality2
from small_files import STYLE, ada_like

import ganprobe
from ganprobe.checkpoints import open_checkpoint
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.biggan.generator import BigGANConfig

SHARED = BigGANConfig(
    resolution=32, num_classes=3, channels=4, z_dim=16, shared_embedding=True, shared_dim=5, hierarchical=True
)


def file(folder: Path, content: object) -> Path:
    torch.save(content, folder / "file.pt")
    return folder / "file.pt"


@torch.no_grad()
def test_a_grey_generator_gives_three_equal_channels(tmp_path: Path) -> None:
    grey = rosinality2(4, colours=1)
    coloured = dict(grey)
    for place in ("to_rgb1", "to_rgbs.0", "to_rgbs.1"):
        for part in ("conv.weight", "bias"):
            value = grey[f"{place}.{part}"]
            coloured[f"{place}.{part}"] = value.expand(1, 3, *value.shape[2:])
    path = file(tmp_path, {"g_ema": grey})
    assert "repeated to three" in describe(path).assumed["channels"]
    z = torch.randn(2, 16, generator=torch.Generator().manual_seed(0))
    images = open_checkpoint(path).synthesize(z, space="z")
    assert torch.equal(images, images[:, :1].expand_as(images))
    torch.save(coloured, tmp_path / "rgb.pt")
    assert torch.equal(images, open_checkpoint(tmp_path / "rgb.pt").synthesize(z, space="z"))
    sampler = ganprobe.load(path)
    assert "channels" in sampler.origin["assumed"]  # type: ignore[attr-defined]
    convert_checkpoint(path, tmp_path / "G.safetensors")
    assert torch.equal(images, open_checkpoint(tmp_path / "G.safetensors").synthesize(z, space="z"))


def grey_biggan() -> dict[str, torch.Tensor]:
    tensors = ajbrock_like()
    return tensors | {f"output_layer.2.{part}": tensors[f"output_layer.2.{part}"][:1] for part in ("weight", "bias")}


def non_square_ada() -> dict[str, torch.Tensor]:
    return ada_like() | {"synthesis.b4.const": torch.zeros(4, 4, 6)}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (rosinality2(colours=4), "4 channels; only RGB"),
        (rosinality2(colours=2), "2 channels; only RGB"),
        (rosinality2(const=(4, 8)), r"starts at 4 x 8 \(input.input\), so that its images are not square"),
        (rosinality2(const=(8, 8)), "starts at 8 x 8"),
        (non_square_ada(), "not square"),
        (grey_biggan(), "spectrally normalised"),
        (rosinality2(z=32), "twice as many as w has, and there are no classes: the embedding of its classes was lost"),
        (rosinality2(z=20), "takes 20 numbers where the layout's z has those of w, 16"),
        (
            ada_like() | {"mapping.fc0.weight": torch.zeros(STYLE.w_dim, 2 * STYLE.w_dim)},
            "embedding of its classes was lost",
        ),
        (
            {name: value for name, value in ajbrock_like(SHARED).items() if name != "shared.weight"},
            "shared.weight is absent: the embedding of its classes was lost",
        ),
        ({"g_ema": rosinality2(), "latent_avg": torch.arange(96.0).reshape(6, 16)}, "differs from layer to layer"),
    ],
)
def test_what_a_layout_cannot_be_is_refused_before_it_is_converted(
    tmp_path: Path, content: object, reason: str
) -> None:
    path = file(tmp_path, content)
    with pytest.raises(CheckpointError, match=reason) as caught:
        describe(path)
    assert "\n" not in str(caught.value)
    with pytest.raises(CheckpointError, match=reason):
        open_checkpoint(path)


@pytest.mark.parametrize("shape", [(16,), (1, 16), (6, 16), (1, 6, 16)])
def test_a_mean_of_w_for_every_layer_is_one_where_they_agree(tmp_path: Path, shape: tuple[int, ...]) -> None:
    mean = torch.randn(16, generator=torch.Generator().manual_seed(5))
    path = file(tmp_path, {"g_ema": rosinality2(), "latent_avg": mean.expand(shape).contiguous()})
    assert torch.equal(open_checkpoint(path).state_dict()["w_avg"], mean)
    assert "w_avg" not in describe(path).assumed
