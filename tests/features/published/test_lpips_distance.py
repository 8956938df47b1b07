"""LPIPS against the package `lpips`, by hand, in float64, and what the protocols do to images first."""

import warnings

import numpy as np
import pytest
import torch
import torchvision
from hypothesis import given, settings
from hypothesis import strategies as st

from ganprobe.core.errors import CheckpointError, DataError
from ganprobe.core.streams import stream
from ganprobe.features.published import lpips_distance as module
from ganprobe.features.published.downloads import VGG16
from ganprobe.features.published.lpips_distance import LpipsDistance, linear_weights, load_lpips
from ganprobe.features.published.lpips_protocols import (
    PreparedDistance,
    box_to_256,
    cropped_to_256,
    face_crop,
    fidelity_64,
    quantised,
)
from ganprobe.features.published.vgg16 import read_vgg16
from ganprobe.features.published.weights import NetworkWeights


@pytest.fixture(scope="module")
def distance(vgg16_file):
    return load_lpips(vgg16_file)


@pytest.fixture(scope="module")
def exact(vgg16_file):
    return load_lpips(vgg16_file, dtype=torch.float64)


def images(n, height, width, seed=0):
    return torch.from_numpy(stream(seed, "lpips test").uniform(-1, 1, (n, 3, height, width)).astype(np.float32))


def smooth(n, side, seed):
    coarse = torch.from_numpy(stream(seed, "lpips smooth").standard_normal((n, 3, 8, 8)))
    return torch.nn.functional.interpolate(coarse, (side, side), mode="bicubic")


def test_it_is_the_packages_lpips(distance, exact, vgg16_file):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        lpips = pytest.importorskip("lpips", reason="lpips is not installed")
        peer = lpips.LPIPS(net="vgg", pnet_rand=True, verbose=False)
    trunk = {name.removeprefix("features."): value for name, value in torch.load(vgg16_file, weights_only=True).items()}
    for name in [name for name, _ in peer.net.named_parameters()]:
        _, _, rest = name.partition(".")
        peer.net.get_parameter(name).data = trunk[rest]
    a, b = images(5, 40, 33), images(5, 40, 33, seed=1)
    with torch.no_grad():
        wanted = peer(a, b).flatten()
    assert wanted.min() > 0.01
    assert ((distance(a, b) - wanted).abs() < 1e-5 * wanted).all()
    assert ((exact(a, b) - wanted).abs() < 1e-5 * wanted).all()


def trunk_of(first, second):
    """A VGG16 trunk of zeros but for channels 0 and 1 of the first two layers, which are first * red + second."""
    with torch.device("meta"):
        network = torchvision.models.vgg16()
    for parameter in network.features.parameters():
        parameter.requires_grad_(False)
    network.features.to_empty(device="cpu").apply(lambda layer: [value.zero_() for value in layer.parameters(False)])
    for channel in (0, 1):
        network.features[0].weight[channel, 0, 1, 1], network.features[0].bias[channel] = (
            first[channel],
            second[channel],
        )
        network.features[2].weight[channel, channel, 1, 1] = 1
    return NetworkWeights(network.eval(), "0" * 64, VGG16)


def test_a_case_by_hand():
    """Activations (3, 4) and (4, 3) become (0.6, 0.8) and (0.8, 0.6): only the first layer differs, by 0.2 twice."""
    handmade = LpipsDistance(trunk_of((1.0, -1.0), (3.0, 4.0)), dtype=torch.float64)
    a, b = torch.zeros(1, 3, 16, 16), torch.zeros(1, 3, 16, 16)
    a[:, 0], b[:, 0] = -0.030, 0.458 - 0.030
    wanted = 0.04 * float(linear_weights()[0][:2].double().sum())
    assert wanted > 1e-4
    assert float(handmade(a, b)) == pytest.approx(wanted, rel=1e-6)


def test_alike_images_are_no_distance_apart_and_it_is_symmetric(distance):
    a, b = images(3, 32, 32), images(3, 32, 32, seed=1)
    assert (distance(a, a) == 0).all()
    torch.testing.assert_close(distance(a, b), distance(b, a), rtol=1e-5, atol=0)


def test_no_dependence_on_the_batch(distance):
    a, b = images(7, 24, 32), images(7, 24, 32, seed=1)
    torch.testing.assert_close(distance(a[5:6], b[5:6]), distance(a, b)[5:6], rtol=1e-5, atol=0)
    assert distance(a[:0], b[:0]).shape == (0,)


def test_float32_tells_a_step_of_1e_4(distance, exact):
    """Rounding adds about 3e-12 to a distance of any size: 3e-4 to a path length, whatever its size."""
    a, step = smooth(6, 64, 0), smooth(6, 64, 1)
    near = a + 1e-4 * step
    rounded = distance(a.float(), near.float()).double() / 1e-8
    wanted = exact(a, near) / 1e-8
    assert (rounded - wanted).abs().max() < 3e-3
    assert abs(rounded.mean() - wanted.mean()) < 1e-3
    assert wanted.min() > 0.05
    # A distance is quadratic in a small step: what float64 gives is no rounding either.
    torch.testing.assert_close(exact(a, a + 1e-5 * step) / 1e-10, wanted, rtol=2e-3, atol=0)


