"""The ajbrock-biggan-deep and huggingface-biggan layouts, against images of the original implementations."""

from __future__ import annotations

import json
from dataclasses import replace
from math import prod, sqrt
from pathlib import Path

import pytest
import torch
from foreign_files import ajbrock_like, fixture, relative_error, tensor_by_name
from torch import Tensor

from ganprobe.checkpoints import Overrides, open_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.cli.main import run
from ganprobe.core.errors import CapabilityError, CheckpointError, InputError
from ganprobe.generators.biggan.deep import BigGANDeepConfig, BigGANDeepGenerator, published_plan

DEEP = BigGANDeepConfig(resolution=64, num_classes=4, channels=8, z_dim=5, shared_dim=3, attention=(6,))
THREE = published_plan(32, depth=3)
AJBROCK = {
    "64": (DEEP, {}),
    "64-mybn": (replace(DEEP, attention=(4, 8), bn_epsilon=1e-2), {"bn_epsilon": 1e-2}),
    "32-depth3": (
        replace(DEEP, resolution=32, widths=THREE[0], upsampling=THREE[1], attention=(3,), sn_epsilon=1e-8),
        {},
    ),
}
REGULAR = [[False, 16, 8], [True, 8, 4], [False, 4, 2], [True, 2, 1]]
IRREGULAR = [[False, 16, 16], [False, 16, 8], [True, 8, 4], [False, 4, 2], [True, 2, 1]]
HUGGINGFACE = {"16": (REGULAR, 2), "16-irregular": (IRREGULAR, 4)}
Shape = tuple[int, ...]


def value(name: str, shape: Shape) -> Tensor:
    """The weight that the fixtures' images were made with."""
    drawn = tensor_by_name(name, shape)
    if name.endswith(("stored_var", "running_vars")):
        return 0.5 + drawn.abs()
    if name == "output_layer.0.gain":
        return 0.1 * (1 + 0.1 * drawn)
    if name.endswith(("gain", "generator.bn.weight")):
        return 1 + 0.1 * drawn
    if name.endswith((".u0", "gamma")):
        return drawn
    if name.endswith(("_u", "_v")):
        return drawn / drawn.norm()
    if name.endswith(("stored_mean", "running_means")):
        return 0.1 * drawn
    return drawn / sqrt(prod(shape[1:])) if len(shape) > 1 else 0.1 * drawn


def foreign_name(native: str, *, own_norm: bool) -> str:
    """A name of BigGANDeepGenerator's state dict as BigGAN-PyTorch has it."""
    words = native.split(".")
    if words[0] == "attention":
        words = ["blocks", str(int(words[1]) - 1), "1", *words[2:]]
    elif words[0] == "blocks":
        words = ["blocks", words[1], "0", words[2].replace("norm", "bn"), *words[3:]]
    elif words[0].startswith("output"):
        words = ["output_layer", "0" if words[0] == "output_norm" else "2", *words[1:]]
    if words[-1] == "u":
        words = [*words[:-2], "u0"]
    elif words[-1].startswith("running_"):
        stored = words[-1].replace("running", "stored")
        words = [*words[:-2], *(["bn"] if own_norm else []), stored]
    return ".".join(words)


def ajbrock_deep(config: BigGANDeepConfig, *, own_norm: bool = False) -> dict[str, Tensor]:
    """Tensors as the original's training saves them."""
    tensors = {}
    for native, tensor in BigGANDeepGenerator(config).state_dict().items():
        name = foreign_name(native, own_norm=own_norm)
        shape = tuple(tensor.shape[1:]) if ".statistics." in native else tuple(tensor.shape)
        shape = (1, *shape) if name.endswith(".u0") else shape
        tensors[name] = value(name, shape)
        if name.endswith(".u0"):
            tensors[name.replace(".u0", ".sv0")] = torch.full((1,), 7.0)
        if own_norm and name.endswith("stored_mean"):
            tensors[name.replace("stored_mean", "accumulation_counter")] = torch.zeros(1)
    return tensors


