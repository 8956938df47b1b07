"""StyleGAN's networks: against another implementation, against plain formulas, and by the laws that they obey."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from ganprobe.checkpoints.layouts.stylegan import rosinality_stylegan
from ganprobe.core.errors import CheckpointError, InputError
from ganprobe.generators.layers.adaptive_norm import adaptive_instance_norm
from ganprobe.generators.layers.equalised import (
    Blur,
    EqualConv2d,
    EqualLinear,
    initialise,
    minibatch_stddev,
    pixel_norm,
    upsample,
)
from ganprobe.generators.layers.prepared import weights_prepared_once
from ganprobe.generators.stylegan.discriminator import StyleGANDiscriminator, StyleGANDiscriminatorConfig
from ganprobe.generators.stylegan.generator import StyledLayer, StyleGANConfig, StyleGANGenerator, mix_styles

SHARED = Path(__file__).resolve().parents[4] / "shared"
ORACLE = SHARED / "oracles" / "rosinality-stylegan-32"
SMALL = StyleGANConfig(resolution=32, z_dim=12, w_dim=10, channel_base=128, channel_max=16, progressive=True)


def noisy(tensor: Tensor, seed: int = 5) -> Tensor:
    return torch.randn(tensor.shape, generator=torch.Generator().manual_seed(seed), dtype=tensor.dtype)


@torch.no_grad()
def lively(config: StyleGANConfig = SMALL, seed: int = 0) -> StyleGANGenerator:
    """A generator without a parameter at its initial zero (or one, in `const`), so that a forgotten one shows."""
    generator = StyleGANGenerator(config, seed=seed)
    for number, (name, parameter) in enumerate(generator.named_parameters()):
        if name.endswith(("bias", "noise_strength", "const")):
            parameter.add_(0.3 * noisy(parameter, number))
    generator.w_avg.copy_(0.5 * noisy(generator.w_avg))
    return generator


def latents(n: int, dim: int, seed: int = 1) -> Tensor:
    return torch.randn((n, dim), generator=torch.Generator().manual_seed(seed))


def close(a: Tensor, b: Tensor, tolerance: float = 1e-5) -> None:
    torch.testing.assert_close(a, b, rtol=tolerance, atol=tolerance * max(1.0, float(b.detach().abs().max())))


# --- against another implementation ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def oracle() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    if not ORACLE.is_dir():
        pytest.skip(f"{ORACLE} is absent")
    sys.path.insert(0, str(ORACLE.parent))
    try:
        from oracle_weights import state_dict
    finally:
        sys.path.pop(0)
    tensors = {name: torch.from_numpy(np.array(value)) for name, value in state_dict(ORACLE).items()}
    with np.load(ORACLE / "expected.npz", allow_pickle=False) as expected:
        return tensors, {name: torch.from_numpy(expected[name]) for name in expected.files}


@torch.no_grad()
def test_rosinality_oracle(oracle: tuple[dict[str, Tensor], dict[str, Tensor]]) -> None:
    tensors, expected = oracle
    config = rosinality_stylegan.config_of(tensors)
    assert config.resolution == 32
    generator = StyleGANGenerator(config)
    generator.load_state_dict(rosinality_stylegan.convert(tensors))
    noise = [expected[f"noise_{layer // 2}"] for layer in range(config.num_layers)]
    close(generator.map(expected["z"]), expected["w"])
    close(generator.synthesize(expected["z"], space="z", noise=noise), expected["images"])
    # The layout's users average w themselves; ours is an average over other draws, so it is near, not equal.
    spread = (generator.map(latents(500, 512)) - expected["mean_style"]).square().mean().sqrt()
    assert (generator.w_avg - expected["mean_style"][0]).abs().mean() < 0.1 * spread
    generator.w_avg.copy_(expected["mean_style"][0])
    close(generator.synthesize(expected["z"], space="z", noise=noise, truncation=0.7), expected["truncated"])


def rosinality_like(stages: int, trained: int) -> dict[str, Tensor]:
    """A narrow state dict in the layout: 8 channels, transposed convolutions from the third stage on."""
    rosinality = {"generator.progression.0.conv1.input": torch.ones(1, 8, 4, 4)}
    for index in (1, 3):
        rosinality |= {
            f"style.{index}.linear.weight_orig": torch.randn(6, 6),
            f"style.{index}.linear.bias": torch.ones(6),
        }
    for i in range(stages):
        stage, out = f"generator.progression.{i}", 8
        if i:
            blurred = {
                f"{stage}.conv1.1.conv.weight_orig": torch.randn(out, 8, 3, 3),
                f"{stage}.conv1.1.conv.bias": torch.ones(out),
            }
            fused = {f"{stage}.conv1.0.weight": torch.randn(8, out, 3, 3), f"{stage}.conv1.0.bias": torch.ones(out)}
            rosinality |= blurred if i < 2 else fused
        rosinality |= {
            f"{stage}.conv2.conv.weight_orig": torch.randn(out, out, 3, 3),
            f"{stage}.conv2.conv.bias": torch.ones(out),
        }
        for half in (1, 2):
            rosinality[f"{stage}.noise{half}.weight_orig"] = torch.full((1, out, 1, 1), float(i < trained))
            rosinality[f"{stage}.adain{half}.style.linear.weight_orig"] = torch.randn(2 * out, 6)
            rosinality[f"{stage}.adain{half}.style.linear.bias"] = torch.ones(2 * out)
        rosinality |= {
            f"generator.to_rgb.{i}.conv.weight_orig": torch.randn(3, out, 1, 1),
            f"generator.to_rgb.{i}.conv.bias": torch.ones(3),
        }
    return rosinality


def test_rosinality_depth_is_where_noise_was_learnt() -> None:
    tensors = rosinality_like(5, 3)
    assert rosinality_stylegan.matches({name: tuple(tensor.shape) for name, tensor in tensors.items()})
    assert not rosinality_stylegan.matches({"mapping.0.weight": (4, 4)})
    config = rosinality_stylegan.config_of(tensors)
    assert (config.resolution, config.z_dim, config.mapping_layers, config.channels(16)) == (16, 6, 2, 8)
    with pytest.raises(CheckpointError, match="noise strengths"):
        rosinality_stylegan.config_of(rosinality_like(5, 0))


def test_rosinality_transposed_convolution() -> None:
    """A stage that stores its enlarging convolution transposed, computed as the layout's own code describes it."""
    tensors = rosinality_like(4, 3)
    generator = StyleGANGenerator(rosinality_stylegan.config_of(tensors))
    generator.load_state_dict(rosinality_stylegan.convert(tensors))
    layer = generator.layers[4]
    assert isinstance(layer, StyledLayer)
    x = torch.randn(2, 8, 8, 8)
    kernel = F.pad(tensors["generator.progression.2.conv1.0.weight"] * (2 / (8 * 9)) ** 0.5, [1, 1, 1, 1])
    kernel = (kernel[:, :, 1:, 1:] + kernel[:, :, :-1, 1:] + kernel[:, :, 1:, :-1] + kernel[:, :, :-1, :-1]) / 4
    plain = F.conv_transpose2d(x, kernel, torch.ones(8), stride=2, padding=1)
    close(layer._convolve(x), Blur()(plain))


