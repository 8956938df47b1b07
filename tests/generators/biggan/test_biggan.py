"""BigGAN: against the original implementation's images, and against the definitions of its parts."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor
from torch.nn import functional as F

from ganprobe.checkpoints.layouts.biggan import ajbrock_biggan
from ganprobe.core.errors import CapabilityError, CheckpointError, InputError
from ganprobe.generators.biggan.discriminator import BigGANDiscriminator, BigGANDiscriminatorConfig
from ganprobe.generators.biggan.generator import WIDTHS, BigGANConfig, BigGANGenerator, folded
from ganprobe.generators.layers.attention import SelfAttention
from ganprobe.generators.layers.norms import MOMENTUM, ConditionalBatchNorm, Standardise
from ganprobe.generators.layers.spectral import (
    Scale,
    SpectralConv2d,
    SpectralEmbedding,
    SpectralLinear,
    SpectralNorm,
    initialise,
    orthogonal,
    resampled_conv,
    resampling_kernel,
)

ORACLES = Path(__file__).resolve().parents[4] / "shared" / "oracles"
PLAIN = BigGANConfig(resolution=32, num_classes=10, channels=8, z_dim=16)
FULL = BigGANConfig(
    resolution=32,
    num_classes=5,
    channels=8,
    z_dim=12,
    shared_embedding=True,
    shared_dim=6,
    hierarchical=True,
    attention=(16,),
)
SCORER = BigGANDiscriminatorConfig(resolution=32, num_classes=5, channels=8, attention=(16,))


def latents(config: BigGANConfig, n: int = 4, seed: int = 0) -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(seed)
    z = torch.randn(n, config.z_dim, generator=rng)
    return z, torch.randint(config.num_classes, (n,), generator=rng)


def lively(config: BigGANConfig) -> BigGANGenerator:
    """A generator in evaluation mode whose gammas and running statistics are not those of the start."""
    generator = BigGANGenerator(config, seed=3)
    rng = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for layer in generator.modules():
            if isinstance(layer, SelfAttention):
                layer.gamma.fill_(0.7)
            if isinstance(layer, Standardise):
                layer.running_mean.copy_(0.1 * torch.randn(layer.running_mean.shape, generator=rng))
                layer.running_var.copy_(0.5 + torch.rand(layer.running_var.shape, generator=rng))
    return generator.eval()


# Against the original implementation


def oracle(name: str) -> tuple[dict[str, Tensor], dict[str, float], dict[str, np.ndarray]]:
    folder = ORACLES / name
    if not (folder / "spec.json").is_file():
        pytest.skip(f"../shared/oracles/{name} is absent")
    tensors = {key: torch.tensor(value) for key, value in _oracle_weights().state_dict(folder).items()}
    with np.load(folder / "expected.npz") as expected:
        return tensors, json.loads((folder / "spec.json").read_text())["config"], dict(expected)


def _oracle_weights() -> ModuleType:
    found = importlib.util.spec_from_file_location("oracle_weights", ORACLES / "oracle_weights.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["ajbrock-biggan-128", "ajbrock-biggan-cifar"])
def test_the_images_are_those_of_the_original(name: str) -> None:
    tensors, said, expected = oracle(name)
    assert ajbrock_biggan.matches({key: tuple(value.shape) for key, value in tensors.items()})
    config = ajbrock_biggan.config_of(tensors, bn_epsilon=said["BN_eps"], sn_epsilon=said["SN_eps"])
    assert (config.resolution, config.channels, config.z_dim) == (said["resolution"], said["G_ch"], said["dim_z"])
    assert (config.hierarchical, config.shared_embedding) == (said["hier"], said["G_shared"])
    generator = BigGANGenerator(config)
    generator.load_state_dict(ajbrock_biggan.convert(tensors))
    generator.eval()
    with torch.no_grad():
        for network in (generator, folded(generator)):
            images = network.synthesize(
                torch.tensor(expected["z"]), space="z", labels=torch.tensor(expected["labels"])
            ).numpy()
            assert np.abs(images - expected["images"]).max() <= 1e-5 * np.abs(expected["images"]).max()


def test_the_stored_u_matters() -> None:
    tensors, said, expected = oracle("ajbrock-biggan-cifar")
    config = ajbrock_biggan.config_of(tensors, bn_epsilon=said["BN_eps"], sn_epsilon=said["SN_eps"])
    generator = BigGANGenerator(config)
    generator.load_state_dict(ajbrock_biggan.convert(tensors))
    z, labels = torch.tensor(expected["z"]), torch.tensor(expected["labels"])
    generator.train()(z, labels)
    generator.load_state_dict(
        {k: v for k, v in ajbrock_biggan.convert(tensors).items() if "norm.u" not in k}, strict=False
    )
    with torch.no_grad():
        images = generator.eval()(z, labels).numpy()
    assert np.abs(images - expected["images"]).max() > 1e-3


def foreign_of(generator: BigGANGenerator) -> dict[str, Tensor]:
    """The generator's tensors under the names of BigGAN-PyTorch, written down block by block."""
    state = dict(generator.state_dict())
    foreign: dict[str, Tensor] = {}
    for name, tensor in state.items():
        words = name.split(".")
        if words[0] == "attention":
            index = {8: 0, 16: 1, 32: 2}[int(words[1])]
            words = ["blocks", str(index), "1", *words[2:]]
        elif words[0] == "blocks":
            part = {"conv1": "conv1", "conv2": "conv2", "skip": "conv_sc", "norm1": "bn1", "norm2": "bn2"}[words[2]]
            words = ["blocks", words[1], "0", part, *words[3:]]
        elif words[0].startswith("output"):
            words = ["output_layer", "0" if words[0] == "output_norm" else "2", *words[1:]]
        if words[-1] == "u":
            foreign[".".join([*words[:-2], "u0"])] = tensor[None]
            foreign[".".join([*words[:-2], "sv0"])] = torch.ones(1)
        elif words[-1].startswith("running_"):
            foreign[".".join([*words[:-2], words[-1].replace("running", "stored")])] = tensor
        else:
            foreign[".".join(words)] = tensor
    return foreign


