"""The interfacegan-stylegan layout against the original's images, with fused and with plain enlarging convolutions."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from foreign_files import fixture, relative_error, tensor_by_name
from torch import Tensor

from ganprobe.checkpoints import open_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.core.errors import CheckpointError


def interfacegan_like(*, fused: bool) -> dict[str, Tensor]:
    """The weights that the fixture's images were made with: 16 pixels, 512 channels."""
    shapes: dict[str, tuple[int, ...]] = {"truncation.w_avg": (512,), "synthesis.layer0.first_layer": (1, 512, 4, 4)}
    for index in range(8):
        dense = f"mapping.dense{index}"
        shapes |= {f"{dense}.linear.weight": (512, 512), f"{dense}.wscale.bias": (512,)}
    for index in range(6):
        layer, size = f"synthesis.layer{index}", 4 << index // 2
        epilogue = f"{layer}.epilogue"
        shapes |= {f"{epilogue}.bias": (512,), f"{epilogue}.apply_noise.weight": (512,)}
        shapes |= {f"{epilogue}.apply_noise.noise": (1, 1, size, size)}
        shapes |= {f"{epilogue}.style_mod.dense.linear.weight": (1024, 512)}
        shapes |= {f"{epilogue}.style_mod.dense.wscale.bias": (1024,)}
        if index:
            enlarging = fused and index in (2, 4)
            shapes[f"{layer}.weight" if enlarging else f"{layer}.conv.weight"] = (
                (3, 3, 512, 512) if enlarging else (512, 512, 3, 3)
            )
    for step in range(3):
        shapes |= {f"synthesis.output{step}.bias": (3,), f"synthesis.output{step}.conv.weight": (3, 512, 1, 1)}
    blur = torch.outer(torch.tensor([1.0, 2, 1]), torch.tensor([1.0, 2, 1])) / 16
    kernels = {f"synthesis.layer{index}.blur.kernel": blur.repeat(512, 1, 1, 1) for index in (2, 4)}
    fixed = {"synthesis.lod": torch.zeros(()), "truncation.truncation": torch.ones(1, 6, 1), **kernels}
    return {name: value(name, shape) for name, shape in shapes.items()} | fixed


def value(name: str, shape: tuple[int, ...]) -> Tensor:
    drawn = tensor_by_name(name, shape)
    if name.endswith("bias"):
        return 0.1 * drawn
    if name.startswith("mapping"):
        return 100 * drawn
    return 0.3 * drawn if name.endswith("apply_noise.weight") else drawn


@torch.no_grad()
@pytest.mark.parametrize("kind", ["fused", "plain"])
def test_the_images_are_those_of_the_original(tmp_path: Path, kind: str) -> None:
    path, expected = tmp_path / "stylegan.pth", fixture("interfacegan-stylegan-16")
    torch.save(interfacegan_like(fused=kind == "fused"), path)
    generator = open_checkpoint(path)
    assert relative_error(generator.synthesize(expected["z"], space="z"), expected[f"images_{kind}"]) < 1e-5
    truncated = generator.synthesize(expected["z"], space="z", truncation=(0.6, 3))
    assert relative_error(truncated, expected[f"truncated_{kind}"]) < 1e-5
    found = describe(path)
    assert (found.layout, found.resolution, found.w_dim) == ("interfacegan-stylegan", 16, 512)


def test_unfinished_and_irregular_networks_are_refused(tmp_path: Path) -> None:
    whole, path = interfacegan_like(fused=False), tmp_path / "stylegan.pth"
    for change, reason in (
        ({"synthesis.lod": torch.tensor(1.0)}, "level of detail is 1"),
        ({"synthesis.layer3.epilogue.bias": torch.zeros(300)}, "channels by resolution"),
        ({"synthesis.layer4.conv.weight": torch.zeros(512, 512, 1, 1)}, "its configuration says"),
    ):
        torch.save(whole | change, path)
        with pytest.raises(CheckpointError, match=reason):
            open_checkpoint(path)
