"""How a network's weights begin: by the stream of the seed and of each weight's name, the same on every device.

>>> from ganprobe.generators.layers.spectral import SpectralLinear
>>> layer = SpectralLinear(4, 3, epsilon=None)
>>> fill(layer, seed=0, draw=normal(0.02))
>>> bool(layer.weight.abs().max() < 0.1)
True
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod, sqrt

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from ganprobe.core.streams import stream
from ganprobe.generators.layers.norms import ConditionalBatchNorm
from ganprobe.generators.layers.spectral import SpectralNorm

Draw = Callable[[str, tuple[int, ...], np.random.Generator], NDArray[np.floating]]
"""A weight's name, its shape and its stream to its first values."""


def normal(deviation: float) -> Draw:
    """N(0, deviation^2), for every weight alike."""
    return lambda name, shape, rng: rng.standard_normal(shape) * deviation


def glorot(gain: Callable[[str], float]) -> Draw:
    """Uniform within +-gain * sqrt(6 / (fan in + fan out)) (Glorot and Bengio 2010, equation 16), the gain that of the
    weight's name; the fans of a convolution count the positions of its kernel."""

    def draw(name: str, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.floating]:
        bound = gain(name) * sqrt(6 / ((shape[0] + shape[1]) * prod(shape[2:])))
        return rng.uniform(-bound, bound, shape)

    return draw


@torch.no_grad()
def fill(network: nn.Module, *, seed: int, draw: Draw) -> None:
    """Draw every weight of more than one axis, and the vectors u of spectral normalisation (random unit ones).

    Left as they were built: biases, gains, and the tables of conditional norms, which start as gain 1 and bias 0. A
    network on the meta device is left alone.
    """
    conditional = [norm for norm in network.modules() if isinstance(norm, ConditionalBatchNorm)]
    kept = {id(table) for norm in conditional for table in norm.parameters()}
    for name, weight in network.named_parameters():
        if weight.ndim > 1 and id(weight) not in kept and not weight.is_meta:
            weight.copy_(torch.from_numpy(draw(name, tuple(weight.shape), stream(seed, "weight", name))))
    for name, norm in network.named_modules():
        if isinstance(norm, SpectralNorm) and not norm.u.is_meta:
            u = torch.from_numpy(stream(seed, "u", name).standard_normal(len(norm.u)))
            norm.u.copy_(u / u.norm())