def normalised(layer: str, shape: Shape, *, bias: bool = True) -> dict[str, Shape]:
    """Names and shapes of a layer with spectral normalisation."""
    shapes = {f"{layer}.weight_orig": shape, f"{layer}.weight_u": shape[:1], f"{layer}.weight_v": (prod(shape[1:]),)}
    return shapes | ({f"{layer}.bias": shape[:1]} if bias else {})


def huggingface_shapes(layers: list[list[int]], attention: int, channels: int = 4) -> dict[str, Shape]:
    """Of a network with 4 classes and 5 numbers of z."""
    shapes: dict[str, Shape] = {"embeddings.weight": (5, 4), **normalised("generator.gen_z", (256 * channels, 10))}
    number = 0
    for position, (_, before, after) in enumerate(layers):
        here = f"generator.layers.{number}"
        wide, inner = before * channels, before * channels // 4
        if position == attention:
            shapes[f"{here}.gamma"] = (1,)
            for name, outputs, inputs in (("theta", 8, 1), ("phi", 8, 1), ("g", 2, 1), ("o_conv", 1, 2)):
                shape = (wide // outputs, wide // inputs, 1, 1)
                shapes |= normalised(f"{here}.snconv1x1_{name}", shape, bias=False)
            number += 1
            here = f"generator.layers.{number}"
        for index, (inputs, outputs, size) in enumerate(
            ((wide, inner, 1), (inner, inner, 3), (inner, inner, 3), (inner, after * channels, 1))
        ):
            norm = f"{here}.bn_{index}"
            shapes |= {f"{norm}.running_means": (51, inputs), f"{norm}.running_vars": (51, inputs)}
            shapes |= normalised(f"{norm}.scale", (inputs, 10), bias=False)
            shapes |= normalised(f"{norm}.offset", (inputs, 10), bias=False)
            shapes |= normalised(f"{here}.conv_{index}", (outputs, inputs, size, size))
        number += 1
    shapes |= {f"generator.bn.{part}": (channels,) for part in ("weight", "bias")}
    shapes |= {f"generator.bn.running_{part}": (51, channels) for part in ("means", "vars")}
    return shapes | normalised("generator.conv_to_rgb", (channels, channels, 3, 3))


def huggingface_like(layers: list[list[int]], attention: int) -> dict[str, Tensor]:
    tensors = {name: value(name, shape) for name, shape in huggingface_shapes(layers, attention).items()}
    for name in [name for name in tensors if name.endswith("_orig")]:
        layer, matrix = name.removesuffix("_orig"), tensors[name].flatten(1)
        u, v = tensors[f"{layer}_u"], tensors[f"{layer}_v"]
        for _ in range(3):  # near to the singular vectors, yet not there: one step more would show
            u = matrix @ v / (matrix @ v).norm()
            v = u @ matrix / (u @ matrix).norm()
        tensors |= {f"{layer}_u": u, f"{layer}_v": v}
    return tensors


def declared(layers: list[list[int]], attention: int, **changes: object) -> str:
    """config.json as the package writes it."""
    fields = {
        "attention_layer_position": attention,
        "channel_width": 4,
        "class_embed_dim": 5,
        "eps": 1e-4,
        "layers": layers,
        "n_stats": 51,
        "num_classes": 4,
        "output_dim": 16,
        "z_dim": 5,
    }
    return json.dumps({**fields, **changes})


@pytest.fixture
def regular(tmp_path: Path) -> Path:
    """A checkpoint of the package without config.json."""
    path = tmp_path / "pytorch_model.bin"
    torch.save(huggingface_like(REGULAR, 2), path)
    return path


@torch.no_grad()
@pytest.mark.parametrize("name", AJBROCK)
def test_images_of_bigganpytorch(tmp_path: Path, name: str) -> None:
    (config, given), path = AJBROCK[name], tmp_path / "G_ema.pth"
    torch.save(ajbrock_deep(config, own_norm=name == "64-mybn"), path)
    generator = open_checkpoint(path, overrides=Overrides(**given))
    assert generator.config == config
    expected = fixture(f"ajbrock-biggan-deep-{name}")
    images = generator.synthesize(expected["z"], space="z", labels=expected["labels"])
    assert relative_error(images, expected["images"]) < 2e-6


@torch.no_grad()
def test_synchronised_statistics_multiply_as_in_training(tmp_path: Path) -> None:
    """The statistics of --mybn under the names of --cross_replica make the same images."""
    (config, given), path = AJBROCK["64-mybn"], tmp_path / "G_ema.pth"
    tensors = {
        name.replace(".bn.stored_", ".bn.running_"): tensor
        for name, tensor in ajbrock_deep(config, own_norm=True).items()
    }
    torch.save(tensors, path)
    expected = fixture("ajbrock-biggan-deep-64-mybn")
    generator = open_checkpoint(path, overrides=Overrides(**given))
    images = generator.synthesize(expected["z"], space="z", labels=expected["labels"])
    assert relative_error(images, expected["images"]) < 2e-6


@torch.no_grad()
@pytest.mark.parametrize("name", HUGGINGFACE)
def test_images_of_the_pretrained_package(tmp_path: Path, name: str) -> None:
    (layers, attention), path = HUGGINGFACE[name], tmp_path / "pytorch_model.bin"
    torch.save(huggingface_like(layers, attention), path)
    (tmp_path / "config.json").write_text(declared(layers, attention))
    expected = fixture(f"huggingface-biggan-{name}")
    ours, compatible = open_checkpoint(path), open_checkpoint(path, overrides=Overrides(compat=True))

    def error(generator: object, truncation: float, images: str) -> float:
        assert isinstance(generator, BigGANDeepGenerator)
        made = generator.synthesize(expected["z"], space="z", labels=expected["labels"], truncation=truncation)
        return relative_error(made, expected[f"images_{images}"])

    for generator in (ours, compatible):
        assert error(generator, 1.0, "1") < 3e-6
        assert error(generator, 0.4, "0.4") < 3e-6
    assert error(compatible, 0.476, "0.476") < 3e-6
    assert error(ours, 0.476, "0.476_right") < 3e-6
    assert error(ours, 0.476, "0.476") > 0.05
    found = describe(path)
    assert (found.layout, found.resolution, found.z_dim, found.num_classes) == ("huggingface-biggan", 16, 5, 4)
    assert found.config["attention"] == (attention,)
    assert {"upsampling", "bn_epsilon"} <= set(found.inferred)


@torch.no_grad()
def test_without_config_json_every_other_block_doubles(regular: Path) -> None:
    generator, expected = open_checkpoint(regular), fixture("huggingface-biggan-16")
    images = generator.synthesize(expected["z"], space="z", labels=expected["labels"])
    assert relative_error(images, expected["images_1"]) < 3e-6
    assert {"upsampling", "bn_epsilon", "spectral_norm"} <= set(describe(regular).assumed)


def test_the_epsilon_is_declared_or_given(regular: Path) -> None:
    beside = regular.parent / "config.json"
    assert open_checkpoint(regular).config.bn_epsilon == 1e-4
    beside.write_text(declared(REGULAR, 2, eps=3e-4))
    config = open_checkpoint(regular).config
    assert (config.bn_epsilon, config.output_bn_epsilon) == (3e-4, 3e-4)
    assert open_checkpoint(regular, overrides=Overrides(bn_epsilon=0.5)).config.bn_epsilon == 0.5
    beside.write_text(json.dumps({"model_type": "another", "eps": 1}))
    assert open_checkpoint(regular).config.bn_epsilon == 1e-4


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[1]", "no JSON object"),
        (" " * (2**20 + 1), "larger than"),
        (declared(IRREGULAR, 2), "not the blocks of the tensors"),
        (declared([[True, 16]], 2), "not triples"),
        (declared(REGULAR, 2, n_stats=11), "n_stats is 51 in the tensors"),
        (declared(REGULAR, 2, num_classes=1000), "num_classes is 4 in the tensors"),
        (declared(REGULAR, 2, eps="small"), "eps of config.json must be a number"),
        (declared(REGULAR, 2, eps=float("nan")), "bn_epsilon must be positive"),
    ],
)
def test_a_config_json_that_is_not_its_own(regular: Path, text: str, reason: str) -> None:
    (regular.parent / "config.json").write_text(text)
    with pytest.raises(CheckpointError, match=reason) as caught:
        open_checkpoint(regular)
    assert "\n" not in str(caught.value)