def test_the_name_and_the_fingerprint_tell_the_weights(distance, exact, vgg16_file):
    weights = read_vgg16(vgg16_file)
    assert distance.name == f"lpips-{weights.name}"
    assert distance.name.startswith("lpips-vgg16-unofficial:")
    assert not distance.official
    assert distance.fingerprint == load_lpips(vgg16_file).fingerprint
    assert distance.fingerprint != exact.fingerprint
    other = LpipsDistance(NetworkWeights(weights.network, "1" * 64, VGG16), dtype=torch.float64)
    assert other.fingerprint != exact.fingerprint
    # The network that it was given is as it was.
    assert weights.network.features[0].weight.dtype == torch.float32


def test_what_is_no_pair_of_images_is_refused(distance):
    good = images(2, 32, 32)
    with pytest.raises(DataError, match="one shape"):
        distance(good, good[:1])
    with pytest.raises(DataError, match="float images"):
        distance((good * 100).to(torch.uint8), (good * 100).to(torch.uint8))
    with pytest.raises(DataError, match="at least 16 pixels"):
        distance(good[:, :, :15], good[:, :, :15])


def test_other_linear_weights_are_refused(monkeypatch, tmp_path):
    path = tmp_path / "vgg.pth"
    torch.save({"lin0.model.1.weight": torch.zeros(1, 64, 1, 1)}, path)
    monkeypatch.setattr(module, "_linear_file", lambda: path)
    linear_weights.cache_clear()
    with pytest.raises(CheckpointError, match=r"not the file of lpips 0\.1\.4"):
        linear_weights()
    monkeypatch.undo()
    assert [len(each) for each in linear_weights()] == [64, 128, 256, 512, 512]
    assert all((each >= 0).all() for each in linear_weights())


@settings(max_examples=20, deadline=None)
@given(st.sampled_from([(256, 300), (511, 511), (512, 768), (1024, 1024), (768, 12)]), st.integers(0, 9))
def test_box_to_256_averages_squares(shape, seed):
    height, width = shape
    x = images(1, height, width, seed)
    got = box_to_256(x)
    factor = max(height // 256, 1)
    assert got.shape == (1, 3, height // factor, width // factor)
    for row, column in ((0, 0), (got.shape[2] - 1, got.shape[3] - 1), (3, 2)):
        square = x[0, :, row * factor : (row + 1) * factor, column * factor : (column + 1) * factor]
        torch.testing.assert_close(got[0, :, row, column], square.mean((1, 2)), rtol=1e-5, atol=1e-6)


def test_squares_that_do_not_fit_are_refused():
    with pytest.raises(DataError, match="769 x 769 do not split into squares of 3"):
        box_to_256(images(1, 769, 769))


def test_the_crop_of_faces():
    rows = torch.arange(64.0).view(1, 1, 64, 1).expand(1, 3, 64, 64)
    assert face_crop(rows)[0, 0, :, 0].tolist() == list(range(24, 56))
    assert face_crop(rows.mT)[0, 0, 0].tolist() == list(range(16, 48))
    assert cropped_to_256(torch.zeros(1, 3, 1024, 1024)).shape == (1, 3, 256, 256)
    with pytest.raises(DataError, match="square images"):
        face_crop(torch.zeros(1, 3, 64, 32))


def test_torch_fidelitys_preparation():
    large = images(1, 128, 192)
    means = (quantised(large)[0, :, :2, :3]).mean((1, 2))
    torch.testing.assert_close(fidelity_64(large)[0, :, 0, 0], means)
    same = images(1, 64, 64)
    assert torch.equal(fidelity_64(same), quantised(same))
    one_long_side = quantised(images(1, 32, 128))
    # Bilinear without antialiasing: rows at 0.25 and 0.75 between neighbours, columns half way between two of them.
    left, right = one_long_side[0, :, :, 2], one_long_side[0, :, :, 3]
    at_one = ((left + right) / 2)[:, [0, 1]] @ torch.tensor([0.75, 0.25])
    torch.testing.assert_close(fidelity_64(one_long_side)[0, :, 1, 1], at_one)


def test_quantised_pixels_hide_or_blow_up_a_small_step(distance):
    a, step = (smooth(4, 64, seed).clamp(-1, 1).float() for seed in (0, 1))
    plain = distance(a, a + 1e-4 * step) / 1e-8
    rounded = PreparedDistance(quantised, distance)(a, a + 1e-4 * step) / 1e-8
    assert rounded.mean() > 20 * plain.mean()
