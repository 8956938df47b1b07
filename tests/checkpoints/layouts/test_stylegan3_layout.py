"""StyleGAN3 against the images of the original implementation, which ran with its reference operations on the CPU.

fixtures/nvlabs-stylegan3-*.npz: of configurations T (three classes), R, and one with other bands than the published;
the filters are the original's too.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from foreign_files import fixture, relative_error, tensor_by_name
from persistent_pickles import network_pickle
from torch import Tensor

import ganprobe
from ganprobe.checkpoints import Overrides, open_checkpoint
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.directions import sefa_factors
from ganprobe.generators.base import Generator

SHAPES: dict[str, dict[str, Any]] = {
    "t": {"z": 12, "w": 10, "classes": 3, "mapping": 2, "kernel": 3},
    "r": {"z": 12, "w": 10, "classes": 0, "mapping": 2, "kernel": 1},
    "other": {"z": 6, "w": 5, "classes": 0, "mapping": 1, "kernel": 3},
}
NUMBERS: dict[str, object] = {
    "mapping.fc0.bias_gain": 0.1,
    "synthesis.num_layers": 5,
    "synthesis.num_critical": 1,
    "synthesis.output_scale": 0.5,
    "synthesis.input.bandwidth": np.float64(3),
    "synthesis.L0_28_8.conv_clamp": 0.6,
    "synthesis.L0_28_8.tmp_sampling_rate": 64,
    "synthesis.L0_28_8.in_sampling_rate": 16,
}
"""What the modules of the third network keep."""
ARGUMENTS = {"z_dim": 6, "first_stopband": 5.0, "last_stopband_rel": 2**0.5, "mapping_kwargs": {"lr_multiplier": 0.1}}


def stylegan3(kind: str, colours: int = 3) -> dict[str, Tensor]:
    """The state dict that the fixture's images were made with."""
    shape, expected = SHAPES[kind], fixture(f"nvlabs-stylegan3-{kind}")
    filters = {name.removeprefix("tensor:"): each for name, each in expected.items() if name.startswith("tensor:")}
    names = sorted({name.split(".")[1] for name in filters}, key=lambda name: int(name[1:].split("_")[0]))
    names.append(f"L{len(names)}_32_{colours}")
    entering = shape["z"] + (shape["w"] if shape["classes"] else 0)
    shapes: dict[str, tuple[int, ...]] = {"mapping.w_avg": (shape["w"],)}
    if shape["classes"]:
        shapes |= {"mapping.embed.weight": (shape["w"], shape["classes"]), "mapping.embed.bias": (shape["w"],)}
    for index in range(shape["mapping"]):
        shapes[f"mapping.fc{index}.weight"] = (shape["w"], shape["w"] if index else entering)
        shapes[f"mapping.fc{index}.bias"] = (shape["w"],)
    before = int(names[0].split("_")[-1])
    shapes |= {f"synthesis.input.{name}": size for name, size in _input(before, shape["w"]).items()}
    for name in names:
        channels, kernel = int(name.split("_")[-1]), 1 if name == names[-1] else shape["kernel"]
        at = f"synthesis.{name}"
        shapes |= {f"{at}.weight": (channels, before, kernel, kernel), f"{at}.bias": (channels,)}
        shapes |= {f"{at}.affine.weight": (before, shape["w"]), f"{at}.affine.bias": (before,)}
        shapes[f"{at}.magnitude_ema"] = ()
        before = channels
    return {name: value(name, size) for name, size in shapes.items()} | filters


def _input(channels: int, w_dim: int) -> dict[str, tuple[int, ...]]:
    affine = {"affine.weight": (4, w_dim), "affine.bias": (4,), "transform": (3, 3)}
    return {"weight": (channels, channels), **affine, "freqs": (channels, 2), "phases": (channels,)}


