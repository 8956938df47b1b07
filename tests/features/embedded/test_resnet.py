"""The residual network: folding changes nothing, files come back as they were, and bad files are refused."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.features.embedded.resnet import ResNet, ResNetConfig, folded
from ganprobe.features.embedded.weights import fingerprint_of, load_resnet, save_resnet

SMALL = ResNetConfig(widths=(8, 16), blocks=(1, 2), num_classes=5, resolution=16)


def _network(config: ResNetConfig = SMALL) -> ResNet:
    """A network whose norms have statistics unlike those of a new one."""
    generator = torch.Generator().manual_seed(0)
    network = ResNet(config)
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.rand(tensor.shape, generator=generator) * (0.2 if tensor.ndim > 1 else 1.0) + 0.01)
    return network.eval()


@pytest.mark.parametrize("grid", [1, 2, 4])
def test_folding_keeps_the_function(grid: int) -> None:
    network = _network(ResNetConfig((8, 16), (1, 1), 5, 16, stem_stride=2, grid=grid))
    images = torch.randn(3, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    result = folded(network)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in result.modules())
    torch.testing.assert_close(result(images), network(images), rtol=1e-4, atol=1e-4)


def test_the_pooled_features_feed_the_classifier() -> None:
    network, images = _network(), torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(2))
    assert network.pooled(images).shape == (2, 16)
    torch.testing.assert_close(network.classifier(network.pooled(images)), network(images))


def test_a_file_comes_back_rounded_to_half_precision(tmp_path: Path) -> None:
    network = _network()
    save_resnet(tmp_path / "a.safetensors", network, kind="toy", outputs=("a", "b", "c", "d", "e"))
    loaded, outputs = load_resnet(tmp_path / "a.safetensors", kind="toy")
    assert outputs == ("a", "b", "c", "d", "e")
    for name, tensor in folded(network).state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor.half().float()), name


def test_another_kind_is_refused(tmp_path: Path) -> None:
    save_resnet(tmp_path / "a.safetensors", _network(), kind="toy")
    with pytest.raises(CheckpointError, match="expected a network of kind 'other'"):
        load_resnet(tmp_path / "a.safetensors", kind="other")


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    save_resnet(path, _network(), kind="toy")
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="cannot read"):
        load_resnet(path, kind="toy")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="cannot read"):
        load_resnet(tmp_path / "none.safetensors", kind="toy")


def test_a_file_without_a_tensor_is_refused(tmp_path: Path) -> None:
    from safetensors import safe_open
    from safetensors.torch import save_file

    path = tmp_path / "a.safetensors"
    save_resnet(path, _network(), kind="toy")
    with safe_open(str(path), framework="pt") as file:
        metadata = file.metadata()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    tensors.pop("classifier.bias")
    save_file(tensors, path, metadata=metadata)
    with pytest.raises(CheckpointError, match="does not fit its own configuration"):
        load_resnet(path, kind="toy")


@pytest.mark.parametrize(
    "config",
    [{"widths": (8,), "blocks": (1, 1)}, {"widths": (), "blocks": ()}, {"widths": (0,), "blocks": (1,)}, {"grid": 3}],
)
def test_numbers_that_make_no_network_are_refused(config: dict[str, object]) -> None:
    with pytest.raises(InputError):
        ResNetConfig(**config)  # type: ignore[arg-type]


def test_a_fingerprint_tells_values_names_and_words_apart() -> None:
    tensors = {"a": torch.zeros(2), "b": torch.ones(2)}
    others = [
        fingerprint_of({"a": torch.zeros(2), "b": torch.full((2,), 2.0)}, "w"),
        fingerprint_of({"a": torch.zeros(2), "c": torch.ones(2)}, "w"),
        fingerprint_of(tensors, "w", "x"),
    ]
    assert fingerprint_of(dict(reversed(tensors.items())), "w") == fingerprint_of(tensors, "w")
    assert len({fingerprint_of(tensors, "w"), *others}) == 4
