"""BigGAN-deep: the definitions of its parts, truncation by statistics, what it refuses. Its images are compared with
two original implementations in tests/checkpoints/test_biggan_deep_layouts.py."""

from __future__ import annotations

import json
from dataclasses import asdict, replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.generators import ARCHITECTURES
from ganprobe.generators.biggan.deep import BigGANDeepConfig, BigGANDeepGenerator, BottleneckBlock, published_plan
from ganprobe.generators.biggan.generator import WIDTHS
from ganprobe.generators.layers.truncated_norm import TruncationStatistics, interpolation_weights
from ganprobe.samplers.generator import GeneratorSampler

SMALL = BigGANDeepConfig(
    resolution=16,
    num_classes=3,
    channels=8,
    z_dim=4,
    shared_dim=3,
    widths=(2, 2, 1, 1),
    upsampling=(True, False, True),
    attention=(2,),
    statistics=6,
)
PLAIN = replace(SMALL, statistics=1)


def latents(config: BigGANDeepConfig, n: int = 3) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(0)
    return torch.randn(n, config.z_dim, generator=rng), torch.randint(config.num_classes, (n,), generator=rng)


@torch.no_grad()
def lively(config: BigGANDeepConfig) -> BigGANDeepGenerator:
    """A generator in evaluation mode whose gammas and statistics are not those of the start."""
    generator, rng = BigGANDeepGenerator(config, seed=3), torch.Generator().manual_seed(1)
    for name, tensor in generator.state_dict().items():
        if name.endswith("gamma"):
            tensor.fill_(0.7)
        elif name.endswith("running_mean"):
            tensor.copy_(0.1 * torch.randn(tensor.shape, generator=rng))
        elif name.endswith("running_var"):
            tensor.copy_(0.5 + torch.rand(tensor.shape, generator=rng))
    return generator.eval()


@pytest.mark.parametrize("resolution", WIDTHS)
def test_published_plans_reach_their_resolution(resolution: int) -> None:
    config = BigGANDeepConfig(resolution=resolution, num_classes=2)
    assert (config.widths, config.upsampling) == published_plan(resolution)
    assert config.upsampling == (False, True) * (len(WIDTHS[resolution]) - 1)
    assert config.widths[::2] == WIDTHS[resolution]
    assert config.widths[1::2] == WIDTHS[resolution][:-1]


def test_images_have_the_resolution_and_the_range() -> None:
    generator = BigGANDeepGenerator(BigGANDeepConfig(resolution=32, num_classes=3, channels=2, z_dim=4, shared_dim=2))
    z, labels = latents(generator.config)
    images = generator.eval().synthesize(z, space="z", labels=labels)
    assert images.shape == (3, 3, 32, 32)
    assert images.dtype == torch.float32
    assert float(images.detach().abs().max()) <= 1


def test_the_configuration_survives_json() -> None:
    assert BigGANDeepConfig(**json.loads(json.dumps(asdict(SMALL)))) == SMALL
    assert ARCHITECTURES["biggan-deep"].generator is BigGANDeepGenerator