@pytest.mark.parametrize("config", [PLAIN, FULL])
def test_the_layout_is_read_back(config: BigGANConfig) -> None:
    generator = lively(config)
    foreign = foreign_of(generator)
    assert ajbrock_biggan.matches({key: tuple(value.shape) for key, value in foreign.items()})
    read = ajbrock_biggan.config_of(foreign)
    assert asdict(read) | {"shared_dim": 0} == asdict(config) | {"shared_dim": 0}
    other = BigGANGenerator(read, seed=9)
    other.load_state_dict(ajbrock_biggan.convert(foreign))
    assert torch.equal(other.eval()(*latents(config)), generator(*latents(config)))


def test_other_networks_are_not_this_layout() -> None:
    shapes = {key: tuple(value.shape) for key, value in foreign_of(lively(PLAIN)).items()}
    assert not ajbrock_biggan.matches(shapes | {"blocks.0.0.conv3.weight": (1, 1, 1, 1)})
    del shapes["blocks.0.0.bn1.stored_mean"]
    assert not ajbrock_biggan.matches(shapes)
    foreign = foreign_of(lively(PLAIN))
    foreign["blocks.1.0.conv1.weight"] = torch.zeros(5, 32, 3, 3)
    with pytest.raises(CheckpointError, match="proportions"):
        ajbrock_biggan.config_of(foreign)


# Spectral normalisation, initialisation, convolutions


def test_many_power_iterations_reach_the_largest_singular_value() -> None:
    weight = torch.randn(12, 5, 3, 3, generator=torch.Generator().manual_seed(0))
    norm = SpectralNorm(12, epsilon=1e-8)
    for _ in range(300):
        norm(weight)
    sigma = float(torch.linalg.svdvals(weight.flatten(1))[0])
    norm.eval()
    before = norm.u.clone()
    assert torch.allclose(norm(weight) * sigma, weight, rtol=1e-5)
    assert torch.equal(norm.u, before)


