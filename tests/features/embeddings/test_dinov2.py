"""DINOv2 on small random weights: the preparation, the positions, the class token, and files that are refused."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import timm
import torch

from ganprobe.core.errors import CheckpointError
from ganprobe.core.streams import stream
from ganprobe.features.embeddings.dinov2 import COLUMN, SIDE, Dinov2Extractor, positions, read_dinov2
from ganprobe.features.published.downloads import DINOV2


def _tensors() -> dict[str, torch.Tensor]:
    """In DINOv2's own layout: positions of 37 x 37 patches, a mask token."""
    torch.manual_seed(0)
    network = timm.models.vision_transformer.VisionTransformer(
        img_size=518,
        patch_size=14,
        embed_dim=128,
        depth=2,
        num_heads=2,
        num_classes=0,
        global_pool="token",
        init_values=1.0,
    )
    tensors = {name: torch.randn_like(value) * 0.1 for name, value in network.state_dict().items()}
    return {**tensors, "mask_token": torch.zeros(1, 128)}


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("dinov2") / "small.pth"
    torch.save(_tensors(), path)
    return path


def test_the_class_token_of_a_written_out_network(file: Path) -> None:
    """Attention and all, from the tensors alone."""
    levels = stream(0, "dinov2 test").integers(0, 256, (1, 3, SIDE, SIDE))
    got = Dinov2Extractor(read_dinov2(file)).observe(torch.from_numpy(levels).float() / 127.5 - 1)[COLUMN]
    mean, deviation = (np.array(v).reshape(3, 1, 1) * 255 for v in ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)))
    wanted = _by_hand(_tensors(), torch.from_numpy((levels - mean) / deviation).float())
    assert got.shape == (1, 128)
    torch.testing.assert_close(got, wanted, rtol=1e-3, atol=1e-4)


def _by_hand(t: dict[str, torch.Tensor], x: torch.Tensor) -> torch.Tensor:
    def norm(x: torch.Tensor, name: str) -> torch.Tensor:
        return torch.nn.functional.layer_norm(x, (128,), t[f"{name}.weight"], t[f"{name}.bias"], eps=1e-6)

    def linear(x: torch.Tensor, name: str) -> torch.Tensor:
        return x @ t[f"{name}.weight"].T + t[f"{name}.bias"]

    patches = x.unfold(2, 14, 14).unfold(3, 14, 14).permute(0, 2, 3, 1, 4, 5).reshape(1, 256, -1)
    embedded = patches @ t["patch_embed.proj.weight"].reshape(128, -1).T + t["patch_embed.proj.bias"]
    x = torch.cat([t["cls_token"], embedded], dim=1) + positions(t["pos_embed"], 16)
    for k in range(2):
        q, key, v = linear(norm(x, f"blocks.{k}.norm1"), f"blocks.{k}.attn.qkv").reshape(1, 257, 3, 2, 64).unbind(2)
        shares = torch.einsum("nihd,njhd->nhij", q, key).div(8).softmax(-1)
        mixed = torch.einsum("nhij,njhd->nihd", shares, v).reshape(1, 257, 128)
        x = x + linear(mixed, f"blocks.{k}.attn.proj") * t[f"blocks.{k}.ls1.gamma"]
        inside = torch.nn.functional.gelu(linear(norm(x, f"blocks.{k}.norm2"), f"blocks.{k}.mlp.fc1"))
        x = x + linear(inside, f"blocks.{k}.mlp.fc2") * t[f"blocks.{k}.ls2.gamma"]
    return norm(x, "norm")[:, 0]


def test_positions_at_their_own_size_stay() -> None:
    own = torch.randn(1, 257, 8)
    assert torch.equal(positions(own, 16), own)
    assert positions(torch.randn(1, 1 + 37**2, 8), 16).shape == (1, 257, 8)
    flat = torch.cat([torch.zeros(1, 1, 8), torch.ones(1, 37**2, 8)], dim=1)
    torch.testing.assert_close(positions(flat, 16)[:, 1:], torch.ones(1, 256, 8))


def test_others_than_the_official_weights_are_marked(file: Path) -> None:
    weights = read_dinov2(file)
    assert not weights.official
    assert weights.name.startswith("dinov2-unofficial:")
    assert (len(DINOV2.sha256), DINOV2.size, DINOV2.name) == (64, 1_217_586_395, "dinov2-vitl14")


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    tensors = _tensors()
    torch.save({**tensors, "register_tokens": torch.zeros(1, 4, 128)}, tmp_path / "registers.pth")
    with pytest.raises(CheckpointError, match="no DINOv2 without registers: register_tokens should be absent"):
        read_dinov2(tmp_path / "registers.pth")
    torch.save({"other": torch.zeros(2)}, tmp_path / "other.pth")
    with pytest.raises(CheckpointError, match="no DINOv2"):
        read_dinov2(tmp_path / "other.pth")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "code.pth")
    with pytest.raises(CheckpointError, match="can be read safely"):
        read_dinov2(tmp_path / "code.pth")