def test_weights_follow_from_the_seed() -> None:
    first, same, other = (BigGANDeepGenerator(SMALL, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["linear.weight"], other["linear.weight"])


@torch.no_grad()
def test_a_sample_does_not_depend_on_its_batch() -> None:
    generator = lively(SMALL)
    z, labels = latents(SMALL)
    together = generator.synthesize(z, space="z", labels=labels, truncation=0.5)
    for number in range(len(z)):
        one = slice(number, number + 1)
        alone = generator.synthesize(z[one], space="z", labels=labels[one], truncation=0.5)
        torch.testing.assert_close(alone, together[one], atol=1e-5, rtol=1e-5)


@torch.no_grad()
def test_every_number_of_z_and_the_class_reach_every_block() -> None:
    """Where the first layer sees nothing of the condition, the blocks alone still do."""
    generator = lively(SMALL)
    generator.linear.weight.zero_()
    generator.linear.bias.copy_(torch.linspace(-1, 1, len(generator.linear.bias)))
    z, labels = latents(SMALL, 1)
    before = generator(z, labels)
    assert not torch.allclose(generator(z, (labels + 1) % 3), before, atol=1e-4)
    for number in range(SMALL.z_dim):
        moved = z.clone()
        moved[:, number] += 1
        assert not torch.allclose(generator(moved, labels), before, atol=1e-4)


@torch.no_grad()
@pytest.mark.parametrize("doubling", [False, True])
def test_the_skip_drops_channels(doubling: bool) -> None:
    block = BottleneckBlock(SMALL, 16, 8, doubling=doubling).eval()
    for parameter in block.parameters():
        parameter.zero_()
    for name, buffer in block.named_buffers():
        if name.endswith("norm.u"):
            buffer.fill_(1)
    for layer in (block.conv1, block.conv2, block.conv3, block.conv4):
        layer.norm = torch.nn.Identity()
    for norm in (block.norm1, block.norm2, block.norm3, block.norm4):
        norm.gain.norm = norm.bias.norm = torch.nn.Identity()
    x = torch.randn(2, 16, 4, 4, generator=torch.Generator().manual_seed(0))
    kept = x[:, :8].repeat_interleave(2, 2).repeat_interleave(2, 3) if doubling else x[:, :8]
    weights = torch.tensor(interpolation_weights(1.0, SMALL.statistics))
    assert torch.equal(block(x, torch.zeros(2, SMALL.condition_dim), weights), kept)


@given(st.integers(2, 60), st.floats(0, 1, allow_subnormal=False), st.booleans())
def test_interpolation_weights(count: int, truncation: float, swapped: bool) -> None:
    weights = interpolation_weights(truncation, count, swapped=swapped)
    used = [row for row, weight in enumerate(weights) if weight]
    assert len(weights) == count
    assert sum(weights) == pytest.approx(1)
    assert min(weights) >= 0
    assert used[-1] - used[0] <= 1
    if not swapped:
        assert sum(row * weight for row, weight in enumerate(weights)) == pytest.approx(truncation * (count - 1))
    elif len(used) == 2:
        right = interpolation_weights(truncation, count)
        assert [weights[used[0]], weights[used[1]]] == pytest.approx([right[used[1]], right[used[0]]])


def test_rounding_moves_the_original_to_the_row_below() -> None:
    """0.58 / 0.02 comes out just below 29, so that swapped weights give all to row 28."""
    right, swapped = (interpolation_weights(0.58, 51, swapped=swapped) for swapped in (False, True))
    assert right[29] == pytest.approx(1)
    assert swapped[28] == pytest.approx(1)


def test_rows_of_their_own_are_taken_whole() -> None:
    for swapped in (False, True):
        assert interpolation_weights(0.5, 5, swapped=swapped) == [0, 0, 1, 0, 0]
        assert interpolation_weights(1.0, 51, swapped=swapped) == [0] * 50 + [1]
        assert interpolation_weights(0.3, 1, swapped=swapped) == [1]


@torch.no_grad()
@pytest.mark.parametrize(("truncation", "rows"), [(1.0, {5: 1.0}), (0.4, {2: 1.0}), (0.55, {2: 0.25, 3: 0.75})])
def test_truncation_selects_the_statistics(truncation: float, rows: dict[int, float]) -> None:
    """As a network does that has the one set of statistics, here averaged by hand."""
    whole = lively(SMALL)
    state = {
        name: sum((weight * tensor[row] for row, weight in rows.items()), torch.zeros(()))[None]
        if ".statistics." in name
        else tensor
        for name, tensor in whole.state_dict().items()
    }
    single = BigGANDeepGenerator(PLAIN)
    single.load_state_dict(state)
    z, labels = latents(SMALL)
    expected = single.eval().synthesize(z, space="z", labels=labels)
    got = whole.synthesize(z, space="z", labels=labels, truncation=truncation)
    torch.testing.assert_close(got, expected, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(whole.synthesize(z, space="z", labels=labels, truncation=0.9), expected, atol=1e-3)


@torch.no_grad()
def test_training_moves_the_last_row() -> None:
    layer = TruncationStatistics(4, count=3, epsilon=1e-5)
    x = 2 + 3 * torch.randn(8, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    out = layer(x, torch.ones(1, 4), torch.zeros(1, 4), torch.tensor([1.0, 0, 0]))
    torch.testing.assert_close(out.mean((0, 2, 3)), torch.zeros(4), atol=1e-5, rtol=0)
    torch.testing.assert_close(layer.running_mean[-1], 0.1 * x.mean((0, 2, 3)))
    torch.testing.assert_close(layer.running_var[-1], 0.9 + 0.1 * x.var((0, 2, 3)))
    assert torch.equal(layer.running_mean[:-1], torch.zeros(2, 4))
    assert torch.equal(layer.running_var[:-1], torch.ones(2, 4))


def test_gradients_reach_every_parameter() -> None:
    generator = lively(SMALL).train()
    z, labels = latents(SMALL, 6)
    generator(z, labels).square().mean().backward()
    for name, parameter in generator.named_parameters():
        assert parameter.grad is not None, name
        assert bool(torch.isfinite(parameter.grad).all()), name


def test_it_samples_through_the_common_sampler() -> None:
    sampler = GeneratorSampler(lively(PLAIN), name="deep", fingerprint="0")
    whole, part = sampler.batch(range(6), seed=1), sampler.batch(range(2, 4), seed=1)
    assert whole.images.shape == (6, 3, 16, 16)
    torch.testing.assert_close(whole.images[2:4], part.images)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"resolution": 48, "widths": (), "upsampling": ()}, "resolution must be one of"),
        ({"resolution": 32}, "doublings"),
        ({"widths": (2, 1)}, "3 blocks need 4 widths"),
        ({"widths": (1, 2, 1, 1)}, "never rise"),
        ({"widths": (1, 1, 1, 0)}, "must be positive"),
        ({"channels": 2, "attention": ()}, "at least 4 channels"),
        ({"channels": 4}, "at least 8 channels"),
        ({"attention": (4,)}, "attention must follow"),
        ({"attention": (2, 2)}, "at most once"),
        ({"statistics": 0}, "statistics must be at least 1"),
        ({"bn_epsilon": 0.0}, "bn_epsilon must be positive"),
        ({"output_bn_epsilon": float("nan")}, "output_bn_epsilon must be positive"),
    ],
)
def test_configurations_that_are_refused(change: dict[str, object], reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        BigGANDeepConfig(**{**asdict(SMALL), **change})


def test_calls_that_are_refused() -> None:
    whole, plain = lively(SMALL), lively(PLAIN)
    z, labels = latents(SMALL)
    for truncation in (0.0, -0.5, 1.1, float("nan")):
        with pytest.raises(InputError, match="at most 1"):
            whole.synthesize(z, space="z", labels=labels, truncation=truncation)
    with pytest.raises(CapabilityError, match="all layers alike"):
        whole.synthesize(z, space="z", labels=labels, truncation=(0.5, 2))
    with pytest.raises(CapabilityError, match="of the whole z alone"):
        plain.synthesize(z, space="z", labels=labels, truncation=0.5)
    with pytest.raises(CapabilityError, match="no space 'w'"):
        plain.synthesize(z, space="w", labels=labels)
    with pytest.raises(CapabilityError, match="no W"):
        plain.map(z)
    with pytest.raises(InputError, match="z must be of shape"):
        plain.synthesize(z[:, 1:], space="z", labels=labels)
    with pytest.raises(InputError, match="labels"):
        plain.synthesize(z, space="z")
