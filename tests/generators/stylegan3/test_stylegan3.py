"""StyleGAN3: its filters, its equivariance, the laws of its spaces, and what cannot be built.

tests/checkpoints/layouts/test_stylegan3_layout.py holds its images against the original implementation's.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import numpy as np
import pytest
import torch
from scipy import signal
from torch import Tensor

from ganprobe.core.errors import InputError
from ganprobe.generators import ARCHITECTURES
from ganprobe.generators.stylegan3.bands import kaiser_filter, radial_filter
from ganprobe.generators.stylegan3.generator import StyleGAN3Config, StyleGAN3Generator

SMALL: dict[str, Any] = {"z_dim": 6, "w_dim": 5, "channel_base": 256, "channel_max": 8, "num_layers": 6}
T = StyleGAN3Config(resolution=32, **SMALL)
R = StyleGAN3Config(resolution=32, **SMALL, conv_kernel=1, radial_filters=True)


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def built(config: StyleGAN3Config, seed: int = 0) -> StyleGAN3Generator:
    generator = StyleGAN3Generator(config, seed=seed).requires_grad_(False)
    generator.w_avg.copy_(0.5 * drawn(7, config.w_dim))
    return generator


def test_the_layers_are_the_published_ones() -> None:
    """Sizes and channels of the 1024-pixel networks of configuration R, which stand in their layers' names."""
    config = StyleGAN3Config(resolution=1024, channel_base=65536, channel_max=1024)
    assert config.bands.sizes == (36, 36, 52, 52, 84, 148, 148, 276, 276, 532, 1044, 1044, 1044, 1024, 1024)
    assert config.channels == (*[1024] * 7, 645, 406, 256, 161, 102, 64, 64)
    assert config.bands.sampling_rates[-4:] == (1024,) * 4
    assert config.bands.cutoffs[-3:] == (512, 512, 512)
    assert [config.bands.is_critical(layer) for layer in (11, 12, 13)] == [False, True, True]


@pytest.mark.parametrize("radial", [False, True])
def test_filters_pass_what_is_below_the_cutoff_and_stop_what_is_beyond_the_band(radial: bool) -> None:
    design = radial_filter if radial else kaiser_filter
    taps = design(48, cutoff=8.0, half_width=4.0, rate=64).double().numpy()
    line = taps.sum(0) if radial else taps
    spectrum = np.abs(np.fft.rfft(line, 640))
    frequencies = np.arange(len(spectrum)) / 10
    assert abs(spectrum[0] - 1) < 1e-6
    assert np.all(np.abs(spectrum[frequencies < 4] - 1) < 0.01)
    assert np.all(spectrum[frequencies > 12] < 0.01)
    if radial:
        np.testing.assert_allclose(taps, np.rot90(taps), atol=1e-9)


@pytest.mark.parametrize("half_width", [0.1, 1.0, 4.0])
def test_filters_are_those_of_scipy(half_width: float) -> None:
    """Whose attenuations are below 21, between, and above 50 decibels."""
    for taps in (12, 24):
        expected = signal.firwin(taps, cutoff=3.0, width=2 * half_width, fs=64)
        found = kaiser_filter(taps, cutoff=3.0, half_width=half_width, rate=64)
        np.testing.assert_allclose(found, expected, atol=1e-7)


@torch.no_grad()
@pytest.mark.parametrize("config", [T, R], ids="TR")
def test_a_shifted_plane_gives_shifted_images(config: StyleGAN3Config) -> None:
    generator, z = built(config), drawn(0, 2, 6)
    still = generator(z)
    generator.input.transform[0, 2] = 3 / 32
    moved = generator(z)
    inside = (slice(None), slice(None), slice(2, 30), slice(2, 26))
    expected = still[..., 3:][inside]
    assert (moved[..., :-3][inside] - expected).norm() < 0.03 * (expected - expected.mean()).norm()
    assert (moved - still).norm() > 0.1 * still.norm()


