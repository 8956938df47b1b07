"""SNDCGAN: its layers against a slow reference of TensorFlow's SAME convolutions, names, laws and native files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import ganprobe
from ganprobe.checkpoints.native import load_network, save_network
from ganprobe.core.errors import CapabilityError, InputError
from ganprobe.core.streams import stream
from ganprobe.generators.building import build_pair
from ganprobe.generators.sndcgan.discriminator import SNDCGANDiscriminator, SNDCGANDiscriminatorConfig
from ganprobe.generators.sndcgan.generator import SNDCGANConfig, SNDCGANGenerator


def drawn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.from_numpy(stream(seed, "test sndcgan").standard_normal(shape)).float()


def generator(**fields: int) -> SNDCGANGenerator:
    return SNDCGANGenerator(SNDCGANConfig(**{"channels": 4, "z_dim": 6, **fields}), seed=1)


def discriminator(**fields: int) -> SNDCGANDiscriminator:
    return SNDCGANDiscriminator(SNDCGANDiscriminatorConfig(**{"channels": 4, **fields}), seed=1)


def same_conv(x: np.ndarray, weight: np.ndarray, bias: np.ndarray, stride: int) -> np.ndarray:
    """TensorFlow's rule: ceil(side / stride) outputs; what the kernel reaches beyond it is zero, the smaller half
    of it before."""
    k, side = weight.shape[-1], x.shape[-1]
    out = -(-side // stride)
    total = max((out - 1) * stride + k - side, 0)
    before = total // 2
    padded = np.pad(x, ((0, 0), (0, 0), (before, total - before), (before, total - before)))
    places = [(i * stride, j * stride) for i in range(out) for j in range(out)]
    patches = np.stack([padded[:, :, i : i + k, j : j + k] for i, j in places])
    found = np.einsum("pnchw,ochw->nop", patches, weight) + bias[:, None]
    return found.reshape(len(x), len(weight), out, out)


def normalised(weight: torch.Tensor, u: torch.Tensor) -> np.ndarray:
    """One step of power iteration from u, by hand."""
    matrix, start = weight.detach().double().flatten(1).numpy(), u.double().numpy()
    v = matrix.T @ start
    v /= np.linalg.norm(v)
    return weight.detach().double().numpy() / np.linalg.norm(matrix @ v)


def test_the_discriminator_is_the_table() -> None:
    net, images = discriminator(resolution=16).eval(), drawn(3, 3, 16, 16)
    judged = net.judge(images, features=list(net.layers))
    x = images.double().numpy()
    for number, layer in enumerate(net.convs, 1):
        weight = normalised(layer.weight, layer.norm.u)
        assert weight.shape[-1] == (4 if number % 2 == 0 else 3)
        x = same_conv(x, weight, layer.bias.detach().double().numpy(), 2 if number % 2 == 0 else 1)
        x = np.where(x > 0, x, 0.1 * x)
        np.testing.assert_allclose(judged.features[f"conv{number}"].detach(), x, rtol=1e-4, atol=1e-6)
    weight = normalised(net.linear.weight, net.linear.norm.u)
    np.testing.assert_allclose(judged.logits.detach(), x.reshape(3, -1) @ weight[0], rtol=1e-4, atol=1e-6)


def test_a_transposed_layer_is_the_gradient_of_the_same_convolution() -> None:
    """TensorFlow defines the one by the other; SAME puts one row of zeros on each side of an even kernel."""
    layer = generator(resolution=16).doublings[0].double()
    x = drawn(2, 32, 2, 2).double()
    target = torch.zeros(2, 16, 4, 4, dtype=torch.double, requires_grad=True)
    padded = torch.nn.functional.pad(target, (1, 1, 1, 1))
    looked = torch.nn.functional.conv2d(padded, layer.weight.detach(), stride=2)
    (wanted,) = torch.autograd.grad(looked, target, x)
    torch.testing.assert_close(layer(x) - layer.bias[:, None, None], wanted)


def test_parameters_of_the_published_size() -> None:
    """512 x 4 x 4 from 128 latents, 256, 128, 64 by 4 x 4, the image by 3 x 3: weights, biases, norms."""
    made = SNDCGANGenerator(SNDCGANConfig())
    linear = 128 * 8192 + 8192 + 2 * 512
    doublings = sum(a * b * 16 + b + 2 * b for a, b in ((512, 256), (256, 128), (128, 64)))
    assert sum(p.numel() for p in made.parameters()) == linear + doublings + 64 * 3 * 9 + 3
    judge = SNDCGANDiscriminator(SNDCGANDiscriminatorConfig())
    assert judge.layers["conv5"] == (256, 8, 8)
    assert judge.layers["conv7"] == (512, 4, 4)
    assert judge.layers["features"] == (8192,)


@pytest.mark.parametrize("resolution", [16, 24, 32, 48, 128])
def test_layers_have_the_shapes_that_are_said(resolution: int) -> None:
    images = generator(resolution=resolution).eval()(drawn(2, 6))
    assert images.shape == (2, 3, resolution, resolution)
    assert float(images.detach().abs().max()) <= 1
    net = discriminator(resolution=resolution)
    judged = net.judge(images, features=list(net.layers))
    assert {name: tuple(layer.shape[1:]) for name, layer in judged.features.items()} == dict(net.layers)


def test_a_sample_is_its_own_in_evaluation() -> None:
    net, z = generator(), drawn(5, 6)
    net(drawn(40, 6))
    whole = net.eval().synthesize(z, space="z")
    torch.testing.assert_close(net.synthesize(z[2:3], space="z"), whole[2:3], rtol=1e-5, atol=1e-6)
    judge, images = discriminator().eval(), drawn(5, 3, 32, 32)
    torch.testing.assert_close(judge.features(images[1:2]), judge.features(images)[1:2], rtol=1e-5, atol=1e-6)


def test_gradients_reach_every_weight() -> None:
    pair = build_pair("sndcgan", resolution=16, num_classes=3, network={"channels": 4, "z_dim": 6}, seed=0)
    pair.discriminator(pair.generator(drawn(4, 6))).square().sum().backward()
    for network in (pair.generator, pair.discriminator):
        still = [name for name, weight in network.named_parameters() if weight.grad is None or not weight.grad.any()]
        assert not still


def test_native_files_come_back_and_load(tmp_path: Path) -> None:
    net = generator()
    net(drawn(40, 6))
    save_network(tmp_path / "G.safetensors", net, role="generator")
    sampler = ganprobe.load(tmp_path / "G.safetensors")
    z = sampler.draw(range(3), seed=0).z
    torch.testing.assert_close(sampler.synthesize(z, space="z"), net.eval()(z))
    judge, images = discriminator(), drawn(2, 3, 32, 32)
    save_network(tmp_path / "D.safetensors", judge, role="discriminator")
    torch.testing.assert_close(load_network(tmp_path / "D.safetensors")(images), judge.eval()(images))


def test_seeds_decide() -> None:
    first, again, other = (SNDCGANGenerator(SNDCGANConfig(channels=2), seed=seed) for seed in (0, 0, 1))
    assert torch.equal(first.linear.weight, again.linear.weight)
    assert not torch.equal(first.linear.weight, other.linear.weight)
    assert float(first.linear.weight.detach().std()) == pytest.approx(0.02, rel=0.02)


@pytest.mark.parametrize("fields", [{"resolution": 20}, {"resolution": 8}, {"channels": 0}])
def test_what_cannot_be_built_is_refused(fields: dict[str, int]) -> None:
    for kind in (SNDCGANConfig, SNDCGANDiscriminatorConfig):
        with pytest.raises(InputError, match="got"):
            kind(**fields)


def test_spaces_and_layers_that_are_not_there() -> None:
    with pytest.raises(CapabilityError, match="no space 'w'"):
        generator().synthesize(drawn(1, 6), space="w")
    with pytest.raises(InputError, match=r"no layer 'conv8'; it has: conv1, conv2, .*, features"):
        discriminator().judge(drawn(1, 3, 32, 32), features=["conv8"])
    with pytest.raises(InputError, match="N x 3 x 32 x 32"):
        discriminator()(drawn(1, 3, 16, 16))
