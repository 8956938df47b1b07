"""genforce's own StyleGAN and StyleGAN2 against the images of its networks."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from foreign_files import fixture, relative_error, tensor_by_name
from torch import Tensor

from ganprobe.checkpoints import open_checkpoint
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.base import Generator

W_DIM = 10
Shapes = dict[str, tuple[int, ...]]


def value(name: str, shape: tuple[int, ...]) -> Tensor:
    """A weight that the fixture's images were made with."""
    drawn = tensor_by_name(name, shape)
    if name.endswith("bias"):
        return 0.1 * drawn
    if name.startswith("mapping.dense"):
        return 100 * drawn
    return 0.3 * drawn if name.endswith(("apply_noise.weight", "noise_strength")) else drawn


def named(shapes: Shapes) -> dict[str, Tensor]:
    return {name: value(name, shape) for name, shape in shapes.items()}


def mapping(entering: int) -> Shapes:
    """Three dense layers, and the mean of w."""
    shapes: Shapes = {"truncation.w_avg": (W_DIM,)}
    for index in range(3):
        dense = f"mapping.dense{index}"
        shapes |= {f"{dense}.weight": (W_DIM, W_DIM if index else entering), f"{dense}.bias": (W_DIM,)}
    return shapes


def stylegan(widths: tuple[int, ...], entering: int = 12) -> dict[str, Tensor]:
    """A StyleGAN of genforce's code with these channels at 4, 8, ... pixels."""
    shapes = mapping(entering) | {"synthesis.layer0.const": (1, widths[0], 4, 4)}
    for index in range(2 * len(widths)):
        layer, out, size = f"synthesis.layer{index}", widths[index // 2], 4 << index // 2
        shapes |= {f"{layer}.bias": (out,), f"{layer}.apply_noise.weight": (out,)}
        shapes |= {f"{layer}.apply_noise.noise": (1, 1, size, size)}
        shapes |= {f"{layer}.style.weight": (2 * out, W_DIM), f"{layer}.style.bias": (2 * out,)}
        if index:
            shapes[f"{layer}.weight"] = (out, widths[(index - 1) // 2], 3, 3)
    for step, out in enumerate(widths):
        shapes |= {f"synthesis.output{step}.weight": (3, out, 1, 1), f"synthesis.output{step}.bias": (3,)}
    taps = torch.tensor([1.0, 2, 1])
    blurs = {
        f"synthesis.layer{2 * step}.blur.kernel": (torch.outer(taps, taps) / 16).repeat(widths[step], 1, 1, 1)
        for step in range(1, len(widths))
    }
    return named(shapes) | blurs | {"synthesis.lod": torch.zeros(())}


def stylegan2(entering: int = 12) -> dict[str, Tensor]:
    """A StyleGAN2 of genforce's code: 16 pixels, channels 24, 24, 16."""
    widths = (24, 24, 16)
    shapes = mapping(entering) | {"synthesis.early_layer.const": (1, 24, 4, 4)}
    for index in range(5):
        layer, size = f"synthesis.layer{index}", 4 << (index + 1) // 2
        inside, out = widths[index // 2], widths[(index + 1) // 2]
        shapes |= {f"{layer}.weight": (out, inside, 3, 3), f"{layer}.noise_strength": ()}
        shapes |= {f"{layer}.noise": (1, 1, size, size)} | styled(layer, inside, out)
    for step, width in enumerate(widths):
        shapes |= {f"synthesis.output{step}.weight": (3, width, 1, 1)} | styled(f"synthesis.output{step}", width, 3)
    taps = torch.tensor([1.0, 3, 3, 1])
    kernels = ["synthesis.layer1.filter.kernel", "synthesis.layer3.filter.kernel", "synthesis.upsample.kernel"]
    return named(shapes) | dict.fromkeys(kernels, (torch.outer(taps, taps) / 16)[None, None])


def styled(layer: str, inside: int, out: int) -> Shapes:
    return {f"{layer}.bias": (out,), f"{layer}.style.weight": (inside, W_DIM), f"{layer}.style.bias": (inside,)}


def opened(tmp_path: Path, content: object) -> Generator:
    torch.save(content, tmp_path / "network.pth")
    return open_checkpoint(tmp_path / "network.pth")


def images(generator: Generator, z: Tensor, labels: Tensor | None = None, cutoff: int = 3) -> tuple[Tensor, Tensor]:
    """With and without truncation."""
    whole = generator.synthesize(z, space="z", labels=labels)
    return whole, generator.synthesize(z, space="z", labels=labels, truncation=(0.6, cutoff))


@torch.no_grad()
def test_stylegan(tmp_path: Path) -> None:
    expected = fixture("genforce-16")
    whole, truncated = images(opened(tmp_path, {"generator_smooth": stylegan((24, 24, 12))}), expected["z"])
    assert relative_error(whole, expected["one_plain"]) < 1e-5
    assert relative_error(truncated, expected["one_plain_truncated"]) < 1e-5
    found = describe(tmp_path / "network.pth")
    assert (found.layout, found.resolution, found.z_dim, found.w_dim) == ("genforce-stylegan", 16, 12, 10)
    assert {"fused_scale", "mapping_lr_multiplier"} <= found.assumed.keys()


@torch.no_grad()
def test_stylegan_with_labels(tmp_path: Path) -> None:
    expected = fixture("genforce-16")
    tensors = stylegan((24, 24, 12), entering=24) | named({"mapping.label_weight": (3, 12)})
    generator = opened(tmp_path, tensors)
    assert (generator.config.num_classes, generator.config.z_dim) == (3, 12)
    whole, truncated = images(generator, expected["z"], expected["labels"])
    assert relative_error(whole, expected["one_labels"]) < 1e-5
    assert relative_error(truncated, expected["one_labels_truncated"]) < 1e-5


@torch.no_grad()
def test_stylegan_with_fused_layers(tmp_path: Path) -> None:
    expected = fixture("genforce-16")
    generator = opened(
        tmp_path, {"models": {"generator": stylegan((8, 8, 8, 8, 4, 2))}, "running_metadata": {"iter": 1}}
    )
    whole, truncated = images(generator, expected["z"][:1], cutoff=4)
    assert relative_error(whole[:, :, ::5, ::5], expected["one_fused"]) < 1e-5
    assert relative_error(truncated[:, :, ::5, ::5], expected["one_fused_truncated"]) < 1e-5


@torch.no_grad()
def test_stylegan2(tmp_path: Path) -> None:
    expected, tensors = fixture("genforce-16"), stylegan2()
    other = {name: torch.zeros_like(tensor) for name, tensor in tensors.items()}
    generator = opened(tmp_path, {"generator": other, "discriminator": {}, "generator_smooth": tensors})
    whole, truncated = images(generator, expected["z"])
    assert relative_error(whole, expected["two"]) < 1e-5
    assert relative_error(truncated, expected["two_truncated"]) < 1e-5
    found = describe(tmp_path / "network.pth")
    assert (found.layout, found.resolution, found.z_dim, found.num_classes) == ("genforce-stylegan2", 16, 12, 0)


@torch.no_grad()
def test_stylegan2_ada_with_labels(tmp_path: Path) -> None:
    expected = fixture("genforce-16")
    labels = {"mapping.LabelEmbed.weight": (10, 3), "mapping.LabelEmbed.bias": (10,)}
    generator = opened(tmp_path, stylegan2(entering=20) | named(labels))
    whole, truncated = images(generator, expected["z"][:, :10], expected["labels"])
    assert relative_error(whole, expected["ada_labels"]) < 1e-5
    assert relative_error(truncated, expected["ada_labels_truncated"]) < 1e-5


@torch.no_grad()
def test_stylegan2_with_labels(tmp_path: Path) -> None:
    expected = fixture("genforce-16")
    generator = opened(tmp_path, stylegan2(entering=20) | named({"mapping.label_weight": (3, 10)}))
    whole, truncated = images(generator, expected["z"][:, :10], expected["labels"])
    assert relative_error(whole, expected["two_labels"]) < 1e-5
    assert relative_error(truncated, expected["two_labels_truncated"]) < 1e-5


@torch.no_grad()
def test_converting_keeps_the_images(tmp_path: Path) -> None:
    before = opened(tmp_path, stylegan2())
    convert_checkpoint(tmp_path / "network.pth", tmp_path / "native.safetensors")
    z = fixture("genforce-16")["z"]
    after = open_checkpoint(tmp_path / "native.safetensors")
    assert torch.equal(images(before, z)[1], images(after, z)[1])


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"synthesis.lod": torch.tensor(0.5)}, "level of detail is 0.5"),
        ({"truncation.w_avg": torch.zeros(60)}, "one w for all layers"),
        ({"synthesis.layer3.bias": torch.zeros(30)}, "channels by resolution"),
        ({"synthesis.layer3.apply_noise.noise": torch.zeros(1, 24, 1, 1)}, "its configuration says"),
    ],
)
def test_other_stylegans_are_refused(tmp_path: Path, change: dict[str, Tensor], reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason):
        opened(tmp_path, stylegan((24, 24, 12)) | change)


def test_other_stylegan2s_are_refused(tmp_path: Path) -> None:
    tensors = stylegan2()
    with pytest.raises(CheckpointError, match="architecture 'orig'"):
        opened(tmp_path, {name: tensor for name, tensor in tensors.items() if "output0" not in name})


def test_names_with_vast_numbers_cost_nothing(tmp_path: Path) -> None:
    for tensors, name in (
        (stylegan((24, 24, 12)), "synthesis.layer99999999999.weight"),
        (stylegan2(), "synthesis.output99999999999.style.weight"),
    ):
        assert opened(tmp_path, tensors | {name: torch.zeros(1)}).config.resolution == 16