# --- against plain formulas -----------------------------------------------------------------------------------------


def test_resampling_convolutions_are_what_they_say() -> None:
    x, weight = torch.randn(2, 5, 8, 8), torch.randn(7, 5, 3, 3)
    for resample in ("up", "down"):
        layer = EqualConv2d(5, 7, 3, resample=resample)  # type: ignore[arg-type]
        layer.load_state_dict({"weight": weight})
        scaled = weight * (2 / (5 * 9)) ** 0.5
        enlarged, averaged = F.conv2d(upsample(x), scaled, padding=1), F.avg_pool2d(F.conv2d(x, scaled, padding=1), 2)
        close(layer(x), enlarged if resample == "up" else averaged)
    with pytest.raises(InputError, match="3 x 3"):
        EqualConv2d(5, 7, 1, resample="up")


def test_blur_is_binomial_and_zero_padded() -> None:
    impulse = torch.zeros(1, 2, 5, 5)
    impulse[0, 1, 2, 2] = 16
    expected = torch.zeros(1, 2, 5, 5)
    expected[0, 1, 1:4, 1:4] = torch.tensor([[1.0, 2, 1], [2, 4, 2], [1, 2, 1]])
    close(Blur()(impulse), expected)
    close(Blur()(torch.ones(1, 1, 4, 4))[0, 0, 0, :2], torch.tensor([9 / 16, 12 / 16]))
    close(Blur()(impulse, torch.tensor([1.0, 2.0])), expected + torch.tensor([1.0, 2.0])[:, None, None])


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_adaptive_instance_norm(layout: torch.memory_format) -> None:
    x, style = (3 + torch.randn(3, 4, 6, 6)).to(memory_format=layout), torch.randn(3, 8)
    expected = F.instance_norm(x, eps=1e-5) * (1 + style[:, :4, None, None]) + style[:, 4:, None, None]
    close(adaptive_instance_norm(x, style, 1e-5), expected)


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_gradients_of_adaptive_instance_norm(layout: torch.memory_format) -> None:
    """Of first and second order, against differences, and against what torch makes of the plain formula."""
    x = torch.randn(2, 3, 4, 4, dtype=torch.float64).to(memory_format=layout).requires_grad_()
    style = torch.randn(2, 6, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(adaptive_instance_norm, (x, style, 1e-5))
    assert torch.autograd.gradgradcheck(adaptive_instance_norm, (x, style, 1e-5))
    upstream = torch.randn_like(x)
    expected = F.instance_norm(x, eps=1e-5) * (1 + style[:, :3, None, None]) + style[:, 3:, None, None]
    wanted = torch.autograd.grad(expected, (x, style), upstream)
    for ours, theirs in zip(
        torch.autograd.grad(adaptive_instance_norm(x, style, 1e-5), (x, style), upstream), wanted, strict=True
    ):
        torch.testing.assert_close(ours, theirs, rtol=1e-10, atol=1e-10)


def test_adaptive_instance_norm_keeps_type_and_layout() -> None:
    style = torch.zeros(2, 16)
    for kind in (torch.float32, torch.bfloat16):
        assert adaptive_instance_norm(torch.randn(2, 8, 4, 4, dtype=kind), style).dtype == kind
    with torch.autocast("cpu", torch.bfloat16):
        assert adaptive_instance_norm(torch.randn(2, 8, 4, 4), style).dtype == torch.float32
    last = torch.randn(2, 8, 4, 4).to(memory_format=torch.channels_last)
    assert adaptive_instance_norm(last, style).is_contiguous(memory_format=torch.channels_last)


def test_layer_order() -> None:
    """Convolution, blur, noise, bias, leaky ReLU, AdaIN, written out."""
    layer = lively().layers[2]
    assert isinstance(layer, StyledLayer)
    assert layer.conv is not None
    x, noise, style = torch.randn(2, 16, 4, 4), torch.randn(2, 1, 8, 8), torch.randn(2, 32)
    out = Blur()(F.conv2d(upsample(x), layer.conv.weight * (2 / (16 * 9)) ** 0.5, padding=1))
    out = out + noise * layer.noise_strength[:, None, None] + layer.bias[:, None, None]
    out = F.instance_norm(F.leaky_relu(out, 0.2), eps=1e-8)
    close(layer(x, noise, style), out * (1 + style[:, :16, None, None]) + style[:, 16:, None, None])


def test_bias_before_blur_darkens_the_border_only() -> None:
    after, before = lively(), lively(replace(SMALL, bias_before_blur=True))
    before.load_state_dict(after.state_dict())
    x = torch.randn(1, 16, 4, 4)
    difference = after.layers[2]._convolve(x) - before.layers[2]._convolve(x)
    close(difference[..., 1:-1, 1:-1], torch.zeros(1, 16, 6, 6))
    assert difference[..., 0, :].abs().max() > 0.01


@settings(max_examples=25, deadline=None)
@given(n=st.integers(1, 9), group=st.integers(1, 5))
def test_minibatch_stddev(n: int, group: int) -> None:
    x = noisy(torch.empty(n, 3, 2, 2, dtype=torch.float64))
    out = minibatch_stddev(x, group)
    size = max(g for g in range(1, min(group, n) + 1) if n % g == 0)
    assert torch.equal(out[:, :3], x)
    for i in range(n):
        members = x.numpy()[i % (n // size) :: n // size]
        assert len(members) == size
        expected = np.sqrt(members.var(0) + 1e-8).mean()
        np.testing.assert_allclose(out[i, 3].numpy(), expected, rtol=1e-9)


def test_equalised_learning_rate_scales() -> None:
    dense, slow, conv = EqualLinear(200, 300), EqualLinear(200, 300, lr_multiplier=0.01), EqualConv2d(40, 50, 3)
    for layer, stored in ((dense, 1.0), (slow, 100.0), (conv, 1.0)):
        initialise(layer, 0)
        assert abs(float(layer.weight.detach().std()) / stored - 1) < 0.02
    x = latents(50, 200)
    for layer in (dense, slow):
        assert abs(float(layer(x).detach().std()) / 2**0.5 - 1) < 0.05
    assert abs(float(EqualLinear(200, 1, gain=1.0).scale) * 200**0.5 - 1) < 1e-12
    slow.bias.data.fill_(100.0)
    close(slow(torch.zeros(1, 200)).detach(), torch.ones(1, 300))


def test_mapping_network_written_out() -> None:
    generator = lively(replace(SMALL, num_classes=3, mapping_layers=2))
    z, labels = latents(4, 12), torch.tensor([0, 2, 1, 2])
    assert generator.label_embedding is not None
    x = pixel_norm(torch.cat([z, generator.label_embedding[labels]], 1))
    close(x.square().mean(1), torch.ones(4))
    for layer in generator.mapping:
        x = F.leaky_relu(x @ (layer.weight * 0.01 * (2 / x.shape[1]) ** 0.5).T + 0.01 * layer.bias, 0.2)
    close(generator.map(z, labels), x)
    with pytest.raises(InputError, match="labels"):
        generator.map(z)


# --- laws of the generator ------------------------------------------------------------------------------------------


@torch.no_grad()
def test_truncation() -> None:
    generator, z = lively(), latents(5, 12)
    centre = generator.synthesize(z, space="z", noise="zero", truncation=0.0)
    close(centre, centre[:1].expand_as(centre))
    close(centre[:1], generator.synthesize(generator.w_avg[None], space="w", noise="zero"))
    free = generator.synthesize(z, space="z")
    assert torch.equal(free, generator.synthesize(z, space="z", truncation=1.0))
    close(generator.synthesize(z, space="z", truncation=(0.3, 0)), free)
    w = generator.map(z)
    ws = w[:, None].repeat(1, 8, 1)
    ws[:, :3] = generator.w_avg + 0.6 * (w[:, None] - generator.w_avg)
    expected = generator.synthesize(ws, space="w+")
    for space, point in (("z", z), ("w", w), ("w+", w[:, None].repeat(1, 8, 1))):
        close(generator.synthesize(point, space=space, truncation=(0.6, 3)), expected)  # type: ignore[arg-type]
    assert (expected - free).abs().max() > 0.01
    everywhere = generator.synthesize(z, space="z", truncation=0.6)
    close(generator.synthesize(z, space="z", truncation=(0.6, 8)), everywhere)
    with pytest.raises(InputError, match="cutoff"):
        generator.synthesize(z, space="z", truncation=(0.5, -1))


@torch.no_grad()
def test_all_spaces_give_the_same_image() -> None:
    generator, z = lively(), latents(3, 12)
    w = generator.map(z)
    ws = w[:, None].expand(-1, 8, -1)
    s = generator.styles(ws)
    points = {"z": z, "w": w, "w+": ws, "s": s}
    spec = generator.spec
    assert spec.image_shape == (3, 32, 32)
    assert {name: tuple(point.shape[1:]) for name, point in points.items()} == dict(spec.spaces)
    images = [generator.synthesize(point, space=space, noise=7) for space, point in points.items()]  # type: ignore[arg-type]
    for image in images[1:]:
        close(image, images[0])
    with pytest.raises(InputError, match="not on s"):
        generator.synthesize(s, space="s", truncation=0.5)
    with pytest.raises(InputError, match="latents must be"):
        generator.synthesize(z, space="w")


@torch.no_grad()
def test_noise() -> None:
    generator, z = lively(), latents(2, 12)
    assert generator.noise_shapes == ((4, 4), (4, 4), (8, 8), (8, 8), (16, 16), (16, 16), (32, 32), (32, 32))
    constants = [layer.noise_const[None, None] for layer in generator.layers]
    const = generator.synthesize(z, space="z")
    close(const, generator.synthesize(z, space="z", noise=constants))
    for other in ("zero", 3):
        assert (const - generator.synthesize(z, space="z", noise=other)).abs().max() > 0.01
    fresh = StyleGANGenerator(SMALL)
    assert torch.equal(fresh.synthesize(z, space="z"), fresh.synthesize(z, space="z", noise="zero"))


@given(crossover=st.lists(st.integers(0, 9), min_size=1, max_size=4), layers=st.integers(1, 8))
def test_style_mixing(crossover: list[int], layers: int) -> None:
    n = len(crossover)
    w_a, w_b = latents(n, 5, 1), latents(n, 5, 2)
    ws = mix_styles(w_a, w_b, torch.tensor(crossover), layers)
    assert ws.shape == (n, layers, 5)
    for i, cross in enumerate(crossover):
        for layer in range(layers):
            assert torch.equal(ws[i, layer], (w_a if layer < cross else w_b)[i])


@torch.no_grad()
def test_fade_in_is_continuous() -> None:
    generator, w = lively(), latents(2, 10)
    ws, noise = w[:, None].expand(-1, 8, -1), [torch.randn(2, 1, *shape) for shape in generator.noise_shapes]
    full, half = generator.synthesis(ws, noise), generator.synthesis(ws, noise, lod=1.0)
    assert full.shape[-1] == 32
    assert half.shape[-1] == 16
    close(generator.synthesis(ws, noise, lod=1e-6), full, 1e-4)
    close(generator.synthesis(ws, noise, lod=0.999999), upsample(half), 1e-4)
    close(generator.synthesis(ws, noise, lod=0.25), torch.lerp(full, upsample(half), 0.25))
    assert generator.synthesis(ws, noise[:2], lod=3.0).shape[-1] == 4


@torch.no_grad()
def test_a_coarse_level_is_the_network_of_that_resolution() -> None:
    generator, ws = lively(), latents(2, 10)[:, None].expand(-1, 8, -1)
    coarse = StyleGANGenerator(replace(SMALL, resolution=16, progressive=False))
    ours = generator.state_dict()
    coarse.load_state_dict({name: ours[name] for name in coarse.state_dict()})
    noise = [torch.randn(2, 1, *shape) for shape in coarse.noise_shapes]
    close(generator.synthesis(ws, noise, lod=1.0), coarse.synthesis(ws[:, :6], noise))
    with pytest.raises(InputError, match="progressive"):
        coarse.synthesis(ws[:, :6], noise, lod=0.5)
    with pytest.raises(InputError, match="lod must lie"):
        generator.synthesis(ws, noise, lod=3.5)


@torch.no_grad()
def test_w_avg_tracks_the_mean() -> None:
    generator, w = StyleGANGenerator(SMALL), latents(6, 10)
    generator.track_w_avg(w, decay=0.9)
    close(generator.w_avg, 0.1 * w.mean(0))
    generator.track_w_avg(w, decay=0.9)
    close(generator.w_avg, 0.19 * w.mean(0))


@torch.no_grad()
def test_batch_invariance() -> None:
    generator, z = lively(), latents(7, 12)
    together = generator.synthesize(z, space="z", truncation=0.7)
    singly = torch.cat([generator.synthesize(row[None], space="z", truncation=0.7) for row in z])
    close(singly, together)


@torch.no_grad()
def test_layouts_and_reduced_precision() -> None:
    generator, z = lively(), latents(4, 12)
    plain = generator.synthesize(z, space="z")
    close(generator.to(memory_format=torch.channels_last).synthesize(z, space="z"), plain)
    with torch.autocast("cpu", torch.bfloat16):
        rough = generator.synthesize(z, space="z")
    assert rough.dtype == torch.float32
    assert (rough - plain).abs().mean() < 0.05 * plain.std()
    exact = generator.double().synthesize(z.double(), space="z", noise="const")
    close(plain.double(), exact, 1e-4)


def test_seed_decides_the_weights() -> None:
    one, same, other = (
        StyleGANGenerator(SMALL, seed=1),
        StyleGANGenerator(SMALL, seed=1),
        StyleGANGenerator(SMALL, seed=2),
    )
    state = one.state_dict()
    assert all(torch.equal(state[name], tensor) for name, tensor in same.state_dict().items())
    assert not torch.equal(state["layers.1.conv.weight"], other.state_dict()["layers.1.conv.weight"])
    assert not torch.equal(state["layers.0.noise_const"], other.state_dict()["layers.0.noise_const"])
    assert torch.equal(state["const"], torch.ones(1, 16, 4, 4))


@torch.no_grad()
def test_rebuilt_from_config_and_state() -> None:
    generator, z = lively(replace(SMALL, num_classes=4)), latents(2, 12)
    config = StyleGANConfig(**json.loads(json.dumps(asdict(generator.config))))
    assert config == generator.config
    rebuilt = StyleGANGenerator(config, seed=9)
    rebuilt.load_state_dict(generator.state_dict())
    labels = torch.tensor([3, 0])
    images = generator.synthesize(z, space="z", labels=labels)
    assert torch.equal(rebuilt.synthesize(z, space="z", labels=labels), images)
    assert not torch.equal(rebuilt.synthesize(z, space="z", labels=labels.flip(0)), images)


def test_a_megabyte_is_enough() -> None:
    config = StyleGANConfig(resolution=64, z_dim=64, w_dim=64, channel_base=256, channel_max=64)
    generator = StyleGANGenerator(config)
    mapping = 8 * (64 * 64 + 64)
    synthesis = 64 * 16 + 3 * 8 + 3
    for channels, entering in ((64, 0), (64, 64), (32, 64), (16, 32), (8, 16)):
        convolutions = 9 * channels * (channels + entering)
        affines, biases, noise_strengths = 2 * 65 * 2 * channels, 2 * channels, 2 * channels
        synthesis += convolutions + affines + biases + noise_strengths
    assert sum(p.numel() for p in generator.parameters()) == mapping + synthesis
    assert 4 * (mapping + synthesis) < 1_100_000


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"resolution": 48}, "power of two"),
        ({"resolution": 4}, "power of two"),
        ({"resolution": 32, "z_dim": 0}, "z_dim"),
        ({"resolution": 32, "num_classes": -1}, "num_classes"),
        ({"resolution": 32, "norm_epsilon": 0.0}, "positive"),
    ],
)
def test_bad_configurations(fields: dict[str, int], message: str) -> None:
    with pytest.raises(InputError, match=message):
        StyleGANConfig(**fields)  # type: ignore[arg-type]