def test_the_gradient_takes_u_and_v_as_constants() -> None:
    weight = torch.randn(4, 6, dtype=torch.float64, requires_grad=True, generator=torch.Generator().manual_seed(0))
    norm = SpectralNorm(4, epsilon=1e-8).double().eval()
    probe = torch.randn(4, 6, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    (got,) = torch.autograd.grad((norm(weight) * probe).sum(), weight)
    with torch.no_grad():
        v = F.normalize(weight.T @ norm.u, dim=0)
        u = F.normalize(weight @ v, dim=0)
        sigma = u @ weight @ v
        by_hand = probe / sigma - (probe * weight).sum() / sigma**2 * torch.outer(u, v)
    assert torch.allclose(got, by_hand)


@given(rows=st.integers(1, 9), columns=st.integers(1, 9), seed=st.integers(0, 99))
@settings(deadline=None, max_examples=25)
def test_orthogonal_weights_are_orthonormal(rows: int, columns: int, seed: int) -> None:
    matrix = orthogonal((rows, columns), np.random.Generator(np.random.Philox(key=seed)))
    assert np.allclose(torch.linalg.svdvals(matrix).numpy(), 1, atol=1e-5)


def test_the_seed_decides_every_weight() -> None:
    first, again, other = (BigGANGenerator(FULL, seed=seed).state_dict() for seed in (0, 0, 1))
    assert all(torch.equal(first[name], again[name]) for name in first)
    drawn = [name for name in first if name.endswith((".weight", ".u"))]
    assert not any(torch.equal(first[name], other[name]) for name in drawn)
    assert np.allclose(torch.linalg.svdvals(first["blocks.0.conv1.weight"].flatten(1)).numpy(), 1, atol=1e-5)


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("scale", ["same", "up", "down"])
def test_one_convolution_does_the_resampling_too(scale: Scale, size: int) -> None:
    rng = torch.Generator().manual_seed(0)
    x, weight, bias = (torch.randn(s, generator=rng) for s in ((2, 3, 6, 8), (5, 3, size, size), (5,)))
    expected = F.interpolate(x, scale_factor=2) if scale == "up" else x
    expected = F.conv2d(expected, weight, bias, padding=size // 2)
    expected = F.avg_pool2d(expected, 2) if scale == "down" else expected
    assert torch.allclose(resampled_conv(x, resampling_kernel(weight, scale), bias, scale=scale), expected, atol=1e-5)


# Attention and batch normalisation


def test_attention_with_gamma_zero_is_the_identity_and_else_is_the_formula() -> None:
    layer = SelfAttention(16, epsilon=None)
    initialise(layer, seed=0)
    x = torch.randn(2, 16, 4, 6, generator=torch.Generator().manual_seed(0))
    assert torch.equal(layer(x), x)
    with torch.no_grad():
        layer.gamma.fill_(0.5)
        got = layer(x)[1, :, 2, 3] - x[1, :, 2, 3]
        theta, phi, g, o = (m.weight[:, :, 0, 0] for m in (layer.theta, layer.phi, layer.g, layer.o))
        keys = F.max_pool2d(torch.einsum("oc,chw->ohw", phi, x[1]), 2).flatten(1)
        values = F.max_pool2d(torch.einsum("oc,chw->ohw", g, x[1]), 2).flatten(1)
        scores = torch.exp((theta @ x[1, :, 2, 3]) @ keys)
        assert torch.allclose(got, 0.5 * o @ (values @ (scores / scores.sum())), atol=1e-6)


def random_norm(*, shared: bool) -> ConditionalBatchNorm:
    layers = [
        SpectralLinear(3, 4, epsilon=None, bias=False) if shared else SpectralEmbedding(3, 4, epsilon=None)
        for _ in range(2)
    ]
    norm = ConditionalBatchNorm(4, *layers, epsilon=1e-3)
    initialise(norm, seed=5)
    return norm


@pytest.mark.parametrize("shared", [True, False])
def test_conditional_batch_norm_is_the_formula(shared: bool) -> None:
    norm, x = random_norm(shared=shared), 2 + 3 * torch.randn(6, 4, 5, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 2, 1, 0])
    one_hot = F.one_hot(labels, 3).float()
    table = [(one_hot @ (m.weight.T if shared else m.weight))[:, :, None, None] for m in (norm.gain, norm.bias)]
    got = norm(x, one_hot if shared else labels)
    mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)

    def expected(mean: Tensor, var: Tensor) -> Tensor:
        standard = (x - mean[:, None, None]) / torch.sqrt(var[:, None, None] + 1e-3)
        return (1 + table[0]) * standard + table[1]

    assert torch.allclose(got, expected(mean, var), atol=1e-5)
    statistics = norm.statistics
    unbiased = x.var((0, 2, 3), unbiased=True)
    assert torch.allclose(statistics.running_mean, MOMENTUM * mean)
    assert torch.allclose(statistics.running_var, (1 - MOMENTUM) + MOMENTUM * unbiased)
    got = norm.eval()(x, one_hot if shared else labels)
    assert torch.allclose(got, expected(statistics.running_mean, statistics.running_var), atol=1e-5)