@torch.no_grad()
def test_weights_whose_normalisation_was_removed(tmp_path: Path, regular: Path) -> None:
    tensors = huggingface_like(REGULAR, 2)
    for name in [name for name in tensors if name.endswith("_orig")]:
        layer = name.removesuffix("_orig")
        weight, u, v = (tensors.pop(f"{layer}_{part}") for part in ("orig", "u", "v"))
        tensors[layer] = weight / (u @ weight.flatten(1) @ v)
    path = tmp_path / "plain.bin"
    torch.save(tensors, path)
    expected = open_checkpoint(regular).state_dict()
    for name, tensor in open_checkpoint(path).state_dict().items():
        torch.testing.assert_close(tensor, expected[name], msg=name)


def test_the_two_bigganpytorch_networks_are_told_apart(tmp_path: Path) -> None:
    shallow, deep = tmp_path / "G.pth", tmp_path / "G_deep.pth"
    torch.save(ajbrock_like(), shallow)
    torch.save({"G_ema": {f"module.{name}": value for name, value in ajbrock_deep(DEEP).items()}}, deep)
    assert (describe(shallow).layout, describe(deep).layout) == ("ajbrock-biggan", "ajbrock-biggan-deep")
    found = describe(deep)
    assert found.parameters == sum(parameter.numel() for parameter in open_checkpoint(deep).parameters())
    assert set(found.assumed) == {"bn_epsilon", "sn_epsilon", "output_bn_epsilon"}
    with pytest.raises(InputError, match="no use for compat"):
        describe(deep, overrides=Overrides(compat=True))
    with pytest.raises(CapabilityError, match="of the whole z alone"):
        open_checkpoint(deep).synthesize(torch.zeros(1, 5), space="z", labels=torch.zeros(1).long(), truncation=0.5)