# --- discriminator and both together --------------------------------------------------------------------------------


def test_discriminator_shapes_and_labels() -> None:
    config = StyleGANDiscriminatorConfig.of(replace(SMALL, num_classes=3))
    assert StyleGANDiscriminatorConfig(**json.loads(json.dumps(asdict(config)))) == config
    critic, images = StyleGANDiscriminator(config, seed=0), torch.randn(6, 3, 32, 32)
    by_label = torch.stack([critic(images, torch.full((6,), label)) for label in range(3)], 1)
    labels = torch.tensor([0, 1, 2, 2, 1, 0])
    close(critic(images, labels), (by_label * F.one_hot(labels, 3)).sum(1))
    assert (by_label[:, 0] - by_label[:, 1]).abs().max() > 1e-3
    with pytest.raises(InputError, match="labels"):
        critic(images)
    with pytest.raises(InputError, match="N x 3 x 32 x 32"):
        critic(images[..., :16], labels)


@torch.no_grad()
def test_discriminator_fade_is_continuous() -> None:
    critic = StyleGANDiscriminator(StyleGANDiscriminatorConfig.of(SMALL), seed=3)
    images = torch.randn(4, 3, 32, 32)
    close(critic(images, lod=1e-6), critic(images), 1e-4)
    close(critic(images, lod=0.999999), critic(F.avg_pool2d(images, 2), lod=1.0), 1e-4)
    assert critic(torch.randn(2, 3, 4, 4), lod=3.0).shape == (2,)
    with pytest.raises(InputError, match="progressive"):
        StyleGANDiscriminator(replace(critic.config, progressive=False))(images, lod=0.5)


