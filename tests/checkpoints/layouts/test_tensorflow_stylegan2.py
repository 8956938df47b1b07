"""TensorFlow pickles of StyleGAN2 and StyleGAN2-ADA, against the images of the same variables in NVlabs' PyTorch
network after its own conversion, and in genforce's after genforce's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_files import fixture, relative_error, tensor_by_name
from persistent_pickles import Network, tensorflow_pickle

from ganprobe.checkpoints import Overrides, open_checkpoint
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.core.errors import CheckpointError

DIM = 10
WIDTHS = {4: 24, 8: 24, 16: 16}
Shapes = dict[str, tuple[int, ...]]


def value(name: str, shape: tuple[int, ...]) -> np.ndarray | np.float32:
    """A variable that the fixture's images were made with; without axes a NumPy number, as TensorFlow gives it."""
    drawn = tensor_by_name(name, shape).numpy()
    if name.endswith("bias"):
        return 0.1 * drawn
    if name.startswith("Dense"):
        return 100 * drawn
    return np.float32(0.3 * drawn) if name.endswith("noise_strength") else drawn


def variables(shapes: Shapes) -> list[tuple[str, object]]:
    return [(name, value(name, shape)) for name, shape in shapes.items()]


def mapping(classes: int) -> Shapes:
    shapes: Shapes = {"LabelEmbed/weight": (classes, DIM), "LabelEmbed/bias": (DIM,)} if classes else {}
    for index in range(3):
        entering = 2 * DIM if classes and not index else DIM
        shapes |= {f"Dense{index}/weight": (entering, DIM), f"Dense{index}/bias": (DIM,)}
    return shapes


def modulated(name: str, inside: int, out: int, kernel: int) -> Shapes:
    shapes: Shapes = {f"{name}/weight": (kernel, kernel, inside, out), f"{name}/bias": (out,)}
    return shapes | {f"{name}/mod_weight": (DIM, inside), f"{name}/mod_bias": (inside,)}