@torch.no_grad()
def test_a_turned_plane_gives_turned_images_in_r_alone() -> None:
    errors = {}
    for name, config in (("t", T), ("r", R)):
        generator, z = built(config), drawn(0, 2, 6)
        still = generator(z)
        generator.input.transform[:2, :2] = torch.tensor([[0.0, -1.0], [1.0, 0.0]])
        turned = torch.rot90(generator(z), 1, (2, 3))
        errors[name] = min(float((option - still).norm() / (still - still.mean()).norm()) for option in
                           (turned, torch.rot90(turned, 2, (2, 3))))  # fmt: skip
    assert errors["r"] < 1e-4
    assert errors["t"] > 0.1


@torch.no_grad()
def test_the_spaces_agree_and_samples_are_their_own() -> None:
    generator, z = built(T), drawn(3, 3, 6)
    w = generator.map(z)
    images = generator(z)
    rows = w[:, None].expand(-1, generator.num_ws, -1)
    for latents, space in ((w, "w"), (rows, "w+"), (generator.styles(w), "s")):
        torch.testing.assert_close(generator.synthesize(latents, space=space), images)
    torch.testing.assert_close(generator(z[1:2]), images[1:2], rtol=1e-4, atol=1e-5)
    truncated = torch.lerp(generator.w_avg, w, 0.5)
    torch.testing.assert_close(
        generator.synthesize(z, space="z", truncation=0.5), generator.synthesize(truncated, space="w")
    )
    for noise in ("zero", 3, []):
        torch.testing.assert_close(generator.synthesize(z, space="z", noise=noise), images)
    assert generator.noise_shapes == ()


def test_gradients_reach_every_weight() -> None:
    generator = StyleGAN3Generator(StyleGAN3Config(resolution=16, num_classes=2, **SMALL))
    torch.nn.init.normal_(generator.input.affine.weight)
    generator(drawn(0, 2, 6), torch.tensor([0, 1])).square().sum().backward()
    assert all(weight.grad is not None and weight.grad.any() for weight in generator.parameters())


def test_classes_are_asked_for() -> None:
    generator = built(StyleGAN3Config(resolution=16, num_classes=3, **SMALL))
    with pytest.raises(InputError, match="3 classes"):
        generator.map(drawn(0, 1, 6))
    first, second = generator(drawn(0, 1, 6).expand(2, -1), torch.tensor([0, 2]))
    assert not torch.allclose(first, second)


def test_seeds_decide_and_frequencies_fill_the_disc() -> None:
    first, same, other = (StyleGAN3Generator(T, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["input.freqs"], other["input.freqs"])
    wide = StyleGAN3Generator(StyleGAN3Config(resolution=16, channel_base=8192, channel_max=512, num_layers=3))
    share = (wide.input.freqs.norm(dim=1) / 2).square()
    assert abs(float(share.mean()) - 0.5) < 0.05
    assert float(share.max()) <= 1


def test_configurations_survive_json() -> None:
    assert StyleGAN3Config(**json.loads(json.dumps(asdict(R)))) == R
    assert ARCHITECTURES["stylegan3"].generator is StyleGAN3Generator
    assert not ARCHITECTURES["stylegan3"].trains


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"resolution": 24}, "power of two"),
        ({"resolution": 8}, "resolution must be at least 16"),
        ({"num_layers": 2}, "num_layers must be at least 3"),
        ({"conv_kernel": 2}, "conv_kernel must be odd"),
        ({"filter_size": 5}, "filter_size must be even"),
        ({"first_cutoff": 16.0}, "first_cutoff must lie between 0 and 16"),
        ({"first_stopband": 1.0}, "stopbands must begin beyond the cutoffs"),
        ({"last_stopband_rel": 1.0}, "stopbands must begin beyond the cutoffs"),
        ({"output_scale": 0.0}, "output_scale must be positive"),
        ({"conv_clamp": -1.0}, "conv_clamp must be positive"),
        ({"mapping_layers": 0}, "mapping_layers must be at least 1"),
        ({"resolution": 64, "num_critical": 0, "num_layers": 2}, "more critical layers"),
    ],
)
def test_what_cannot_be_built_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        StyleGAN3Config(**{"resolution": 32, **fields})