@torch.no_grad()
def test_discriminator_features_do_not_depend_on_the_batch() -> None:
    critic = StyleGANDiscriminator(StyleGANDiscriminatorConfig.of(SMALL))
    images = torch.randn(8, 3, 32, 32)
    features = critic.features(images)
    assert features.shape == (8, 16)
    close(torch.cat([critic.features(image[None]) for image in images]), features)
    twins = images[:1].expand(4, -1, -1, -1)
    # In a batch of equal images the minibatch statistic is what it is for an image alone.
    close(critic.output(features[:1])[:, 0].expand(4), critic(twins))


def test_gradients_reach_every_parameter() -> None:
    config = replace(SMALL, num_classes=2)
    generator, critic = lively(config), StyleGANDiscriminator(StyleGANDiscriminatorConfig.of(config))
    w = generator.map(latents(4, 12), torch.tensor([0, 1, 1, 0]))
    noise = [torch.randn(4, 1, *shape) for shape in generator.noise_shapes]
    for lod in (0.5, 1.5, 2.5):
        images = generator.synthesis(w[:, None].expand(-1, 8, -1), noise, lod=lod)
        critic(images, torch.tensor([0, 1, 1, 0]), lod=lod).sum().backward(retain_graph=True)
    for network in (generator, critic):
        for name, parameter in network.named_parameters():
            assert parameter.grad is not None, name
            assert torch.isfinite(parameter.grad).all(), name
            assert parameter.grad.abs().max() > 0, name


