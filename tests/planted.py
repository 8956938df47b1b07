"""Weights that follow from names and shapes alone, so that two implementations can be given the same, and pictures to
look at. Unlike initial weights they leave nothing at zero or one."""

import zlib

import numpy as np
import torch
from torch import nn

from ganprobe.generators.layers.spectral import SpectralNorm


def numbers(name, shape):
    """Standard normals (float32) that belong to a name."""
    drawn = np.random.default_rng(zlib.crc32(name.encode())).standard_normal(tuple(shape))
    return torch.from_numpy(drawn).float()


def value_of(name, shape, gain):
    """What an entry of a state dict is given; gain: of weights, about which a layer keeps the size of what it takes."""
    drawn = numbers(name, shape)
    last = name.rsplit(".", 1)[-1]
    if last == "running_var":
        return 0.5 + drawn.square() / 2
    if last == "u":
        return drawn / drawn.norm()
    if len(shape) > 1:
        return drawn if gain is None else drawn * (gain / drawn[0].numel() ** 0.5)
    return (1 if last == "gain" else 0.5 if last == "gamma" else 0) + 0.2 * drawn


@torch.no_grad()
def plant(network: nn.Module, *, gain: float | None = 1.1) -> nn.Module:
    """The network, every entry of its state replaced. gain None: weights of deviation 1, for equalised rates."""
    for name, entry in network.state_dict().items():
        entry.copy_(value_of(name, tuple(entry.shape), gain))
    return network


@torch.no_grad()
def settle(network: nn.Module) -> nn.Module:
    """The network, its power iterations at their end: every u the first left singular vector of its weight."""
    for layer in network.modules():
        norm = getattr(layer, "norm", None)
        if isinstance(norm, SpectralNorm):
            norm.u.copy_(singular_vectors(layer.weight)[0])
    return network


def singular_vectors(weight):
    """The first left and right singular vectors of a weight (rows, ...), float32."""
    left, _, right = torch.linalg.svd(weight.detach().double().flatten(1), full_matrices=False)
    return left[:, 0].float(), right[0].float()


def latents(n, size):
    return numbers("z", (n, size))


def pictures(n, side):
    """(n, 3, side, side) in (-1, 1), each of another colour."""
    return torch.tanh(numbers("pictures", (n, 3, side, side)) + 2 * numbers("colours", (n, 3, 1, 1)))


def excerpt(tensor):
    """What is kept to compare with: of much every 37th number."""
    return tensor.detach().flatten()[:: 37 if tensor.numel() > 1000 else 1].numpy()


@torch.no_grad()
def answers(network, ask):
    """What a network says in three passes: twice in training mode, which moves its statistics and its u, and then,
    u settled, in evaluation. ask: network to tensor."""
    network.train()
    first, second = ask(network), ask(network)
    settle(network).eval()
    return {"training": excerpt(first), "again": excerpt(second), "evaluation": excerpt(ask(network))}


def check_answers(pair, file, labels=None, lacking=()):
    """The answers of a planted pair to 4 latents and pictures within 1e-5, of the largest, of those in a file. lacking:
    the ends of the names of biases that the other implementation has not; they are zero."""
    generator, discriminator = map(plant, pair)
    for name, weight in [*generator.named_parameters(), *discriminator.named_parameters()]:
        if name.endswith(tuple(lacking)):
            weight.data.zero_()
    z, images = latents(4, generator.config.z_dim), pictures(4, generator.config.resolution)
    found = {
        "generator": answers(generator, lambda network: network(z, labels)),
        "discriminator": answers(discriminator, lambda network: network(images, labels)),
    }
    with np.load(file, allow_pickle=False) as expected:
        assert len(expected.files) == 6
        for key in expected.files:
            role, mode = key.split(".")
            error = np.abs(found[role][mode] - expected[key]).max() / np.abs(expected[key]).max()
            assert error < 1e-5, f"{key}: {error}"
