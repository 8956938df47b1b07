"""How images are prepared for a foreign network, and the JSON file that says so."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from ganprobe.core.errors import InputError
from ganprobe.core.streams import stream
from ganprobe.features.images.preparation import Preparation, read_sidecar


def _pixels(side: int) -> np.ndarray:
    return stream(0, "test.preparation").integers(0, 256, (2, 3, side, side)).astype(np.uint8)


def _images(side: int) -> torch.Tensor:
    return torch.from_numpy(_pixels(side)).float() / 127.5 - 1


def test_the_default_changes_nothing_but_the_quantising() -> None:
    images = _images(9)
    torch.testing.assert_close(Preparation()(images), images)
    torch.testing.assert_close(Preparation()(images + 0.003), images, rtol=0, atol=1e-6)


def test_range_mean_and_std_are_those_of_the_usual_networks() -> None:
    mean, std = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    ours = Preparation(range=(0.0, 1.0), mean=mean, std=std)(_images(8))
    theirs = (_pixels(8) / 255 - np.array(mean)[:, None, None]) / np.array(std)[:, None, None]
    np.testing.assert_allclose(ours.numpy(), theirs, atol=1e-5)
    np.testing.assert_allclose(Preparation(range=(0, 255))(_images(8)).numpy(), _pixels(8), atol=1e-4)


@pytest.mark.parametrize("side", [16, 40])
def test_the_bicubic_resize_is_pillows(side: int) -> None:
    ours = Preparation(size=24, resize="bicubic", range=(0, 255))(_images(side))
    for plane, mine in zip(_pixels(side).reshape(-1, side, side), ours.reshape(-1, 24, 24).numpy(), strict=True):
        theirs = Image.fromarray(plane.astype(np.float32)).resize((24, 24), Image.Resampling.BICUBIC)
        np.testing.assert_allclose(mine, np.asarray(theirs).clip(0, 255), atol=0.01)


def test_the_bilinear_resize_is_antialiased() -> None:
    stripes = torch.ones(1, 3, 32, 32)
    stripes[..., ::2] = -1
    small = Preparation(size=8)(stripes)
    assert small.shape == (1, 3, 8, 8)
    assert small.abs().max() < 0.15


def test_a_sidecar_is_read(tmp_path: Path) -> None:
    network = tmp_path / "net.pt"
    assert read_sidecar(network).preparation == Preparation()
    said = {"size": 64, "resize": "bicubic", "range": [0, 1], "mean": [0.5, 0.5, 0.5], "columns": ["smile", "age"]}
    (tmp_path / "net.pt.json").write_text(json.dumps(said))
    sidecar = read_sidecar(network)
    assert sidecar.columns == ("smile", "age")
    assert sidecar.preparation == Preparation(size=64, resize="bicubic", range=(0, 1), mean=(0.5, 0.5, 0.5))


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("{", "cannot read"),
        ("[]", "an object with the keys"),
        ('{"sise": 3}', "did you mean 'size'"),
        ('{"size": 0}', "positive whole number"),
        ('{"size": "64"}', "positive whole number"),
        ('{"resize": "nearest"}', "known: bicubic, bilinear"),
        ('{"range": [1, 0]}', "lower one first"),
        ('{"range": 1}', "lower one first"),
        ('{"mean": [0.5]}', "three numbers"),
        ('{"mean": ["a", "b", "c"]}', "three numbers"),
        ('{"std": [1, 0, 1]}', "three positive numbers"),
        ('{"columns": "smile"}', "list of names"),
        ('{"columns": ["smile", ""]}', "list of names"),
        ('{"columns": ["smile", "smile"]}', "differ"),
    ],
)
def test_a_bad_sidecar_is_refused_by_name(tmp_path: Path, said: str, message: str) -> None:
    (tmp_path / "net.pt.json").write_text(said)
    with pytest.raises(InputError, match=message) as refused:
        read_sidecar(tmp_path / "net.pt")
    assert "net.pt.json" in str(refused.value)
