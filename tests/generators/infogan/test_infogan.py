"""InfoGAN: against published networks, the codes in z and their distribution, and what cannot be built.

expected/infogan-32.npz: what the SVHN networks of Natsu6767/InfoGAN-PyTorch, narrowed to a sixteenth, say on the
planted weights, mapped by place, of codes written out by hand. The generator has no bias.
"""

from __future__ import annotations

from math import sqrt
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from planted import check_answers, latents, plant
from scipy import stats

from ganprobe.core.errors import InputError
from ganprobe.generators.codes import CodeLayout, Codes
from ganprobe.generators.infogan.discriminator import InfoGANDiscriminator, InfoGANDiscriminatorConfig
from ganprobe.generators.infogan.generator import InfoGANConfig, InfoGANGenerator
from ganprobe.samplers.generator import GeneratorSampler

EXPECTED = Path(__file__).parent / "expected" / "infogan-32.npz"
TINY = InfoGANConfig(channels=4, noise=6, categorical=(3, 4), continuous=2)


def test_published_networks_say_the_same() -> None:
    pair = (InfoGANGenerator(TINY), InfoGANDiscriminator(InfoGANDiscriminatorConfig(channels=4)))
    check_answers(pair, EXPECTED, lacking=("doublings.1.conv.bias", "doublings.2.conv.bias", "output.bias"))


def test_codes_of_a_sampler_are_uniform() -> None:
    """Chi-square and Kolmogorov-Smirnov on what a sampler draws."""
    sampler = GeneratorSampler(InfoGANGenerator(TINY).eval(), name="tiny", fingerprint="tiny")
    codes = TINY.codes.read(sampler.draw(range(20_000), seed=5).z)
    assert codes.categorical.shape == codes.continuous.shape == (20_000, 2)
    for code, count in zip(codes.categorical.unbind(1), TINY.categorical, strict=True):
        assert stats.chisquare(np.bincount(code.numpy(), minlength=count)).pvalue > 1e-3
    for code in codes.continuous.unbind(1):
        assert stats.kstest(code.numpy(), stats.uniform(-1, 2).cdf).pvalue > 1e-3


@given(st.integers(0, 5), st.lists(st.integers(2, 6), max_size=3), st.integers(0, 3), st.integers(0, 2**16))
def test_what_is_written_is_read(noise: int, categorical: list[int], continuous: int, seed: int) -> None:
    if not categorical and not continuous:
        continuous = 1
    layout = CodeLayout(noise=noise, categorical=tuple(categorical), continuous=continuous)
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(4, layout.size, generator=rng)
    codes = Codes(
        torch.stack([torch.randint(count, (4,), generator=rng) for count in categorical], 1)
        if categorical
        else torch.zeros(4, 0, dtype=torch.int64),
        1.98 * torch.rand(4, continuous, generator=rng) - 0.99,
    )
    written = layout.write(z, codes)
    again = layout.read(written)
    assert torch.equal(again.categorical, codes.categorical)
    torch.testing.assert_close(again.continuous, codes.continuous, atol=1e-5, rtol=1e-5)
    assert torch.equal(written[:, :noise], z[:, :noise])
    own = layout.read(z)
    torch.testing.assert_close(layout.inputs(layout.write(z, own)), layout.inputs(z), atol=1e-4, rtol=1e-4)


def test_the_generator_sees_codes_and_not_what_they_are_made_of() -> None:
    generator, z = plant(InfoGANGenerator(TINY)).eval(), latents(3, TINY.z_dim)
    block = slice(TINY.noise, TINY.noise + 3)
    louder = z.clone()
    louder[:, block] = 5 * z[:, block]
    torch.testing.assert_close(generator(louder), generator(z))
    other = z.clone()
    other[:, block] = z[:, block].roll(1, dims=1)
    assert not torch.allclose(generator(other), generator(z), atol=1e-3)
    assert generator.codes == TINY.codes


def test_a_continuous_code_has_a_gradient() -> None:
    z = latents(2, TINY.z_dim).requires_grad_(True)
    TINY.codes.inputs(z)[:, -2:].sum().backward()
    density = torch.exp(-z.detach()[:, -2:].square() / 2) * sqrt(2 / torch.pi)
    torch.testing.assert_close(z.grad[:, -2:], density)
    assert not z.grad[:, TINY.noise : -2].any()


def test_sizes_are_the_published_ones() -> None:
    config = InfoGANConfig()
    assert config.z_dim == 168
    with torch.device("meta"):
        generator, judge = InfoGANGenerator(config), InfoGANDiscriminator(InfoGANDiscriminatorConfig())
    assert generator.linear.weight.shape == (448 * 4, 168)
    assert judge.layers == {"conv1": (64, 16, 16), "conv2": (128, 8, 8), "conv3": (256, 4, 4), "features": (4096,)}


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"resolution": 40}, "resolution must be a multiple of 16, at least 32, got 40"),
        ({"noise": -1}, "noise and continuous must be at least 0, got -1 and 4"),
        ({"categorical": (10, 1)}, r"a categorical code has at least 2 values, got \[10, 1\]"),
        ({"categorical": (), "continuous": 0}, "at least one code, got none"),
        ({"channels": 0}, "channels must be at least 1, got 0"),
    ],
)
def test_what_cannot_be_built_is_refused(fields: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        InfoGANConfig(**fields)


def test_what_the_discriminator_cannot_be() -> None:
    for fields in ({"resolution": 24}, {"norm": "spectral"}, {"channels": 0}, {"bn_epsilon": -1.0}):
        with pytest.raises(InputError, match="got"):
            InfoGANDiscriminatorConfig(**fields)
    with pytest.raises(InputError, match="z must be of shape N x 15, got"):
        TINY.codes.read(torch.zeros(2, 14))
