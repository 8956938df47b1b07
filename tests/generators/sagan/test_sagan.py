"""SAGAN: against torch-mimicry's networks, where attention stands, and what cannot be built.

expected/sagan-*.npz: what the networks of torch-mimicry 0.1.16 say on the planted weights, mapped by name.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from planted import check_answers, latents, pictures, plant

from ganprobe.core.errors import InputError
from ganprobe.generators.layers.spectral import SpectralLayer
from ganprobe.generators.sagan.discriminator import SAGANDiscriminator, SAGANDiscriminatorConfig
from ganprobe.generators.sagan.generator import SAGANConfig, SAGANGenerator

EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize("resolution", [32, 128])
def test_torch_mimicry_says_the_same(resolution: int) -> None:
    shape = {"resolution": resolution, "num_classes": 5, "channels": 4}
    pair = (
        SAGANGenerator(SAGANConfig(**shape, z_dim=16, interpolation="bilinear")),
        SAGANDiscriminator(SAGANDiscriminatorConfig(**shape, rectified_skip=True)),
    )
    check_answers(pair, EXPECTED / f"sagan-{resolution}-classes.npz", torch.arange(4))


@pytest.mark.parametrize("resolution", [32, 48, 64, 128])
@torch.no_grad()
def test_every_resolution_has_its_attention(resolution: int) -> None:
    generator = SAGANGenerator(SAGANConfig(resolution=resolution, channels=4, z_dim=4)).eval()
    judge = SAGANDiscriminator(SAGANDiscriminatorConfig(resolution=resolution, channels=4)).eval()
    images = generator(latents(2, 4))
    assert images.shape == (2, 3, resolution, resolution)
    assert judge.judge(images, features=["last"]).features["last"].shape[1:] == judge.layers["last"]
    assert len(generator.trunk.attention) == len(judge.trunk.attention) == 1
    assert set(judge.trunk.attention) == {"1"}


@torch.no_grad()
def test_attention_starts_with_no_say() -> None:
    images = pictures(2, 32)
    with_it, without = (
        SAGANDiscriminator(SAGANDiscriminatorConfig(channels=4, attention=attention), seed=3).eval()
        for attention in ((8,), ())
    )
    torch.testing.assert_close(with_it(images), without(images))
    assert not torch.allclose(plant(with_it)(images), plant(without)(images), rtol=1e-3)


def test_everything_but_class_tables_is_spectrally_normalised() -> None:
    for network in (
        SAGANGenerator(SAGANConfig(num_classes=3, channels=4)),
        SAGANDiscriminator(SAGANDiscriminatorConfig()),
    ):
        plain = [
            name
            for name, layer in network.named_modules()
            if isinstance(layer, SpectralLayer) and isinstance(layer.norm, torch.nn.Identity)
        ]
        assert all("norm" in name for name in plain)
    assert SAGANConfig().attention == (16,)


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"attention": (17,)}, r"attention must be at resolutions among \[8, 16, 32\], got \[17\]"),
        ({"channels": 1}, r"at least 8 channels, has fewer at \[16\]; raise channels"),
        ({"resolution": 16}, "resolution must be one of 32, 48, 64, 128, got 16"),
        ({"sn_epsilon": 0.0}, "sn_epsilon must be positive, got 0.0"),
    ],
)
def test_what_cannot_be_built_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        SAGANConfig(**fields)


def test_an_odd_map_has_no_attention() -> None:
    with pytest.raises(InputError, match=r"among \[6, 12, 24\], got \[3\]"):
        SAGANDiscriminatorConfig(resolution=48, attention=(3,))
