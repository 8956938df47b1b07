"""The StyleGAN2 layouts against the images of the original implementations."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from foreign_files import fixture, oracle, relative_error, tensor_by_name
from persistent_pickles import network_pickle
from torch import Tensor

from ganprobe.checkpoints import Overrides, open_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.base import Generator
from ganprobe.generators.stylegan2.generator import StyleGAN2Config

FIR = torch.outer(torch.tensor([1.0, 3, 3, 1]), torch.tensor([1.0, 3, 3, 1])) / 64


def named(shapes: dict[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The weights that the fixtures' images were made with."""
    tensors = {}
    for name, shape in shapes.items():
        value = tensor_by_name(name, shape)
        if name.endswith("bias"):
            value = 0.1 * value + float("affine" in name or "modulation" in name)
        tensors[name] = 0.3 * value if name.endswith(("noise_strength", "noise.weight")) else value
    return tensors


def modulated(prefix: str, affine: str, inside: int, w_dim: int) -> dict[str, tuple[int, ...]]:
    return {f"{prefix}.{affine}.weight": (inside, w_dim), f"{prefix}.{affine}.bias": (inside,)}


def ada_like() -> dict[str, Tensor]:
    """A conditional generator of stylegan2-ada-pytorch: 16 pixels, 3 classes, channels 24, 24, 16."""
    shapes: dict[str, tuple[int, ...]] = {"mapping.embed.weight": (10, 3), "mapping.embed.bias": (10,)}
    shapes |= {"mapping.w_avg": (10,), "synthesis.b4.const": (24, 4, 4)}
    for index, width in enumerate((22, 10, 10)):
        shapes |= {f"mapping.fc{index}.weight": (10, width), f"mapping.fc{index}.bias": (10,)}
    filters = ["synthesis.b4.resample_filter"]
    for size, inside, outside in ((4, 24, 24), (8, 24, 24), (16, 24, 16)):
        block = f"synthesis.b{size}"
        for conv, entering in (("conv0", inside), ("conv1", outside))[size == 4 :]:
            layer = f"{block}.{conv}"
            shapes |= {f"{layer}.weight": (outside, entering, 3, 3), f"{layer}.bias": (outside,)}
            shapes |= {f"{layer}.noise_strength": (), f"{layer}.noise_const": (size, size)}
            shapes |= modulated(layer, "affine", entering, 10)
            filters.append(f"{layer}.resample_filter")
        shapes |= {f"{block}.torgb.weight": (3, outside, 1, 1), f"{block}.torgb.bias": (3,)}
        shapes |= modulated(f"{block}.torgb", "affine", outside, 10)
    return named(shapes) | dict.fromkeys(filters, FIR)


def rosinality_like() -> dict[str, Tensor]:
    """A generator of rosinality's stylegan2-pytorch: 16 pixels, 3 mapping layers, 512 channels."""
    shapes: dict[str, tuple[int, ...]] = {"input.input": (1, 512, 4, 4)}
    for index in (1, 2, 3):
        shapes |= {f"style.{index}.weight": (24, 24), f"style.{index}.bias": (24,)}
    for index in range(5):
        layer, size = f"convs.{index - 1}" if index else "conv1", 4 << (index + 1) // 2
        shapes |= {f"{layer}.conv.weight": (1, 512, 512, 3, 3), f"{layer}.noise.weight": (1,)}
        shapes |= {f"{layer}.activate.bias": (512,), f"noises.noise_{index}": (1, 1, size, size)}
        shapes |= modulated(f"{layer}.conv", "modulation", 512, 24)
    for name in ("to_rgb1", "to_rgbs.0", "to_rgbs.1"):
        shapes |= {f"{name}.conv.weight": (1, 3, 512, 1, 1), f"{name}.bias": (1, 3, 1, 1)}
        shapes |= modulated(f"{name}.conv", "modulation", 512, 24)
    kernels = ["convs.0.conv.blur.kernel", "convs.2.conv.blur.kernel", "to_rgbs.0.upsample.kernel"]
    return named(shapes) | dict.fromkeys(kernels, 4 * FIR)


def opened(tmp_path: Path, content: object, overrides: Overrides | None = None) -> Generator:
    torch.save(content, tmp_path / "network.pt")
    return open_checkpoint(tmp_path / "network.pt", overrides=overrides)


@torch.no_grad()
def test_nvlabs_oracle(tmp_path: Path) -> None:
    tensors, expected = oracle("stylegan2-ada-32")
    generator = opened(tmp_path, tensors)
    z = expected["z"]
    w = generator.map(z)
    assert relative_error(w[:, None].expand(expected["w"].shape), expected["w"]) < 1e-5
    assert relative_error(generator.synthesize(z, space="z"), expected["images"]) < 1e-5
    truncated = generator.synthesize(z, space="z", truncation=(0.5, 4), noise="zero")
    assert relative_error(truncated, expected["truncated_no_noise"]) < 1e-5


@torch.no_grad()
def test_nvlabs_conditional_with_clamp(tmp_path: Path) -> None:
    expected = fixture("nvlabs-stylegan2-ada-16")
    generator = opened(tmp_path, ada_like(), Overrides(conv_clamp=4.0))
    z, labels = expected["z"], expected["labels"]
    w = generator.map(z, labels)
    assert relative_error(w[:, None].expand(expected["w"].shape), expected["w"]) < 1e-5
    assert relative_error(generator.synthesize(z, space="z", labels=labels), expected["images"]) < 1e-5
    truncated = generator.synthesize(z, space="z", labels=labels, truncation=(0.7, 3), noise="zero")
    assert relative_error(truncated, expected["truncated_no_noise"]) < 1e-5
    unclamped = opened(tmp_path, ada_like()).synthesize(z, space="z", labels=labels)
    assert relative_error(unclamped, expected["images"]) > 1e-3
    found = describe(tmp_path / "network.pt")
    assert (found.layout, found.num_classes, found.z_dim, found.w_dim) == ("nvlabs-stylegan2-ada", 3, 12, 10)
    assert "conv_clamp" in found.assumed


