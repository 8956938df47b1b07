"""MS-SSIM by hand, by brute force with SciPy, and against the values of TensorFlow's research implementation."""

import numpy as np
import pytest
import scipy.ndimage
import scipy.signal
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import MetricError
from ganprobe.core.streams import stream
from ganprobe.metrics import ms_ssim
from ganprobe.metrics.pictures.ms_ssim import similarities
from ganprobe.metrics.pictures.protocol import WEIGHTS

C1, C2 = 6.5025, 58.5225
TENSORFLOW = {
    16: (0.99010827, 0.911147799, 0.574755315),
    32: (0.990249218, 0.919266612, 0.464024458),
    48: (0.991580348, 0.915460915, 0.565147119),
    128: (0.992034013, 0.917880823, 0.560972807),
}
"""What the implementation of TensorFlow's research models, as the code of Progressive GAN has it, says of `noisy`."""


def noisy(side):
    rng = stream(side, "ms_ssim fixture")
    a = rng.integers(0, 256, (3, 3, side, side)).astype(np.uint8)
    noise = rng.integers(-60, 61, (3, 3, side, side)) * np.array([0.3, 1, 3]).reshape(3, 1, 1, 1)
    return a, np.clip(a + noise, 0, 255).astype(np.uint8)


def window(size):
    at = np.arange(size) - (size - 1) / 2
    line = np.exp(-(at**2) / (2 * (1.5 * size / 11) ** 2))
    return np.outer(line, line) / line.sum() ** 2


def one_scale(x, y):
    """(luminance, contrast and structure) maps of one channel, from the definition."""
    kernel = window(min(11, *x.shape))
    mean = lambda values: scipy.signal.correlate2d(values, kernel, mode="valid")  # noqa: E731
    mu_x, mu_y = mean(x), mean(y)
    var_x, var_y, cov = mean(x * x) - mu_x**2, mean(y * y) - mu_y**2, mean(x * y) - mu_x * mu_y
    return (2 * mu_x * mu_y + C1) / (mu_x**2 + mu_y**2 + C1), (2 * cov + C2) / (var_x + var_y + C2)


def brute_force(a, b):
    x, y = a.astype(np.float64), b.astype(np.float64)
    value = 1.0
    for scale, weight in enumerate(WEIGHTS):
        maps = [one_scale(one, other) for one, other in zip(x, y, strict=True)]
        last = scale == 4
        mean = np.mean([structure * (light if last else 1) for light, structure in maps])
        value *= max(mean, 0.0) ** weight
        x, y = (scipy.ndimage.convolve(side, np.full((1, 2, 2), 0.25), mode="reflect")[:, ::2, ::2] for side in (x, y))
    return value


@pytest.mark.parametrize("side", TENSORFLOW)
def test_the_research_implementation_of_tensorflow(side):
    np.testing.assert_allclose(ms_ssim(*noisy(side)), TENSORFLOW[side], rtol=1e-5)


@pytest.mark.parametrize("shape", [(16, 16), (32, 32), (33, 47), (96, 40)])
def test_brute_force(shape):
    rng = stream(7, "ms_ssim test")
    a = rng.integers(0, 256, (2, 3, *shape)).astype(np.uint8)
    b = np.clip(a * 0.7 + rng.integers(0, 60, a.shape), 0, 255).astype(np.uint8)
    wanted = [brute_force(x, y) for x, y in zip(a, b, strict=True)]
    assert min(wanted) > 0.1
    np.testing.assert_allclose(ms_ssim(a, b), wanted, rtol=1e-9)


def test_two_plain_greys_by_hand():
    """Without contrast only luminance is left, at the last scale."""
    a, b = (np.full((1, 3, 32, 32), level, dtype=np.uint8) for level in (100, 150))
    wanted = ((2 * 100 * 150 + C1) / (100**2 + 150**2 + C1)) ** 0.1333
    assert ms_ssim(a, b)[0] == pytest.approx(wanted, rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(16, 40), st.integers(16, 40))
def test_one_for_alike_images_symmetric_and_within_the_unit(seed, height, width):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 256, (2, 2, 3, height, width), dtype=np.uint8)
    assert ms_ssim(a, a) == pytest.approx([1.0, 1.0], abs=1e-12)
    there, back = ms_ssim(a, b), ms_ssim(b, a)
    np.testing.assert_allclose(there, back, rtol=1e-12)
    assert ((there >= 0) & (there <= 1)).all()


def test_an_inverted_image_counts_as_nothing():
    a, _ = noisy(32)
    assert ms_ssim(a, 255 - a).tolist() == [0, 0, 0]


def test_tensors_of_bytes_and_floats_alike():
    a, b = (torch.from_numpy(side) for side in noisy(32))
    assert torch.equal(similarities(a, b), similarities(a.float(), b.float()))
    np.testing.assert_array_equal(ms_ssim(a, b), similarities(a, b).numpy())


def test_refuses_bad_input():
    a, b = noisy(32)
    with pytest.raises(MetricError, match="two sets of images"):
        ms_ssim(a, b[:1])
    with pytest.raises(MetricError, match="at least 16 pixels"):
        ms_ssim(a[:, :, :15], b[:, :, :15])
    with pytest.raises(MetricError, match="from 0 to 255"):
        ms_ssim(a / 127.5 - 1, b / 127.5 - 1)
    with pytest.raises(MetricError, match="from 0 to 255"):
        ms_ssim(np.full((1, 3, 16, 16), np.nan), np.zeros((1, 3, 16, 16)))