def test_gradient_penalty_matches_finite_differences() -> None:
    """R1 needs the discriminator's second derivatives; leaky ReLU in place must not spoil them."""
    config = StyleGANDiscriminatorConfig(resolution=8, channel_base=8, channel_max=4)
    critic = StyleGANDiscriminator(config).double()
    images = torch.randn(3, 3, 8, 8, dtype=torch.float64, requires_grad=True)

    def penalty() -> Tensor:
        (gradient,) = torch.autograd.grad(critic(images).sum(), images, create_graph=True)
        return gradient.square().sum()

    weight = critic.blocks["8"][1].conv.weight
    (slope,) = torch.autograd.grad(penalty(), weight)
    step = noisy(weight.detach()) * 1e-6
    with torch.no_grad():
        weight += step
    above = penalty().detach()
    with torch.no_grad():
        weight -= 2 * step
    numeric = (above - penalty().detach()) / 2
    torch.testing.assert_close((slope * step).sum(), numeric, rtol=1e-4, atol=1e-14)


@torch.no_grad()
def test_layers_laid_out_for_a_processor_are_the_same_function() -> None:
    """Beside float64. Of a fresh network too, whose first maps are constant."""
    for generator in (lively(), StyleGANGenerator(SMALL, seed=0).eval()):
        z = torch.randn(3, SMALL.z_dim)
        with weights_prepared_once(generator):
            found = generator.synthesize(z, space="z")
        expected = generator.double().synthesize(z.double(), space="z")
        assert (found - expected).abs().max() < 1e-5 * expected.abs().max()