def test_standing_statistics_are_the_mean_over_batches() -> None:
    generator = lively(FULL)
    batches = [latents(FULL, n=6, seed=seed) for seed in range(4)]
    first = generator.blocks[0].norm1.statistics
    seen: list[Tensor] = []
    hook = first.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0].detach()))
    before = {name: value.clone() for name, value in generator.state_dict().items() if "statistics" not in name}
    generator.accumulate_standing_statistics(iter(batches))
    hook.remove()
    means, variances = zip(*((x.mean((0, 2, 3)), x.var((0, 2, 3))) for x in seen), strict=True)
    assert len(seen) == 4
    assert torch.allclose(first.running_mean, torch.stack(means).mean(0), atol=1e-6)
    assert torch.allclose(first.running_var, torch.stack(variances).mean(0), atol=1e-6)
    assert not any(layer.training for layer in generator.modules())
    assert first.momentum == MOMENTUM
    assert all(torch.equal(value, before[name]) for name, value in generator.state_dict().items() if name in before)
    with pytest.raises(InputError, match="at least one batch"):
        generator.accumulate_standing_statistics([])
    assert torch.allclose(first.running_mean, torch.stack(means).mean(0), atol=1e-6)


# The generator


@pytest.mark.parametrize("config", [PLAIN, FULL, SCORER])
def test_a_config_comes_back_from_json(config: BigGANConfig | BigGANDiscriminatorConfig) -> None:
    assert type(config)(**json.loads(json.dumps(asdict(config)))) == config


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resolution": 48}, "resolution"),
        ({"channels": 0}, "channels"),
        ({"num_classes": 0}, "num_classes"),
        ({"bn_epsilon": 0.0}, "bn_epsilon"),
        ({"attention": (64,)}, "attention"),
        ({"attention": (16,), "channels": 1}, "at least 8 channels"),
        ({"hierarchical": True}, "shared_embedding"),
        ({"hierarchical": True, "shared_embedding": True, "z_dim": 18}, "multiple of 4.*use 16"),
    ],
)
def test_a_config_refuses_what_cannot_be(change: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        BigGANConfig(**(asdict(PLAIN) | change))


@pytest.mark.parametrize("resolution", sorted(WIDTHS))
def test_every_resolution_has_its_networks(resolution: int) -> None:
    with torch.device("meta"):
        config = BigGANConfig(resolution=resolution, num_classes=3, channels=8, z_dim=4)
        generator = BigGANGenerator(config)
        scorer = BigGANDiscriminator(BigGANDiscriminatorConfig(resolution=resolution, num_classes=3, channels=8))
        images = generator(torch.zeros(2, 4), torch.zeros(2, dtype=torch.int64))
        assert generator.spec.image_shape == images.shape[1:] == (3, resolution, resolution)
        x = images
        for block, size in zip(scorer.blocks, scorer.config.resolutions, strict=True):
            x = block(x)
            assert x.shape[2:] == (size, size)
        assert scorer(images, torch.zeros(2, dtype=torch.int64)).shape == (2,)


def test_labels_are_checked() -> None:
    generator, (z, labels) = lively(PLAIN), latents(PLAIN)
    with pytest.raises(InputError, match="conditional"):
        generator.synthesize(z, space="z")
    for wrong in (labels[:2], labels.float(), labels + 10, labels - 10):
        with pytest.raises(InputError, match="labels must be"):
            generator.synthesize(z, space="z", labels=wrong)
    with pytest.raises(InputError, match="N x 16"):
        generator.synthesize(z[:, :5], space="z", labels=labels)


def test_what_it_has_not_is_refused() -> None:
    generator, (z, labels) = lively(PLAIN), latents(PLAIN)
    with pytest.raises(CapabilityError, match="no W"):
        generator.map(z, labels)
    with pytest.raises(CapabilityError, match="no space 'w'"):
        generator.synthesize(z, space="w", labels=labels)
    for truncation in (0.5, (0.5, 2)):
        with pytest.raises(CapabilityError, match="truncates z when drawing"):
            generator.synthesize(z, space="z", labels=labels, truncation=truncation)
    for noise in ("loud", [torch.zeros(4, 1, 4, 4)]):
        with pytest.raises(InputError, match="noise"):
            generator.synthesize(z, space="z", labels=labels, noise=noise)
    assert generator.noise_shapes == ()
    assert dict(generator.spec.spaces) == {"z": (16,)}


@pytest.mark.parametrize("config", [PLAIN, FULL])
def test_evaluation_treats_each_sample_alone_and_folding_changes_nothing(config: BigGANConfig) -> None:
    generator, (z, labels) = lively(config), latents(config, n=5)
    with torch.no_grad():
        images = generator.synthesize(z, space="z", labels=labels, noise=7)
        alone = generator.synthesize(z[2:3], space="z", labels=labels[2:3], noise="zero")
        assert torch.allclose(images[2:3], alone, atol=1e-5)
        assert torch.allclose(folded(generator)(z, labels), images, atol=1e-6)
    assert not any(name.endswith(".u") for name in folded(generator).state_dict())
    assert float(images.abs().max()) <= 1
    assert float((images[0] - images[1]).abs().max()) > 1e-3


def test_each_chunk_of_z_and_the_class_have_their_place() -> None:
    generator, (z, labels) = lively(FULL), latents(FULL, n=2)
    seen: dict[int, Tensor] = {}
    for number, block in enumerate(generator.blocks):
        block.register_forward_pre_hook(lambda _, arguments, n=number: seen.update({n: arguments[1]}))
    generator.linear.register_forward_pre_hook(lambda _, arguments: seen.update({-1: arguments[0]}))
    generator(z, labels)
    assert torch.equal(seen[-1], z[:, :3])
    for number in range(3):
        assert torch.equal(seen[number][:, :6], generator.shared.weight[labels])
        assert torch.equal(seen[number][:, 6:], z[:, 3 * number + 3 : 3 * number + 6])


def test_training_uses_the_batch_and_moves_the_statistics() -> None:
    generator, (z, labels) = BigGANGenerator(FULL), latents(FULL)
    before = {name: value.clone() for name, value in generator.named_buffers()}
    training = generator(z, labels)
    assert all(not torch.equal(value, before[name]) for name, value in generator.named_buffers())
    moved = {name: value.clone() for name, value in generator.named_buffers()}
    evaluation = generator.eval()(z, labels)
    assert all(torch.equal(value, moved[name]) for name, value in generator.named_buffers())
    assert not torch.allclose(training, evaluation, atol=1e-3)


def test_gradients_reach_every_parameter() -> None:
    generator, scorer = BigGANGenerator(FULL), BigGANDiscriminator(SCORER)
    z, labels = latents(FULL)
    with torch.no_grad():
        for network in (generator, scorer):
            network.attention["16"].gamma.fill_(0.3)
    real = torch.zeros(4, 3, 32, 32)
    loss = scorer(real, labels).sum() - scorer(generator(z, labels), labels).square().sum()
    loss.backward()
    for network in (generator, scorer):
        assert all(p.grad is not None and bool(p.grad.abs().sum() > 0) for p in network.parameters())


def test_bfloat16_autocast_and_channels_last_change_little() -> None:
    generator, scorer = lively(FULL), BigGANDiscriminator(SCORER).eval()
    z, labels = latents(FULL)
    with torch.no_grad():
        images = generator(z, labels)
        logits = scorer(images, labels)
    fast = generator.to(memory_format=torch.channels_last), scorer.to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        with torch.no_grad():
            fast_images = fast[0](z, labels)
            fast_logits = fast[1](images, labels)
        generator.train()(z, labels).sum().backward()
    assert fast_images.dtype == fast_logits.dtype == torch.float32
    assert float((fast_images - images).abs().max()) < 0.1
    assert torch.allclose(fast_logits, logits, rtol=0.1, atol=0.1 * float(logits.abs().max()))


# The discriminator


def test_the_logit_is_a_projection_of_the_features() -> None:
    scorer = BigGANDiscriminator(SCORER, seed=2).eval()
    rng = torch.Generator().manual_seed(0)
    images, labels = torch.randn(3, 3, 32, 32, generator=rng), torch.tensor([0, 4, 1])
    features = scorer.features(images)
    linear, table = (layer.norm(layer.weight) for layer in (scorer.linear, scorer.embedding))
    expected = features @ linear[0] + (features * table[labels]).sum(1)
    assert torch.allclose(scorer(images, labels), expected, atol=1e-5)
    with pytest.raises(InputError, match="got no labels"):
        scorer(images)


def test_the_features_are_the_blocks_written_out() -> None:
    scorer = BigGANDiscriminator(BigGANDiscriminatorConfig(resolution=32, num_classes=0, channels=2), seed=2).eval()
    x = images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0))

    def conv(layer: SpectralConv2d, x: Tensor) -> Tensor:
        return F.conv2d(x, layer.norm(layer.weight), layer.bias, padding=layer.weight.shape[-1] // 2)

    for number, block in enumerate(scorer.blocks):
        h = conv(block.conv2, F.relu(conv(block.conv1, x if number == 0 else F.relu(x))))
        x = F.avg_pool2d(h, 2) + F.avg_pool2d(conv(block.skip, x), 2) if number < 2 else h + x
    assert torch.allclose(scorer.features(images), F.relu(x).sum((2, 3)), rtol=1e-4, atol=1e-4)
    assert scorer(images).shape == (2,)


def test_two_passes_before_a_backward_and_second_derivatives_work() -> None:
    scorer = BigGANDiscriminator(SCORER)
    labels = torch.tensor([0, 1])
    images = torch.randn(2, 3, 32, 32, generator=torch.Generator().manual_seed(0)).requires_grad_()
    real, fake = scorer(images, labels), scorer(-images, labels)
    (slope,) = torch.autograd.grad(real.sum(), images, create_graph=True)
    (slope.square().sum() + fake.sum()).backward()
    weight = scorer.blocks[0].conv1.weight
    assert weight.grad is not None
    assert bool(torch.isfinite(weight.grad).all())


def test_a_discriminator_config_refuses_what_cannot_be() -> None:
    for change in ({"resolution": 48}, {"channels": 0}, {"num_classes": -1}, {"attention": (4,)}, {"sn_epsilon": 0.0}):
        with pytest.raises(InputError):
            BigGANDiscriminatorConfig(**(asdict(SCORER) | change))
