"""The three resizes against brute force, another formula, and Pillow itself."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from torch.nn.functional import affine_grid, grid_sample

from ganprobe.core.streams import stream
from ganprobe.features.images.resize import bicubic_pil, bicubic_pil_uint8, bicubic_weights, bilinear, bilinear_tf1

sides = st.integers(2, 40)


def noise(*shape, seed=0):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed)) * 255


def sampled(image, y, x):
    """Bilinear interpolation of `image` (H, W) at one place, the edge repeated beyond it."""
    height, width = image.shape
    y, x = min(max(y, 0), height - 1), min(max(x, 0), width - 1)
    top, left = int(y), int(x)
    rows = image[[top, min(top + 1, height - 1)]][:, [left, min(left + 1, width - 1)]]
    return np.array([1 - (y - top), y - top]) @ rows @ np.array([1 - (x - left), x - left])


@settings(max_examples=20, deadline=None)
@given(height=sides, width=sides, side=sides)
def test_bilinear_is_interpolation_at_the_places_of_each_rule(height, width, side):
    image = noise(1, 1, height, width)
    for resize, shift in ((bilinear_tf1, 0.0), (bilinear, 0.5)):
        got = resize(image, side)[0, 0].numpy()
        places = [[((i + shift) * size / side - shift) for i in range(side)] for size in (height, width)]
        wanted = [[sampled(image[0, 0].double().numpy(), y, x) for x in places[1]] for y in places[0]]
        np.testing.assert_allclose(got, wanted, atol=2e-3)


@pytest.mark.parametrize("shape", [(32, 32), (64, 48), (299, 299), (511, 300)])
def test_tf1_is_what_a_shifted_grid_gives(shape):
    """The route of StyleGAN's detector: half-pixel sampling of a grid that is moved by the half pixels."""
    images, side = noise(2, 3, *shape), 299
    theta = torch.eye(2, 3)
    theta[0, 2], theta[1, 2] = 1 / shape[1] - 1 / side, 1 / shape[0] - 1 / side
    grid = affine_grid(theta.expand(2, 2, 3), [2, 3, side, side], align_corners=False)
    wanted = grid_sample(images, grid, mode="bilinear", padding_mode="border", align_corners=False)
    assert (bilinear_tf1(images, side) - wanted).abs().max() < 0.02


@pytest.mark.parametrize(
    "shape", [(32, 32), (64, 64), (299, 299), (300, 298), (512, 512), (1, 1), (17, 450), (640, 33)]
)
def test_bicubic_is_pillows(shape):
    images = noise(2, 3, *shape).round()
    planes = [
        np.asarray(Image.fromarray(plane, mode="F").resize((299, 299), Image.Resampling.BICUBIC))
        for plane in images.flatten(0, 1).numpy()
    ]
    wanted = torch.from_numpy(np.stack(planes)).view(2, 3, 299, 299)
    assert (bicubic_pil(images, 299) - wanted).abs().max() < 2e-3


def test_bicubic_of_the_same_size_changes_nothing():
    images = noise(1, 3, 299, 299)
    torch.testing.assert_close(bicubic_pil(images, 299), images, rtol=0, atol=1e-4)


@given(size=st.integers(1, 700), side=st.integers(1, 400))
@settings(max_examples=25, deadline=None)
def test_bicubic_weights_keep_a_constant(size, side):
    weights = bicubic_weights(size, side)
    assert weights.shape == (side, size)
    np.testing.assert_allclose(weights.sum(1), 1, atol=1e-12)


@pytest.mark.parametrize("resize", [bilinear_tf1, bilinear, bicubic_pil])
def test_images_do_not_see_each_other(resize):
    images = noise(3, 3, 40, 50)
    torch.testing.assert_close(resize(images, 299)[1:2], resize(images[1:2], 299), rtol=1e-5, atol=1e-3)
    assert not torch.equal(resize(images, 299)[0], resize(images, 299)[1])


@pytest.mark.parametrize("shape", [(32, 32), (200, 90), (310, 305)])
def test_bicubic_with_gradients_is_that_without(shape):
    images = noise(2, 3, *shape)
    plain, tracked = bicubic_pil(images, 299), bicubic_pil(images.clone().requires_grad_(), 299)
    assert tracked.requires_grad
    torch.testing.assert_close(plain, tracked.detach(), rtol=0, atol=2e-4)
    clipped = bicubic_pil(images, 299, within=(0, 255))
    assert torch.equal(clipped, plain.clamp(0, 255))
    assert not torch.equal(clipped, plain)
    assert bicubic_pil(images.clone().requires_grad_(), 299, within=(0, 255)).max() <= 255


def test_cached_weights_serve_gradients_too():
    with torch.inference_mode():
        bicubic_pil(noise(1, 3, 23, 23), 31)
    images = noise(1, 3, 23, 23).requires_grad_()
    bicubic_pil(images, 31).sum().backward()
    assert images.grad.sum() == pytest.approx(3 * 31 * 31, rel=1e-4)


@pytest.mark.parametrize(("height", "width", "side"), [(40, 48, 224), (300, 400, 100), (32, 32, 32)])
def test_bicubic_of_bytes_is_pillows(height: int, width: int, side: int) -> None:
    levels = stream(0, "bytes").integers(0, 256, (height, width, 3)).astype(np.uint8)
    wanted = np.asarray(Image.fromarray(levels).resize((side, side), Image.Resampling.BICUBIC)).astype(int)
    got = bicubic_pil_uint8(torch.from_numpy(levels).permute(2, 0, 1)[None].float(), side)[0].permute(1, 2, 0)
    off = np.abs(got.numpy() - wanted)
    assert off.max() <= 1
    assert off.mean() < 1e-3
