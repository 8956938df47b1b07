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
from planted import excerpt, latents, pictures, plant
from torch.nn import functional as F

from ganprobe.core.errors import InputError
from ganprobe.generators.progan.discriminator import ProGANDiscriminator, ProGANDiscriminatorConfig
from ganprobe.generators.progan.generator import ProGANConfig, ProGANGenerator

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
