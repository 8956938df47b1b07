"""Progressive GANs of genforce/interfacegan, genforce/genforce and facebookresearch/pytorch_GAN_zoo against the images
of the original networks (fixtures/progan.npz)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from foreign_files import fixture, relative_error, tensor_by_name
from torch import Tensor

from ganprobe.checkpoints import open_checkpoint
from ganprobe.checkpoints.convert import convert_checkpoint
from ganprobe.checkpoints.describe import describe
from ganprobe.core.errors import CheckpointError
from ganprobe.generators.progan.generator import ProGANGenerator

WIDTHS = (8, 8, 4)
Tensors = dict[str, Tensor]


class BaseConfig:
    """What pytorch_GAN_zoo keeps of a training."""

    def __init__(self, **settings: object) -> None:
        self.__dict__.update(settings)


def interfacegan(*, fused: bool = False) -> Tensors:
    """16 pixels, z of 6 numbers."""
    shapes: dict[str, tuple[int, ...]] = {"lod": ()}
    for index in range(6):
        entering, leaving = WIDTHS[max(0, (index - 1) // 2)] if index else 6, WIDTHS[index // 2]
        if fused and index in (2, 4):
            shapes[f"layer{index}.weight"] = (3, 3, entering, leaving)
        else:
            side = 3 if index else 4
            shapes[f"layer{index}.conv.weight"] = (leaving, entering, side, side)
        shapes[f"layer{index}.wscale.bias"] = (leaving,)
    for step, width in enumerate(WIDTHS):
        shapes |= {f"output{step}.conv.weight": (3, width, 1, 1), f"output{step}.wscale.bias": (3,)}
    return drawn(shapes)


def genforce(*, fused: bool = False) -> Tensors:
    """16 pixels, z of 6 numbers."""
    shapes: dict[str, tuple[int, ...]] = {"lod": ()}
    for index in range(6):
        entering, leaving = WIDTHS[max(0, (index - 1) // 2)] if index else 6, WIDTHS[index // 2]
        pair = (entering, leaving) if fused and index in (2, 4) else (leaving, entering)
        shapes |= {f"layer{index}.weight": (*pair, *[3 if index else 4] * 2), f"layer{index}.bias": (leaving,)}
    for step, width in enumerate(WIDTHS):
        shapes |= {f"output{step}.weight": (3, width, 1, 1), f"output{step}.bias": (3,)}
    return drawn(shapes)


def zoo(classes: int = 0) -> Tensors:
    """16 pixels, z of 6 numbers and the classes."""
    shapes: dict[str, tuple[int, ...]] = {"formatLayer.module.weight": (128, 6 + classes)}
    shapes |= {"formatLayer.module.bias": (128,)}
    convs = {"groupScale0.0": (8, 8), "scaleLayers.0.0": (8, 8), "scaleLayers.0.1": (8, 8)}
    convs |= {"scaleLayers.1.0": (4, 8), "scaleLayers.1.1": (4, 4)}
    for name, pair in convs.items():
        shapes |= {f"{name}.module.weight": (*pair, 3, 3), f"{name}.module.bias": pair[:1]}
    for step, width in enumerate(WIDTHS):
        shapes |= {f"toRGBLayers.{step}.module.weight": (3, width, 1, 1), f"toRGBLayers.{step}.module.bias": (3,)}
    return drawn(shapes)


def drawn(shapes: dict[str, tuple[int, ...]]) -> Tensors:
    """The weights that the fixture's images were made with."""
    found = {name: tensor_by_name(name, shape) * (1 if len(shape) > 1 else 0.3) for name, shape in shapes.items()}
    return {name: torch.zeros(()) if name == "lod" else value for name, value in found.items()}


def settings(**changes: Any) -> BaseConfig:
    told = {"depthScale0": 8, "leakyReluLeak": 0.2, "alpha": 0, "equalizedlR": True, "perChannelNormalization": True}
    told |= {"categoryVectorDim": 0, "attribKeysOrder": None, "lossCriterion": "WGANGP"}
    return BaseConfig(**(told | changes))


def of_classes() -> BaseConfig:
    order = {"Main": {"order": 0, "values": ["a", "b", "c"]}}
    return settings(categoryVectorDim=3, attribKeysOrder=order)


def raw(tensors: Tensors) -> Tensors:
    return {name: value + 1 for name, value in tensors.items()}