def value(name: str, shape: tuple[int, ...]) -> Tensor:
    """The weight that the fixtures' images were made with."""
    drawn = tensor_by_name(name, shape)
    if name.endswith("magnitude_ema"):
        return 0.5 + drawn.abs().reshape(())
    if name.endswith("transform"):
        return torch.eye(3) + 0.05 * drawn * torch.tensor([1.0, 1.0, 0.0])[:, None]
    if name.startswith("mapping.fc"):
        return (100 if name.endswith("weight") else 10) * drawn
    if name.endswith("affine.bias") and "input" not in name:
        return 1 + 0.1 * drawn
    gains = {"input.phases": 0.2, "input.freqs": 1.2, "input.affine.weight": 0.2}
    return next((gain for end, gain in gains.items() if name.endswith(end)), 1.0) * drawn


def state_dict(folder: Path, tensors: dict[str, Tensor], name: str = "G.pth") -> Path:
    torch.save(tensors, folder / name)
    return folder / name


def pickled(folder: Path, tensors: dict[str, Tensor], numbers: dict[str, object] | None = None) -> Path:
    path = folder / "network-snapshot.pkl"
    source = f"open({str(folder / 'canary')!r}, 'w')\n" * 20
    path.write_bytes(network_pickle(tensors, ARGUMENTS, source=source, numbers=NUMBERS if numbers is None else numbers))
    return path


def check_images(generator: Generator, kind: str) -> None:
    expected, shape = fixture(f"nvlabs-stylegan3-{kind}"), SHAPES[kind]
    z = tensor_by_name("z", (2, shape["z"]))
    labels = torch.tensor([2, 0]) if shape["classes"] else None
    ws = tensor_by_name("w+", (2, generator.spec.spaces["w+"][0], shape["w"]))
    assert relative_error(generator.map(z, labels), expected["w"]) < 1e-5
    assert relative_error(generator.synthesize(z, space="z", labels=labels), expected["images"]) < 5e-6
    truncated = generator.synthesize(z, space="z", labels=labels, truncation=(0.6, 4))[:1]
    assert relative_error(truncated, expected["truncated"]) < 5e-6
    assert relative_error(generator.synthesize(ws, space="w+")[:1], expected["w_plus"]) < 5e-6


@torch.no_grad()
@pytest.mark.parametrize("kind", ["t", "r"])
def test_images_are_those_of_the_original(tmp_path: Path, kind: str) -> None:
    path = state_dict(tmp_path, stylegan3(kind))
    check_images(open_checkpoint(path), kind)
    found = describe(path)
    assert (found.layout, found.architecture, found.resolution) == ("nvlabs-stylegan3", "stylegan3", 32)
    assert (found.num_classes, found.z_dim, found.w_dim) == (SHAPES[kind]["classes"], 12, 10)
    assert (found.config["conv_kernel"], found.config["radial_filters"]) == ((3, False) if kind == "t" else (1, True))
    assert set(found.assumed) == {"conv_clamp", "mapping_lr_multiplier", "output_scale"}
    convert_checkpoint(path, tmp_path / "G.safetensors")
    check_images(open_checkpoint(tmp_path / "G.safetensors"), kind)


@torch.no_grad()
def test_a_pickle_records_what_no_tensor_tells_and_runs_nothing(tmp_path: Path) -> None:
    path = pickled(tmp_path, stylegan3("other"))
    check_images(open_checkpoint(path), "other")
    found = describe(path)
    assert (found.container, dict(found.assumed)) == ("pickle", {})
    assert (found.config["conv_clamp"], found.config["num_critical"], found.config["margin"]) == (0.6, 1, 6)
    assert "pickle" in found.inferred["first_cutoff"]
    assert not (tmp_path / "canary").exists()
    given = describe(path, overrides=Overrides(conv_clamp=4))
    assert (given.config["conv_clamp"], given.assumed["conv_clamp"]) == (4, "4 as given")
    with pytest.raises(CheckpointError, match=r"published ones are read from a network pickle \(.pkl\) only"):
        describe(state_dict(tmp_path, stylegan3("other")))


