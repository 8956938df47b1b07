"""Progressive GAN: against two other implementations at every level of detail, fading, and what cannot be built.

expected/progan-32.npz: at whole levels the generator of genforce/interfacegan, between them the networks of
facebookresearch/pytorch_GAN_zoo, its discriminator brought to the order of pooling and activation and to the groups of
images that the authors' code has; all in float64 on the planted weights, mapped by place.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from planted import excerpt, latents, pictures, plant
from scipy.signal import correlate2d
from torch.nn import functional as F

from ganprobe.core.errors import InputError
from ganprobe.generators.progan.discriminator import ProGANDiscriminator, ProGANDiscriminatorConfig
from ganprobe.generators.progan.generator import ProGANConfig, ProGANGenerator

Array = NDArray[np.float64]
EXPECTED = Path(__file__).parent / "expected" / "progan-32.npz"
TINY = {"resolution": 32, "channel_base": 64, "channel_max": 8, "progressive": True}


def generator() -> ProGANGenerator:
    made: ProGANGenerator = plant(ProGANGenerator(ProGANConfig(**TINY, z_dim=6)), gain=None).double()
    return made


def discriminator() -> ProGANDiscriminator:
    made: ProGANDiscriminator = plant(ProGANDiscriminator(ProGANDiscriminatorConfig(**TINY)), gain=None).double()
    return made


@torch.no_grad()
def test_others_say_the_same_at_every_level_of_detail() -> None:
    made, judge, z = generator(), discriminator(), latents(8, 6).double()
    with np.load(EXPECTED, allow_pickle=False) as expected:
        assert len(expected.files) == 11
        for key in expected.files:
            role, level = key.split(".", 1)
            lod = float(level)
            images = pictures(8, 32 >> int(lod)).double()
            found = made(z, lod=lod) if role == "generator" else judge(images, lod=lod)
            error = np.abs(excerpt(found) - expected[key]).max() / np.abs(expected[key]).max()
            assert error < 1e-6, f"{key}: {error}"


@torch.no_grad()
def test_growing_is_continuous() -> None:
    """Just above a whole level the images are those of the level, and just below the next their enlargement."""
    made, z = generator(), latents(3, 6).double()
    torch.testing.assert_close(made(z, lod=1e-9), made(z), atol=1e-6, rtol=1e-6)
    whole = F.interpolate(made(z, lod=1), scale_factor=2)
    torch.testing.assert_close(made(z, lod=1 - 1e-9), whole, atol=1e-6, rtol=1e-6)
    judge, images = discriminator(), pictures(4, 16).double()
    enlarged = F.interpolate(images, scale_factor=2)
    torch.testing.assert_close(judge(enlarged, lod=1 - 1e-9), judge(images, lod=1), atol=1e-6, rtol=1e-6)


@torch.no_grad()
@pytest.mark.parametrize("fade", [0.25, 0.75])
def test_the_discriminator_where_8_fades_to_4_is_that_of_a_slow_computation(fade: float) -> None:
    """Image by image and map by map in NumPy, as table 2, figure 2 and sections 3 and 4.1 of the paper say."""
    judge, images = discriminator(), pictures(8, 8).double()
    weights = {name: weight.numpy() for name, weight in judge.state_dict().items()}

    def rgb(side: int, x: Array) -> Array:
        return leaky(correlated(x, weights[f"from_rgb.{side}.conv.weight"]), weights[f"from_rgb.{side}.bias"])

    def maps(x: Array) -> Array:
        first, second = (f"blocks.8.{number}" for number in (0, 1))
        old = rgb(4, halved(x))
        x = leaky(correlated(rgb(8, x), weights[f"{first}.conv.weight"]), weights[f"{first}.bias"])
        x = leaky(halved(correlated(x, weights[f"{second}.conv.weight"])), weights[f"{second}.bias"])
        return (1 - fade) * x + fade * old

    every = [maps(image) for image in images.numpy()]
    for index, logit in enumerate(judge(images, lod=2 + fade).tolist()):
        together = np.stack([every[index % 2 + 2 * member] for member in range(4)])
        deviation = np.sqrt(together.var(0) + 1e-8).mean()
        x = np.concatenate([every[index], np.full((1, 4, 4), deviation)])
        x = leaky(correlated(x, weights["last_conv.conv.weight"]), weights["last_conv.bias"]).ravel()
        dense = weights["dense.weight"] * np.sqrt(2 / x.size)
        x = leaky(dense @ x, weights["dense.bias"])
        expected = (weights["output.weight"] / np.sqrt(x.size)) @ x + weights["output.bias"]
        assert logit == pytest.approx(expected.item(), rel=1e-6), index


def correlated(x: Array, kernel: Array) -> Array:
    """Maps (I, H, W) by kernels (O, I, K, K) under an equalised rate, zero outside."""
    scale = np.sqrt(2 / kernel[0].size)
    return (
        np.stack([sum(correlate2d(each, taps, "same") for each, taps in zip(x, row, strict=True)) for row in kernel])
        * scale
    )


def halved(x: Array) -> Array:
    """The mean of every two by two numbers of maps (C, H, W)."""
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def leaky(x: Array, bias: Array) -> Array:
    """Maps (C, H, W) or numbers (C,) with a bias (C,), a fifth of them below zero."""
    x = x + bias.reshape(-1, *[1] * (x.ndim - 1))
    return np.where(x > 0, x, 0.2 * x)


@torch.no_grad()
def test_the_length_of_z_is_no_matter() -> None:
    made, z = generator(), latents(2, 6).double()
    torch.testing.assert_close(made(3 * z), made(z), atol=1e-5, rtol=1e-5)


def test_sizes_are_the_published_ones() -> None:
    """23.1 million weights each at 1024 pixels (table 2 of the paper)."""
    with torch.device("meta"):
        made = ProGANGenerator(ProGANConfig(resolution=1024))
        judge = ProGANDiscriminator(ProGANDiscriminatorConfig(resolution=1024))
    for network in (made, judge):
        assert round(sum(p.numel() for p in network.parameters()) / 1e6, 1) == 23.1
    assert list(judge.layers)[-3:] == ["8x8", "4x4", "features"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"resolution": 24}, "power of two of at least 8, got 24"),
        ({"resolution": 8, "z_dim": 0}, "z_dim must be at least 1, got 0"),
        ({"resolution": 8, "num_classes": -1}, "num_classes must be at least 0, got -1"),
    ],
)
def test_what_cannot_be_built_is_refused(fields: dict[str, int], said: str) -> None:
    with pytest.raises(InputError, match=said):
        ProGANConfig(**fields)


def test_a_network_of_one_resolution_does_not_fade() -> None:
    made = ProGANGenerator(ProGANConfig(resolution=8, channel_base=16, channel_max=4, z_dim=2))
    with pytest.raises(InputError, match="configure progressive=True"):
        made(torch.zeros(1, 2), lod=0.5)
