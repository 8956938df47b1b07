"""The embedded features and the perceptual distance, on the shipped network."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor
from torch.nn.functional import avg_pool2d

from ganprobe.core.errors import DataError
from ganprobe.core.streams import normal
from ganprobe.features.embedded.extractor import (
    POOLED,
    PROBABILITIES,
    EmbeddedDistance,
    EmbeddedExtractor,
    load_embedded,
    load_embedded_distance,
)
from ganprobe.features.images.quantise import quantised_input, to_uint8
from ganprobe.features.images.resize import resized

ROOT = Path(__file__).resolve().parents[3]
ARCHIVE = ROOT.parent / "shared" / "data" / "cifar10-jpeg.tar.xz"


@cache
def _extractor() -> EmbeddedExtractor:
    return load_embedded()


@cache
def _distance(dtype: torch.dtype = torch.float32) -> EmbeddedDistance:
    return load_embedded_distance(dtype=dtype)


def _images(n: int = 8, resolution: int = 32, purpose: str = "images") -> Tensor:
    """Smooth random images in about [-1, 1]."""
    coarse = torch.from_numpy(normal(0, purpose, range(n), (3, 6, 6)))
    return torch.nn.functional.interpolate(coarse, (resolution, resolution), mode="bicubic").tanh()


def test_columns() -> None:
    columns = _extractor().observe(_images())
    assert set(columns) == _extractor().provides == {POOLED, PROBABILITIES}
    assert columns[POOLED].shape == (8, 128)
    assert columns[PROBABILITIES].shape == (8, 10)
    assert {column.dtype for column in columns.values()} == {torch.float32}
    torch.testing.assert_close(columns[PROBABILITIES].sum(1), torch.ones(8))


def test_features_do_not_depend_on_the_batch_size() -> None:
    images = _images(17)
    whole = _extractor().observe(images)
    parts = [_extractor().observe(part) for part in images.split([1, 7, 9])]
    for name, column in whole.items():
        joined = torch.cat([part[name] for part in parts])
        torch.testing.assert_close(joined, column, rtol=1e-4, atol=1e-5)


def test_features_see_quantised_images() -> None:
    images = _images()
    levels = to_uint8(images).float() / 127.5 - 1
    inside = levels + torch.from_numpy(normal(0, "nudge", range(8), (3, 32, 32))).clamp(-1, 1) * (0.4 / 127.5)
    a, b = _extractor().observe(levels)[POOLED], _extractor().observe(inside)[POOLED]
    assert torch.equal(a, b)


def test_halving_looks_at_every_pixel() -> None:
    image = torch.zeros(1, 3, 64, 64)
    for row, column in ((10, 21), (11, 20), (13, 13)):
        other = image.clone()
        other[0, :, row, column] = 1.0
        assert not torch.equal(resized(other, 32), resized(image, 32))


def test_resizing_keeps_size_and_averages() -> None:
    images = _images(2, 32)
    assert torch.equal(resized(images, 32), images)
    flat = torch.full((1, 3, 57, 91), 0.25)
    torch.testing.assert_close(resized(flat, 32), torch.full((1, 3, 32, 32), 0.25))
    smooth = _images(2, 256)
    torch.testing.assert_close(resized(smooth, 32), avg_pool2d(smooth, 8), rtol=0, atol=0.05)


@pytest.mark.parametrize("images", [torch.zeros(1, 1, 32, 32), torch.zeros(3, 32, 32)])
def test_what_is_no_rgb_image_is_refused(images: Tensor) -> None:
    with pytest.raises(DataError, match="expected float images"):
        quantised_input(images, 32)


def test_the_fingerprint_names_the_weights() -> None:
    network = _extractor().network
    assert EmbeddedExtractor(network).fingerprint == _extractor().fingerprint
    changed = EmbeddedExtractor(network).network
    changed.classifier.bias += 1
    assert EmbeddedExtractor(changed).fingerprint != _extractor().fingerprint


def test_the_shipped_file_is_small() -> None:
    assert (ROOT / "pretrained" / "embedded-features.safetensors").stat().st_size < 4e6


def test_distance_laws() -> None:
    a, b = _images(6, purpose="a"), _images(6, purpose="b")
    forth, back = _distance()(a, b), _distance()(b, a)
    assert torch.equal(_distance()(a, a), torch.zeros(6))
    torch.testing.assert_close(forth, back)
    assert (forth > 0.01).all()
    assert (forth <= 8).all()


def test_distance_is_equation_1_written_out() -> None:
    a, b = _images(2, purpose="a"), _images(2, purpose="b")
    expected = np.zeros(2)
    network = _distance().network
    for x, y in zip(network.stages(a), network.stages(b), strict=True):
        u, v = (
            f.double().numpy() / np.linalg.norm(f.double().numpy(), axis=1, keepdims=True).clip(1e-12) for f in (x, y)
        )
        expected += ((u - v) ** 2).sum(1).mean((1, 2))
    np.testing.assert_allclose(_distance()(a, b).numpy(), expected, rtol=1e-4)


def test_distance_grows_with_the_square_of_a_small_step() -> None:
    """d / epsilon^2 is the same at 1e-3 and 1e-4, in float64 and float32: no rounding, no quantising."""
    a, towards = _images(16, purpose="a").double(), _images(16, purpose="b").double()

    def slope(epsilon: float, dtype: torch.dtype) -> Tensor:
        start, end = a.to(dtype), (a + epsilon * towards).to(dtype)
        return (_distance(dtype)(start, end) / epsilon**2).double()

    fine = slope(1e-4, torch.float64)
    torch.testing.assert_close(slope(1e-3, torch.float64), fine, rtol=0.05, atol=0)
    torch.testing.assert_close(slope(1e-4, torch.float32), fine, rtol=0.02, atol=0)
    quantised = _distance()(to_uint8(a) / 127.5 - 1, to_uint8(a + 1e-4 * towards) / 127.5 - 1).double() / 1e-8
    assert quantised.mean() > 3 * fine.mean()


def test_distance_has_a_finite_gradient_everywhere() -> None:
    a = _images(4, purpose="a").requires_grad_()
    (at_zero,) = torch.autograd.grad(_distance()(a, a.detach()).sum(), a)
    assert at_zero.isfinite().all()
    (elsewhere,) = torch.autograd.grad(_distance()(a, _images(4, purpose="b")).sum(), a)
    assert elsewhere.isfinite().all()
    assert elsewhere.abs().sum() > 0
    black = torch.full((1, 3, 32, 32), -1.0, requires_grad=True)
    (dark,) = torch.autograd.grad(_distance()(black, black.detach()).sum(), black)
    assert dark.isfinite().all()


def test_distance_refuses_shapes_that_differ() -> None:
    with pytest.raises(DataError, match="one shape"):
        _distance()(torch.zeros(2, 3, 32, 32), torch.zeros(1, 3, 32, 32))


def _cifar_test_images(every: int) -> tuple[Tensor, NDArray[np.int64]]:
    """Each `every`-th test image with its label, the classes in alphabetical order."""
    import io
    import tarfile

    if not ARCHIVE.is_file():
        pytest.skip(f"needs {ARCHIVE.relative_to(ROOT.parent)} beside the checkout")
    found = {}
    with tarfile.open(ARCHIVE) as archive:
        for member in archive:
            parts = Path(member.name).parts
            if member.isfile() and "test" in parts and int(Path(member.name).stem) % every == 0:
                file = archive.extractfile(member)
                assert file is not None
                found[parts[-2:]] = np.asarray(Image.open(io.BytesIO(file.read())).convert("RGB"))
    classes = sorted({name for name, _ in found})
    labels = np.array([classes.index(name) for name, _ in found])
    pixels = torch.from_numpy(np.stack(list(found.values()))).permute(0, 3, 1, 2)
    return pixels.float() / 127.5 - 1, labels


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_the_shipped_classifier_is_right_often_enough(every: int) -> None:
    images, labels = _cifar_test_images(every)
    assert len(images) == 10_000 // every
    parts = [_extractor().observe(part)[PROBABILITIES].argmax(1) for part in images.split(500)]
    assert float((torch.cat(parts).numpy() == labels).mean()) >= 0.88