def test_what_is_no_whole_network_is_refused_in_one_line(tmp_path: Path) -> None:
    path, ajbrock, huggingface = tmp_path / "G.pth", ajbrock_deep(DEEP), huggingface_like(REGULAR, 2)
    for whole, lost in (
        (ajbrock, "blocks.3.0.conv4.weight"),
        (ajbrock, "blocks.5.1.gamma"),
        (ajbrock, "linear.u0"),
        (huggingface, "generator.layers.1.conv_2.weight_v"),
        (huggingface, "generator.layers.2.gamma"),
        (huggingface, "generator.layers.2.snconv1x1_theta.weight_u"),
        (huggingface, "generator.layers.3.bn_0.running_means"),
        (huggingface, "generator.bn.running_vars"),
    ):
        torch.save({name: tensor for name, tensor in whole.items() if name != lost}, path)
        with pytest.raises(CheckpointError) as caught:
            open_checkpoint(path)
        assert "\n" not in str(caught.value), lost
    torch.save(ajbrock | {"blocks.0.0.conv1.weight": torch.zeros(2, 17, 1, 1)}, path)
    with pytest.raises(CheckpointError, match="no BigGAN-deep has 8 blocks"):
        open_checkpoint(path)


@torch.no_grad()
def test_inspect_and_convert(tmp_path: Path, regular: Path, capsys: pytest.CaptureFixture[str]) -> None:
    right, swapped = tmp_path / "right.safetensors", tmp_path / "swapped.safetensors"
    assert run(["inspect", str(regular), "--json", "--compat"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["layout"], said["config"]["swapped_interpolation"]) == ("huggingface-biggan", True)
    assert run(["convert", str(regular), str(right)]) == 0
    assert run(["convert", str(regular), str(swapped), "--compat"]) == 0
    expected = fixture("huggingface-biggan-16")
    for path, images in ((right, "images_0.476_right"), (swapped, "images_0.476")):
        made = open_checkpoint(path).synthesize(expected["z"], space="z", labels=expected["labels"], truncation=0.476)
        assert relative_error(made, expected[images]) < 3e-6
    capsys.readouterr()
    assert run(["inspect", str(swapped)]) == 0
    assert "biggan-deep" in capsys.readouterr().out
    assert run(["inspect", str(right), "--compat"]) == 2
