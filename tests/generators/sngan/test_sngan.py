"""SNGAN: against torch-mimicry's networks, the paper's parts by their definitions, and what cannot be built.

expected/sngan-*.npz: what the networks of torch-mimicry 0.1.16 (SNGAN, and cGAN-PD where there are classes) say on the
planted weights, mapped by name.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from planted import check_answers, pictures, plant
from torch.nn import functional as F

from ganprobe.core.errors import InputError
from ganprobe.generators.layers.residual import DecoderPlan, DownBlock, UpBlock
from ganprobe.generators.sngan.discriminator import SNGANDiscriminator, SNGANDiscriminatorConfig
from ganprobe.generators.sngan.generator import SNGANConfig, SNGANGenerator

EXPECTED = Path(__file__).parent / "expected"
TINY = {"channels": 2}


@pytest.mark.parametrize(
    ("resolution", "num_classes"),
    [(32, 0), (48, 0), (64, 0), (128, 0), (32, 5), (128, 5)],
    ids=lambda value: f"{value}",
)
def test_torch_mimicry_says_the_same(resolution: int, num_classes: int) -> None:
    shape = {"resolution": resolution, "num_classes": num_classes, **TINY}
    pair = (
        SNGANGenerator(SNGANConfig(**shape, z_dim=16, interpolation="bilinear")),
        SNGANDiscriminator(SNGANDiscriminatorConfig(**shape, rectified_skip=True)),
    )
    file = EXPECTED / f"sngan-{resolution}{'-classes' if num_classes else ''}.npz"
    check_answers(pair, file, torch.arange(4) if num_classes else None)


def test_an_up_block_is_its_definition() -> None:
    """Nearest upsampling before the first convolution and on the skip, unfused."""
    block = plant(UpBlock(DecoderPlan(z_dim=1, side=4, widths=(4, 2)), 4, 2)).double().eval()
    x = pictures(2, 6).double()[:, [0, 1, 2, 0]]
    h = F.interpolate(block.norm1(x).relu(), scale_factor=2)
    h = F.conv2d(h, block.conv1.weight, block.conv1.bias, padding=1)
    h = F.conv2d(block.norm2(h).relu(), block.conv2.weight, block.conv2.bias, padding=1)
    skip = F.conv2d(F.interpolate(x, scale_factor=2), block.skip.weight, block.skip.bias)
    torch.testing.assert_close(block(x, None), h + skip)


@pytest.mark.parametrize("rectified", [False, True])
@pytest.mark.parametrize("halve", [False, True])
def test_a_down_block_is_its_definition(halve: bool, rectified: bool) -> None:
    block = (
        plant(DownBlock(3, 5, inner=4, first=False, halve=halve, rectified_skip=rectified, epsilon=1e-12))
        .double()
        .eval()
    )
    x = pictures(2, 6).double()
    pool = (lambda maps: F.avg_pool2d(maps, 2)) if halve else (lambda maps: maps)
    weights = [layer.norm(layer.weight) for layer in (block.conv1, block.conv2, block.skip)]
    h = F.conv2d(x.relu(), weights[0], block.conv1.bias, padding=1)
    h = pool(F.conv2d(h.relu(), weights[1], block.conv2.bias, padding=1))
    skip = pool(F.conv2d(x.relu() if rectified else x, weights[2], block.skip.bias))
    torch.testing.assert_close(block(x), h + skip)


def test_sizes_are_the_published_ones() -> None:
    """Table 4 of the paper: 256 channels in the generator and 128 in the discriminator at 32 pixels."""
    with torch.device("meta"):
        generator = SNGANGenerator(SNGANConfig())
        discriminator = SNGANDiscriminator(SNGANDiscriminatorConfig())
    blocks = 3 * (2 * 9 * 256 * 256 + 256 * 256 + 3 * 256 + 4 * 256)
    assert sum(p.numel() for p in generator.parameters()) == 129 * 4096 + blocks + 2 * 256 + 27 * 256 + 3
    assert list(discriminator.layers) == ["block1", "block2", "block3", "block4", "last", "features"]
    assert discriminator.layers["last"] == (128, 8, 8)
    wide = SNGANDiscriminatorConfig(resolution=128).plan
    assert list(zip(wide.widths, wide.sides[1:], strict=True)) == [
        (64, 64), (128, 32), (256, 16), (512, 8), (1024, 4), (1024, 4)
    ]  # fmt: skip


def test_classes_start_alike_and_differ_once_learnt() -> None:
    generator = SNGANGenerator(SNGANConfig(num_classes=2, z_dim=4, **TINY)).eval()
    z = torch.ones(2, 4)
    first, second = generator(z, torch.tensor([0, 1]))
    torch.testing.assert_close(first, second)
    first, second = plant(generator)(z, torch.tensor([0, 1]))
    assert not torch.allclose(first, second, atol=1e-2)


@pytest.mark.parametrize(
    "fields",
    [
        {"resolution": 40},
        {"channels": 0},
        {"num_classes": -1},
        {"z_dim": 0},
        {"interpolation": "cubic"},
        {"bn_epsilon": 0.0},
    ],
)
def test_what_cannot_be_built_is_refused(fields: dict[str, int]) -> None:
    with pytest.raises(InputError, match="got") as caught:
        SNGANConfig(**fields)
    assert next(iter(fields)) in str(caught.value)


def test_the_discriminator_checks_its_fields() -> None:
    for fields in ({"resolution": 40}, {"channels": 0}, {"num_classes": -1}, {"sn_epsilon": 0.0}):
        with pytest.raises(InputError, match="got"):
            SNGANDiscriminatorConfig(**fields)