def synthesis() -> Shapes:
    shapes: Shapes = {f"noise{index}": (1, 1, 4 << (index + 1) // 2, 4 << (index + 1) // 2) for index in range(5)}
    shapes |= {"4x4/Const/const": (1, WIDTHS[4], 4, 4), "4x4/Conv/noise_strength": ()}
    shapes |= modulated("4x4/Conv", WIDTHS[4], WIDTHS[4], 3)
    for size, width in WIDTHS.items():
        block = f"{size}x{size}"
        shapes |= modulated(f"{block}/ToRGB", width, 3, 1)
        if size > 4:
            shapes |= {f"{block}/Conv0_up/noise_strength": (), f"{block}/Conv1/noise_strength": ()}
            shapes |= modulated(f"{block}/Conv0_up", WIDTHS[size // 2], width, 3)
            shapes |= modulated(f"{block}/Conv1", width, width, 3)
    return shapes


def network(*, classes: int = 0, extra: Shapes | None = None, **arguments: object) -> Network:
    """Gs of a snapshot: 16 pixels, channels 24, 24, 16, three mapping layers."""
    given = {"latent_size": DIM, "dlatent_size": DIM, "label_size": classes, "resolution": 16, **arguments}
    parts = {
        "synthesis": Network(variables(synthesis() | (extra or {})), {}, **given),
        "mapping": Network(variables(mapping(classes)), {}, dlatent_broadcast=6, **given),
    }
    return Network([("lod", np.float32(0)), *variables({"dlatent_avg": (DIM,)})], parts, **given)


def saved(tmp_path: Path, gs: Network) -> Path:
    path = tmp_path / "network-final.pkl"
    path.write_bytes(tensorflow_pickle(gs))
    return path


@torch.no_grad()
@pytest.mark.parametrize("kind", ["plain", "ada", "genforce"])
def test_images(tmp_path: Path, kind: str) -> None:
    expected = fixture("tensorflow-stylegan2-16")
    ada = kind == "ada"
    taps = [1, 2, 2, 1] if kind == "plain" else [1, 3, 3, 1]
    path = saved(tmp_path, network(classes=3, conv_clamp=4.0) if ada else network(resample_kernel=taps))
    generator, labels = open_checkpoint(path), expected["labels"] if ada else None
    whole = generator.synthesize(expected["z"], space="z", labels=labels)
    assert relative_error(whole, expected[f"{kind}_images"]) < 1e-5
    truncated = generator.synthesize(expected["z"], space="z", labels=labels, truncation=(0.6, 3))
    assert relative_error(truncated, expected[f"{kind}_truncated"]) < 1e-5
    found = describe(path)
    assert (found.layout, found.container, found.num_classes) == ("nvlabs-stylegan2-tensorflow", "pickle", 3 * ada)
    assert found.config["conv_clamp"] == (4.0 if ada else None)


@torch.no_grad()
def test_an_enlarging_layer_is_a_filtered_enlargement_and_a_plain_convolution(tmp_path: Path) -> None:
    """What the original's upsample_conv_2d is documented to be (enlargement, then tf.nn.conv2d, padded but once at the
    beginning), written out in NumPy: an independent route to the direction in which the kernels lie."""
    layer = open_checkpoint(saved(tmp_path, network())).layers[1]
    x = tensor_by_name("x", (24, 4, 4)).double().numpy()
    weight = np.asarray(value("8x8/Conv0_up/weight", (3, 3, 24, 24)), np.float64) / np.sqrt(9 * 24)
    style = layer.affine(torch.zeros(1, DIM))
    modulated_weight = weight * style.double().numpy()[0][None, None, :, None]
    modulated_weight /= np.sqrt((modulated_weight**2).sum((0, 1, 2)) + 1e-8)
    y = correlated(enlarged(x), modulated_weight)
    y = y + np.asarray(value("8x8/Conv0_up/bias", (24,)), np.float64)[:, None, None]
    expected = torch.from_numpy(np.where(y > 0, y, 0.2 * y) * np.sqrt(2)).float()[None]
    got = layer(torch.from_numpy(x).float()[None], style, torch.zeros(1, 1, 8, 8))
    assert relative_error(got, expected) < 1e-5


def enlarged(x: np.ndarray) -> np.ndarray:
    """(C, H, W) to twice the size and a border of one pixel: zeros between the pixels, then [1, 3, 3, 1] both ways."""
    channels, height, width = x.shape
    sparse = np.zeros((channels, 2 * height, 2 * width))
    sparse[:, ::2, ::2] = x
    padded = np.pad(sparse, ((0, 0), (3, 2), (3, 2)))
    kernel = np.outer([1, 3, 3, 1], [1, 3, 3, 1]) / 16
    windows = np.lib.stride_tricks.sliding_window_view(padded, (4, 4), (1, 2))
    return np.einsum("chwij,ij->chw", windows, kernel)


def correlated(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """(I, H + 2, W + 2) and [3, 3, I, O] to (O, H, W), kernels not mirrored."""
    return np.einsum("chwij,ijco->ohw", np.lib.stride_tricks.sliding_window_view(x, (3, 3), (1, 2)), weight)


@torch.no_grad()
def test_options_and_conversion(tmp_path: Path) -> None:
    path, z = saved(tmp_path, network()), tensor_by_name("z", (2, DIM))
    clamped = open_checkpoint(path, overrides=Overrides(conv_clamp=0.5))
    assert clamped.config.conv_clamp == 0.5
    assert "conv_clamp" in describe(path, overrides=Overrides(conv_clamp=0.5)).assumed
    slow = open_checkpoint(saved(tmp_path, network(mapping_lrmul=0.02)))
    assert slow.config.mapping_lr_multiplier == 0.02
    convert_checkpoint(path, tmp_path / "native.safetensors")
    native = open_checkpoint(tmp_path / "native.safetensors")
    assert torch.equal(native.synthesize(z, space="z"), slow.synthesize(z, space="z"))


@torch.no_grad()
def test_networks_without_noise(tmp_path: Path) -> None:
    gs = network(use_noise=False)
    part = gs.components["synthesis"]
    assert isinstance(part, Network)
    part.variables = [pair for pair in part.variables if "noise" not in pair[0]]
    quiet, noisy = open_checkpoint(saved(tmp_path, gs)), open_checkpoint(saved(tmp_path, network()))
    z = tensor_by_name("z", (2, DIM))
    assert torch.equal(quiet.synthesize(z, space="z"), noisy.synthesize(z, space="z", noise="zero"))


@pytest.mark.parametrize(
    ("gs", "reason"),
    [
        (network(architecture="resnet"), "another architecture than 'skip'"),
        (network(extra={"8x8/Skip/weight": (1, 1, 24, 24)}), "architecture 'resnet'"),
        (network(nonlinearity="relu"), "another nonlinearity"),
        (network(resample_kernel=[1, 1]), "resample_kernel is not of four taps"),
        (network(conv_clamp="4"), "conv_clamp among the pickle's arguments is no number"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, gs: Network, reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason):
        open_checkpoint(saved(tmp_path, gs))


@torch.no_grad()
def test_labels_of_before_ada_are_normalised_together_with_z(tmp_path: Path) -> None:
    gs, table, first = network(), tensor_by_name("labels", (3, DIM)), tensor_by_name("first", (2 * DIM, DIM)) * 100
    part = gs.components["mapping"]
    assert isinstance(part, Network)
    dense = dict(part.variables) | {"Dense0/weight": first.numpy(), "LabelConcat/weight": table.numpy()}
    part.variables = list(dense.items())
    z, labels = tensor_by_name("z", (2, DIM)), torch.tensor([2, 0])
    x = torch.cat([z, table[labels]], 1)
    x = x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt()
    for index in range(3):
        weight, bias = (torch.from_numpy(np.asarray(dense[f"Dense{index}/{part}"])) for part in ("weight", "bias"))
        x = torch.nn.functional.leaky_relu(x @ weight * (0.01 / len(weight) ** 0.5) + 0.01 * bias, 0.2) * 2**0.5
    assert relative_error(open_checkpoint(saved(tmp_path, gs)).map(z, labels), x) < 1e-5