@torch.no_grad()
@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_nvlabs_pickle(tmp_path: Path, protocol: int) -> None:
    canary, path = tmp_path / "canary", tmp_path / "network-snapshot.pkl"
    arguments = {"z_dim": 12, "synthesis_kwargs": {"channel_base": 256, "conv_clamp": 4.0}, "mapping_kwargs": {}}
    source = f"open({str(canary)!r}, 'w')\n" * 40
    path.write_bytes(network_pickle(ada_like(), arguments, source=source, protocol=protocol))
    generator, expected = open_checkpoint(path), fixture("nvlabs-stylegan2-ada-16")
    images = generator.synthesize(expected["z"], space="z", labels=expected["labels"])
    assert relative_error(images, expected["images"]) < 1e-5
    found = describe(path)
    assert (found.container, found.config["conv_clamp"], dict(found.assumed)) == ("pickle", 4.0, {})
    assert not canary.exists()


def test_what_the_modules_of_a_pickle_keep_goes_before_its_arguments(tmp_path: Path) -> None:
    """StyleGAN3's project writes networks of these names too, with other defaults and no `synthesis_kwargs`."""
    path = tmp_path / "network.pkl"
    kept: dict[str, object] = {"synthesis.b4.conv1.conv_clamp": 256, "mapping.fc0.bias_gain": 0.1}
    for numbers, arguments, clamp, rate in (
        (kept, {}, 256, 0.1),
        ({"synthesis.b4.conv1.conv_clamp": None}, {"conv_clamp": 3}, None, 0.01),
        ({}, {"conv_clamp": 3}, 3, 0.01),
    ):
        path.write_bytes(network_pickle(ada_like(), arguments, source="", numbers=numbers))
        config = describe(path).config
        assert (config["conv_clamp"], config["mapping_lr_multiplier"]) == (clamp, rate)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"synthesis_kwargs": {"conv_clamp": "4"}}, "conv_clamp among"),
        ({"synthesis_kwargs": {"conv_clamp": -4}}, "conv_clamp must be positive"),
        ({"mapping_kwargs": {"lr_multiplier": None}}, "lr_multiplier among"),
        ({"synthesis_kwargs": {"activation": "relu"}}, "activation"),
    ],
)
def test_arguments_of_other_networks_are_refused(tmp_path: Path, arguments: dict[str, object], reason: str) -> None:
    path = tmp_path / "network.pkl"
    path.write_bytes(network_pickle(ada_like(), arguments, source=""))
    with pytest.raises(CheckpointError, match=reason):
        open_checkpoint(path)


@torch.no_grad()
def test_rosinality(tmp_path: Path) -> None:
    expected, tensors = fixture("rosinality-stylegan2-16"), rosinality_like()
    generator = opened(tmp_path, {"g_ema": tensors, "latent_avg": expected["latent_avg"]})
    z, noise = expected["z"], [expected[f"noise_{index}"] for index in range(5)]
    assert relative_error(generator.synthesize(z, space="z"), expected["images"]) < 1e-5
    truncated = generator.synthesize(z, space="z", truncation=0.6, noise=noise)
    assert relative_error(truncated, expected["truncated"]) < 1e-5
    assert generator.config == StyleGAN2Config(
        resolution=16, z_dim=24, w_dim=24, mapping_layers=3, channel_base=512 * 16
    )


@torch.no_grad()
def test_rosinality_files_without_noise_or_mean(tmp_path: Path) -> None:
    whole = rosinality_like()
    older = {name: value for name, value in whole.items() if not name.startswith("noises.")}
    generator = opened(tmp_path, {"g": {}, "g_ema": older, "args": None})
    found = describe(tmp_path / "network.pt")
    assert {"w_avg", "noise_const"} <= found.assumed.keys()
    expected = fixture("rosinality-stylegan2-16")
    z, noise = expected["z"], [whole[f"noises.noise_{index}"] for index in range(5)]
    assert relative_error(generator.synthesize(z, space="z", noise=noise), expected["images"]) < 1e-5
    w = generator.map(torch.randn(2000, 24, generator=torch.Generator().manual_seed(0)))
    assert (w.mean(0) - generator.w_avg).abs().max() < 0.1 * w.std()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"synthesis.b8.skip.weight": torch.zeros(24, 24, 1, 1)}, "'resnet'"),
        ({"synthesis.b4.torgb.weight": None}, "'orig'"),
        ({"synthesis.b8.conv1.bias": torch.zeros(23)}, "channels by resolution"),
        ({"synthesis.b8.conv0.resample_filter": torch.rand(4, 4)}, "no outer product"),
        ({"synthesis.b8.conv0.weight": torch.zeros(24, 24, 5, 5)}, "does not fit|its configuration says"),
        ({"synthesis.b16.conv1.affine.bias": None}, "affine.bias"),
        ({"synthesis.b16.conv1.noise_const": torch.zeros(8, 8)}, "its configuration says"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, change: dict[str, Tensor | None], reason: str) -> None:
    tensors = {name: value for name, value in (ada_like() | change).items() if value is not None}
    with pytest.raises(CheckpointError, match=reason) as caught:
        opened(tmp_path, tensors)
    assert "\n" not in str(caught.value)
