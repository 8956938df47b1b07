"""DCGAN: against the networks of pytorch_GAN_zoo, classes, kinds of norms, and what cannot be built.

expected/dcgan-*.npz: what the DCGAN networks of facebookresearch/pytorch_GAN_zoo say on the planted weights, mapped by
place. They have no bias at all.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from planted import check_answers, latents, pictures, plant
from torch.nn import functional as F

from ganprobe.core.errors import InputError
from ganprobe.generators.dcgan.discriminator import DCGANDiscriminator, DCGANDiscriminatorConfig
from ganprobe.generators.dcgan.generator import DCGANConfig, DCGANGenerator
from ganprobe.generators.layers.norms import InstanceNorm
from ganprobe.generators.layers.spectral import SpectralNorm

EXPECTED = Path(__file__).parent / "expected"


@pytest.mark.parametrize("resolution", [32, 64])
def test_the_gan_zoo_says_the_same(resolution: int) -> None:
    pair = (
        DCGANGenerator(DCGANConfig(resolution=resolution, channels=4, z_dim=16)),
        DCGANDiscriminator(DCGANDiscriminatorConfig(resolution=resolution, channels=4)),
    )
    lacking = ("conv.bias", "output.bias", "linear.bias")
    check_answers(pair, EXPECTED / f"dcgan-{resolution}.npz", lacking=lacking)


def test_the_class_joins_z_and_the_image() -> None:
    generator = plant(DCGANGenerator(DCGANConfig(resolution=16, channels=2, z_dim=4, num_classes=3))).eval()
    plain = DCGANGenerator(DCGANConfig(resolution=16, channels=2, z_dim=7)).eval()
    plain.load_state_dict(generator.state_dict())
    z, labels = latents(2, 4), torch.tensor([0, 2])
    one_hot = torch.tensor([[1.0, 0, 0], [0, 0, 1]])
    torch.testing.assert_close(generator(z, labels), plain(torch.cat([z, one_hot], 1)))

    judge = plant(DCGANDiscriminator(DCGANDiscriminatorConfig(resolution=16, channels=2, num_classes=3))).eval()
    images = pictures(2, 16)
    planes = one_hot[:, :, None, None].expand(-1, -1, 16, 16)
    first = judge.convs[0].conv
    wanted = F.conv2d(torch.cat([images, planes], 1), first.weight, first.bias, stride=2, padding=1)
    found = judge.judge(images, labels, features=["conv1"]).features["conv1"]
    torch.testing.assert_close(found, F.leaky_relu(wanted, 0.2))
    assert judge.features(images).shape == (2, *judge.layers["features"])


@pytest.mark.parametrize("norm", ["instance", "spectral", "none"])
def test_without_batch_norm_an_image_is_judged_alone(norm: str) -> None:
    """Also in training mode (where only the power iteration moves)."""
    config = DCGANDiscriminatorConfig(resolution=16, channels=2, norm=norm)
    judge, same = (plant(DCGANDiscriminator(config)).train() for _ in range(2))
    images = pictures(3, 16)
    torch.testing.assert_close(judge(images)[1:2], same(images[1:2]))
    assert any(isinstance(layer, SpectralNorm) for layer in judge.modules()) == (norm == "spectral")


def test_instance_norm_is_its_definition() -> None:
    layer, x = plant(InstanceNorm(3, epsilon=1e-5)), pictures(2, 5)
    mean, var = x.mean((2, 3), keepdim=True), x.var((2, 3), unbiased=False, keepdim=True)
    wanted = (x - mean) / (var + 1e-5).sqrt() * layer.gain[:, None, None] + layer.bias[:, None, None]
    torch.testing.assert_close(layer(x), wanted)


def test_sizes_are_the_published_ones() -> None:
    with torch.device("meta"):
        generator, judge = DCGANGenerator(DCGANConfig()), DCGANDiscriminator(DCGANDiscriminatorConfig())
    assert generator.config.widths == (512, 256, 128, 64)
    assert judge.layers["conv4"] == (512, 4, 4)
    assert judge.layers["features"] == (8192,)


@pytest.mark.parametrize("fields", [{"resolution": 48}, {"channels": 0}, {"num_classes": -1}, {"bn_epsilon": 0.0}])
def test_what_cannot_be_built_is_refused(fields: dict[str, int]) -> None:
    for kind in (DCGANConfig, DCGANDiscriminatorConfig):
        with pytest.raises(InputError, match=f"{next(iter(fields))} must be .*, got"):
            kind(**fields)


def test_an_unknown_norm_is_refused() -> None:
    with pytest.raises(InputError, match="norm must be one of batch, instance, spectral, none, got 'layer'"):
        DCGANDiscriminatorConfig(norm="layer")