FILES: dict[str, tuple[str, object]] = {
    "interfacegan": ("interfacegan-progan", interfacegan()),
    "interfacegan-fused": ("interfacegan-progan", interfacegan(fused=True)),
    "genforce": ("genforce-progan", {"models": {"generator": raw(genforce()), "generator_smooth": genforce()}}),
    "genforce-fused": ("genforce-progan", genforce(fused=True)),
    "zoo": ("ganzoo-progan", {"config": settings(), "netG": raw(zoo()), "netD": {}, "avgG": zoo()}),
    "zoo-classes": ("ganzoo-progan", {"config": of_classes(), "netG": raw(zoo(3)), "netD": {}, "avgG": zoo(3)}),
}


def saved(folder: Path, content: object) -> Path:
    torch.save(content, folder / "pggan.pth")
    return folder / "pggan.pth"


@torch.no_grad()
@pytest.mark.parametrize("kind", FILES)
def test_images_are_those_of_the_original(tmp_path: Path, kind: str) -> None:
    layout, content = FILES[kind]
    path, expected = saved(tmp_path, content), fixture("progan")[kind]
    generator, found = open_checkpoint(path), describe(path)
    assert isinstance(generator, ProGANGenerator)
    assert (found.layout, found.architecture, found.resolution) == (layout, "progan", 16)
    assert found.num_classes == (3 if kind == "zoo-classes" else 0)
    z = tensor_by_name("z", (2, found.z_dim or 0))
    labels = torch.tensor([2, 0]) if found.num_classes else None
    assert relative_error(generator.synthesize(z, space="z", labels=labels), expected) < 5e-6
    convert_checkpoint(path, tmp_path / "G.safetensors")
    again = open_checkpoint(tmp_path / "G.safetensors").synthesize(z, space="z", labels=labels)
    assert relative_error(again, expected) < 5e-6


def test_what_no_tensor_tells_is_said(tmp_path: Path) -> None:
    assert describe(saved(tmp_path, interfacegan())).assumed == {}
    assert set(describe(saved(tmp_path, genforce())).assumed) == {"num_classes", "output"}
    square = genforce()
    square |= {"layer4.weight": torch.zeros(8, 8, 3, 3), "layer4.bias": torch.zeros(8)}
    square |= {"layer5.weight": torch.zeros(8, 8, 3, 3), "layer5.bias": torch.zeros(8)}
    assert "fused_scale" in describe(saved(tmp_path, square | {"output2.weight": torch.zeros(3, 8, 1, 1)})).assumed
    assert describe(saved(tmp_path, {"config": settings(), "avgG": zoo()})).assumed == {}
    assert set(describe(saved(tmp_path, zoo())).assumed) == {"num_classes", "alpha", "output"}


@torch.no_grad()
def test_grey_networks_give_three_equal_channels(tmp_path: Path) -> None:
    for content, ends in ((interfacegan(), "output"), (genforce(), "output"), (zoo(), "toRGBLayers")):
        grey = {name: value[:1] if name.startswith(ends) else value for name, value in content.items()}
        path = saved(tmp_path, grey)
        generator = open_checkpoint(path)
        assert "repeated to three" in describe(path).assumed["channels"]
        images = generator.synthesize(torch.ones(1, generator.config.z_dim), space="z")
        assert torch.equal(images, images[:, :1].expand_as(images))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (interfacegan() | {"lod": torch.tensor(1.0)}, "level of detail is 1: expected"),
        (genforce() | {"lod": torch.tensor(0.5)}, "level of detail is 0.5: expected"),
        (interfacegan() | {"layer5.wscale.bias": torch.zeros(3)}, "channels by resolution|configuration says"),
        ({name: value for name, value in zoo().items() if "scaleLayers.1.1" not in name}, "scaleLayers.1.1"),
        ({"config": settings(alpha=0.5), "avgG": zoo()}, "sets alpha to 0.5: only 0 can be read"),
        (
            {"config": settings(lossCriterion="MSE"), "avgG": zoo()},
            "lossCriterion to 'MSE': only 'WGANGP' or 'Logistic'",
        ),
        ({"config": settings(leakyReluLeak=0.1), "avgG": zoo()}, "leakyReluLeak"),
        ({"config": settings(categoryVectorDim=3, attribKeysOrder={"a": 1, "b": 2}), "avgG": zoo(3)}, "2 attributes"),
        (
            {"config": settings(categoryVectorDim=9, attribKeysOrder={"a": 1}), "avgG": zoo(1)},
            "z_dim must be at least 1",
        ),
        ({"config": settings(categoryVectorDim="3"), "avgG": zoo(3)}, "no number of classes"),
        (genforce() | {"layer0.weight": torch.zeros(8, 6, 3, 3)}, "no known layout.*nearest is genforce-progan"),
    ],
)
def test_other_networks_are_refused(tmp_path: Path, content: object, reason: str) -> None:
    with pytest.raises(CheckpointError, match=reason) as caught:
        open_checkpoint(saved(tmp_path, content))
    assert "\n" not in str(caught.value)
