"""The interfacegan-stylegan and nvlabs-stylegan layouts, with fused and with plain enlarging convolutions, against the
images of interfacegan's network."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_files import fixture, relative_error, tensor_by_name
from persistent_pickles import Network, tensorflow_pickle
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


def tensorflow_like(*, fused: bool, lod: float = 0.0, **arguments: object) -> bytes:
    """The same network as a TensorFlow snapshot."""
    return tensorflow_pickle(tensorflow_network(fused=fused, lod=lod, **arguments))


def tensorflow_network(*, fused: bool, lod: float = 0.0, **arguments: object) -> Network:
    """The same network with names and axes as NVlabs' networks have them."""
    whole = interfacegan_like(fused=fused)
    own = [("lod", np.float32(lod)), ("dlatent_avg", whole["truncation.w_avg"].numpy())]
    mapping: list[tuple[str, object]] = []
    for index in range(8):
        dense = f"mapping.dense{index}"
        mapping.append((f"Dense{index}/weight", whole[f"{dense}.linear.weight"].T.numpy()))
        mapping.append((f"Dense{index}/bias", whole[f"{dense}.wscale.bias"].numpy()))
    synthesis: list[tuple[str, object]] = [("lod", np.float32(lod))]
    names = ("4x4/Const", "4x4/Conv", "8x8/Conv0_up", "8x8/Conv1", "16x16/Conv0_up", "16x16/Conv1")
    for index, name in enumerate(names):
        layer = f"synthesis.layer{index}"
        style = f"{layer}.epilogue.style_mod.dense"
        synthesis += [
            (f"noise{index}", whole[f"{layer}.epilogue.apply_noise.noise"].numpy()),
            (f"{name}/bias", whole[f"{layer}.epilogue.bias"].numpy()),
            (f"{name}/Noise/weight", whole[f"{layer}.epilogue.apply_noise.weight"].numpy()),
            (f"{name}/StyleMod/weight", whole[f"{style}.linear.weight"].T.numpy()),
            (f"{name}/StyleMod/bias", whole[f"{style}.wscale.bias"].numpy()),
        ]
        if index == 0:
            synthesis.append(("4x4/Const/const", whole[f"{layer}.first_layer"].numpy()))
        elif f"{layer}.weight" in whole:
            synthesis.append((f"{name}/weight", whole[f"{layer}.weight"].numpy()))
        else:
            synthesis.append((f"{name}/weight", whole[f"{layer}.conv.weight"].permute(2, 3, 1, 0).numpy()))
    for step in range(3):
        weight = whole[f"synthesis.output{step}.conv.weight"].permute(2, 3, 1, 0).numpy()
        synthesis += [(f"ToRGB_lod{2 - step}/weight", weight)]
        synthesis += [(f"ToRGB_lod{2 - step}/bias", whole[f"synthesis.output{step}.bias"].numpy())]
    parts = {
        "synthesis": Network(synthesis, {}, fused_scale=fused, **arguments),
        "mapping": Network(mapping, {}, dlatent_broadcast=6),
    }
    return Network(own, parts, truncation_psi=0.7)


@torch.no_grad()
@pytest.mark.parametrize("kind", ["fused", "plain"])
def test_tensorflow_pickles(tmp_path: Path, kind: str) -> None:
    path, expected = tmp_path / "karras2019stylegan.pkl", fixture("interfacegan-stylegan-16")
    path.write_bytes(tensorflow_like(fused=kind == "fused"))
    generator = open_checkpoint(path)
    assert relative_error(generator.synthesize(expected["z"], space="z"), expected[f"images_{kind}"]) < 1e-5
    truncated = generator.synthesize(expected["z"], space="z", truncation=(0.6, 3))
    assert relative_error(truncated, expected[f"truncated_{kind}"]) < 1e-5
    found = describe(path)
    assert (found.layout, found.container, found.resolution) == ("nvlabs-stylegan", "pickle", 16)


def test_tensorflow_networks_of_other_kinds_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.pkl"
    for arguments, reason in (
        ({"lod": 2.0}, "level of detail is 2"),
        ({"use_pixel_norm": True}, "another use_pixel_norm than False"),
        ({"blur_filter": [1, 3, 3, 1]}, "another blur_filter"),
    ):
        path.write_bytes(tensorflow_like(fused=False, **arguments))
        with pytest.raises(CheckpointError, match=reason):
            open_checkpoint(path)
    path.write_bytes(tensorflow_pickle(Network([("x", np.ones(3))], {})))
    with pytest.raises(CheckpointError, match="no known layout"):
        open_checkpoint(path)


@torch.no_grad()
def test_labels_are_concatenated(tmp_path: Path) -> None:
    path = tmp_path / "conditional.pkl"
    data = interfacegan_like(fused=False)
    table, first = tensor_by_name("labels", (3, 512)), tensor_by_name("first", (1024, 512))
    path.write_bytes(conditional(table, first))
    generator = open_checkpoint(path)
    assert (generator.config.num_classes, generator.config.z_dim) == (3, 512)
    z, labels = tensor_by_name("z", (2, 512)), torch.tensor([2, 0])
    x = torch.cat([z, table[labels]], 1)
    x = x / (x.square().mean(1, keepdim=True) + 1e-8).sqrt()
    for index in range(8):
        weight = first if index == 0 else data[f"mapping.dense{index}.linear.weight"].T
        bias = data[f"mapping.dense{index}.wscale.bias"]
        x = x @ weight * (0.01 * (2 / len(weight)) ** 0.5) + 0.01 * bias
        x = torch.where(x > 0, x, 0.2 * x)
    assert relative_error(generator.map(z, labels), x) < 1e-5


def conditional(table: Tensor, first: Tensor) -> bytes:
    """The TensorFlow snapshot with three classes: a table of labels, and a first dense layer of twice the width."""
    loaded = tensorflow_network(fused=False)
    mapping = loaded.components["mapping"]
    assert isinstance(mapping, Network)
    changed = dict(mapping.variables) | {"LabelConcat/weight": table.numpy(), "Dense0/weight": first.numpy()}
    parts = {**loaded.components, "mapping": Network(list(changed.items()), {}, label_size=3)}
    return tensorflow_pickle(Network(loaded.variables, parts))