@torch.no_grad()
def test_the_sampler_and_its_spaces(tmp_path: Path) -> None:
    sampler = ganprobe.load(state_dict(tmp_path, stylegan3("t")))
    generator = sampler.generator  # type: ignore[attr-defined]
    assert sampler.spec.spaces == {"z": (12,), "w": (10,), "w+": (16, 10), "s": (sum(generator.style_sizes),)}
    latents = sampler.draw(range(3), seed=0)  # type: ignore[attr-defined]
    w = generator.map(latents.z, latents.labels)
    images = sampler.synthesize(latents.z, space="z", labels=latents.labels)  # type: ignore[attr-defined]
    torch.testing.assert_close(sampler.synthesize(w, space="w"), images)  # type: ignore[attr-defined]
    torch.testing.assert_close(sampler.synthesize(generator.styles(w), space="s"), images)  # type: ignore[attr-defined]
    assert sefa_factors(generator, count=3).vectors.shape == (3, 10)


@torch.no_grad()
def test_grey_generators_give_three_equal_channels(tmp_path: Path) -> None:
    path = state_dict(tmp_path, stylegan3("r", colours=1))
    assert "repeated to three" in describe(path).assumed["channels"]
    images = open_checkpoint(path).synthesize(torch.ones(1, 12), space="z")
    assert torch.equal(images, images[:, :1].expand_as(images))


@torch.no_grad()
def test_studiogan_clamps_only_in_mixed_precision(tmp_path: Path) -> None:
    path = tmp_path / "model=G_ema-best-weights-step=1.pth"
    torch.save({"state_dict": stylegan3("r"), "optimizer": {"state": {}}}, path)
    found = describe(path)
    assert (found.layout, found.config["conv_clamp"]) == ("studiogan-stylegan3", None)
    assert "mixed precision" in found.assumed["conv_clamp"]
    check_images(open_checkpoint(path), "r")
    (tmp_path / "config.yaml").write_text("MODEL:\n  backbone: stylegan2\n")
    with pytest.raises(CheckpointError, match="backbone 'stylegan2'"):
        describe(path)


def changed(tensors: dict[str, Tensor], **changes: Tensor | None) -> dict[str, Tensor]:
    merged: dict[str, Tensor | None] = {**tensors, **{name.replace("__", "."): new for name, new in changes.items()}}
    return {name: kept for name, kept in merged.items() if kept is not None}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"synthesis__L3_36_16__weight": None}, "expected 0, 1, ... without a gap"),
        ({"synthesis__L3_36_16__weight": torch.zeros(8, 16, 3, 3)}, "expected 16, as its name says"),
        ({"synthesis__L3_36_16__up_filter": torch.ones(12) / 12}, "L3_36_16.up_filter is another filter"),
        ({"synthesis__L3_36_16__magnitude_ema": None}, "lacks the tensor 'synthesis.L3_36_16.magnitude_ema'"),
        ({"synthesis__input__transform": torch.ones(3, 3)}, "no affine map"),
        ({"mapping__embed__weight": None}, "embedding of its classes was lost"),
        ({"synthesis__L14_32_3__bias": torch.zeros(4)}, "4 channels"),
        ({"synthesis__L14_32_3__affine__weight": torch.zeros(5, 5)}, "its configuration says"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, changes: dict[str, Tensor | None], reason: str) -> None:
    tensors = stylegan3("t")
    if "mapping__embed__weight" in changes:
        tensors["mapping.fc0.weight"] = torch.zeros(10, 20)
    with pytest.raises(CheckpointError, match=re.escape(reason)) as caught:
        open_checkpoint(state_dict(tmp_path, changed(tensors, **changes)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("numbers", "reason"),
    [
        ({"synthesis.num_critical": None}, "num_critical of the network in the pickle is no number"),
        ({"synthesis.num_critical": 9}, "num_layers must be at least 10"),
        ({"synthesis.L0_28_8.in_sampling_rate": 0}, "whole network"),
        ({"synthesis.output_scale": -1.0}, "output_scale must be positive"),
        ({"synthesis.L0_28_8.tmp_sampling_rate": 32}, "up_filter is another filter"),
        ({"synthesis.input.bandwidth": 2.5}, "channels by layer|another filter|sizes"),
    ],
)
def test_numbers_of_other_networks_are_refused(tmp_path: Path, numbers: dict[str, object], reason: str) -> None:
    with pytest.raises((CheckpointError, InputError), match=reason) as caught:
        open_checkpoint(pickled(tmp_path, stylegan3("other"), {**NUMBERS, **numbers}))
    assert "\n" not in str(caught.value)
